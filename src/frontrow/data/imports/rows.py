"""Rows of text files with their exact lines, and the values in their cells.

Files are read as a stream: a large one costs no more memory than a small one. A row that cannot be read (bad encoding,
wrong number of columns, a quotation mark that never closes) comes out as a Fault in its place, and reading goes on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Final, Literal

from frontrow.errors import InputError
from frontrow.schema import Fault

Row = tuple[int, list[str] | Fault]
"""Line in the file, from 1, and its cells."""

Unit = Literal["s", "ms", "iso"]
"""How a column writes time: seconds or milliseconds since 1970, or ISO 8601."""

SHOWN_CHARACTERS: Final = 120  # of a refused value in a report
_LAST_MS: Final = 253_402_300_799_999  # the end of the year 9999
_LARGEST_WHOLE: Final = 2**31 - 1  # what an integer column holds in every database
_LINE_CHARACTERS: Final = 1_000_000  # a longer "line" is no text file


class Refused(Exception):
    """A row cannot be imported: the column, its value and the reason."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, shown(value), reason

    def at(self, line: int) -> Fault:
        """The fault to report."""
        return Fault(line, self.column, self.value, self.reason)


def split_rows(path: Path, separator: str, columns: Sequence[str], *, encoding: str = "utf-8-sig") -> Iterator[Row]:
    """Rows of a file without quotation: each line is cut at `separator` into as many cells as `columns` names."""
    with _open(path, encoding) as file:
        for line_number, line in enumerate(_lines(file, path), 1):
            if text := line.rstrip("\r\n"):
                cells = text.split(separator)
                yield line_number, row_fault(line_number, text, cells, columns) or cells


def csv_rows(path: Path, separator: str, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of a CSV file (RFC 4180) below its header, which has the names `columns`."""
    with _open(path, "utf-8-sig", newline="") as file:
        reader = csv.reader(_lines(file, path), delimiter=separator)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                span = f"lines {line} to {reader.line_num}"
                yield line, Fault(line, "", span, "a cell has no end; is a quotation mark not closed?")
                continue
            if cells and line > 1:
                yield line, row_fault(line, separator.join(cells), cells, columns) or cells


def csv_header(path: Path) -> tuple[str, list[str]]:
    """The separator (the commonest of comma, semicolon, tab and bar in the first line) and the columns' names."""
    line = first_line(path)
    separator = max(",;\t|", key=line.count)
    header = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
    if len(set(header)) < len(header):
        raise InputError(f"{path.name} has two columns of one name in its header: {', '.join(header)}")
    return separator, header


def first_line(path: Path, encoding: str = "utf-8-sig") -> str:
    """The first line without its end; raises InputError for an empty file and for one that is no text."""
    with _open(path, encoding) as file:
        line = file.readline(_LINE_CHARACTERS).rstrip("\r\n")
    if not line:
        raise InputError(f"{path.name} is empty")
    if "\0" in line or _undecodable(line):
        raise InputError(f"{path.name} is not UTF-8 text; save it as UTF-8 and import it again")
    return line


def text_encoding(path: Path) -> str:
    """UTF-8 where the file is valid UTF-8, Latin-1 (in which MovieLens 100k and 1M came out) otherwise."""
    with path.open("r", encoding="utf-8", errors="strict") as file:
        try:
            while file.read(1 << 20):
                pass
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8-sig"


def read_time(text: str, unit: Unit, column: str, zone: tzinfo = UTC) -> int:
    """UTC milliseconds since 1970; `zone` is for ISO times that name none. Raises Refused."""
    try:
        at_ms = _time(text, unit, zone)
    except (ValueError, OverflowError):
        kinds = {"s": "a number of seconds", "ms": "a number of milliseconds", "iso": "an ISO 8601 time"}
        raise Refused(column, text, f"is not {kinds[unit]}") from None
    if abs(at_ms) > _LAST_MS:
        raise Refused(column, text, "is beyond the year 9999; is its unit right?")
    return at_ms


def read_number(text: str, column: str) -> float:
    """A finite number; raises Refused."""
    try:
        number = _float(text)
    except ValueError:
        raise Refused(column, text, "is not a number") from None
    if number - number != 0:
        raise Refused(column, text, "is not a finite number")
    return number


def read_whole(text: str, column: str) -> int:
    """A whole number, also when written as 90.0; raises Refused."""
    number = read_number(text, column)
    if number != int(number):
        raise Refused(column, text, "is not a whole number")
    if abs(number) > _LARGEST_WHOLE:
        raise Refused(column, text, "is too large")
    return int(number)


def shown(value: object) -> str:
    """A value as a report can hold it: short, printable, valid UTF-8."""
    text = str(value)
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1] + "…"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def row_fault(line: int, text: str, cells: list[str], columns: Sequence[str]) -> Fault | None:
    """What is wrong with a row before anybody asks what it means; `text` is all its cells together."""
    if len(cells) != len(columns):
        return Fault(line, "", shown(text), f"has {len(cells)} columns instead of {len(columns)}")
    if not text.isascii() or "\0" in text:
        for column, cell in zip(columns, cells, strict=True):
            if _undecodable(cell):
                return Fault(line, column, shown(cell), "is not UTF-8 text")
            if "\0" in cell:
                return Fault(line, column, shown(cell), "holds a NUL character")
    return None


def _time(text: str, unit: Unit, zone: tzinfo) -> int:
    if unit != "iso":
        factor = 1000 if unit == "s" else 1
        return int(text) * factor if text.isdecimal() else round(_float(text) * factor)
    # .NET writes seven digits of a second, of which Python reads six
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    at = datetime.fromisoformat(head + dot + tail[: min(digits, 6)] + tail[digits:])
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)


def _float(text: str) -> float:
    """As `float`, which also reads "1_000": in a table that is a slip, not a thousand."""
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _open(path: Path, encoding: str, newline: str = "\n") -> IO[str]:
    try:
        return path.open(encoding=encoding, errors="surrogateescape", newline=newline)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _lines(file: IO[str], path: Path) -> Iterator[str]:
    """The lines, none of them so long that it fills the memory."""
    number = 0
    while line := file.readline(_LINE_CHARACTERS):
        number += 1
        if len(line) == _LINE_CHARACTERS:
            raise InputError(f"{path.name} line {number} is longer than a million characters; is it a text file?")
        yield line


def _undecodable(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)

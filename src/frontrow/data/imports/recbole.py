"""RecBole atomic files: `NAME.inter` and, where there is one, `NAME.item`.

Tab-separated; the header gives each column as `name:type`, where the types are token, token_seq (parted by blanks),
float and float_seq. An interaction with a rating becomes `rate`, one without becomes `play`. `NAME.user` is not read:
Frontrow keeps no ages and no sexes. Format: W. X. Zhao et al., RecBole, CIKM 2021, and the section on atomic files of
its manual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontrow.data.ids import derive_id
from frontrow.data.imports import rows
from frontrow.data.imports.names import clean_genres, name_and_year
from frontrow.data.imports.source import Batch, Source, in_batches
from frontrow.errors import InputError
from frontrow.schema import Event, Fault, Kind, Title

FORMAT: Final = "recbole"
_TYPES: Final = {"token", "token_seq", "float", "float_seq"}

# RecBole fixes the names of ids, rating and time; those of the item file differ from one data set to the next.
_NAMES: Final = ("movie_title", "title", "name", "item_name")
_YEARS: Final = ("release_year", "year")
_GENRES: Final = ("class", "genre", "genres", "categories")


@dataclass(frozen=True)
class _Column:
    name: str
    place: int  # from 0


def open_folder(path: Path) -> Source:
    """The source in a folder with one .inter file, or of that file itself.

    Raises InputError when there is none or more than one, or when a header lacks a column that is needed.
    """
    if not path.exists():
        raise InputError(f"there is no {path}; name a folder with an .inter file, or the file itself")
    found = [path] if path.is_file() else sorted(path.glob("*.inter"))
    if len(found) != 1 or found[0].suffix != ".inter":
        raise InputError(f"{path} holds {len(found)} .inter files; name a folder with one, or the file itself")
    inter, item = found[0], found[0].with_suffix(".item")
    has_items = item.is_file()
    convert_event = _event_converter(inter)
    convert_title = _title_converter(item) if has_items else None

    def read() -> Iterator[Batch]:
        if convert_title is not None:
            yield from in_batches(item.name, _rows(item), convert_title)
        yield from in_batches(inter.name, _rows(inter), convert_event)

    return Source(FORMAT, path, (inter, item) if has_items else (inter,), read)


def _event_converter(path: Path) -> Callable[[int, list[str], Batch], None]:
    columns = _columns(path)
    user, item = _needed(path, columns, "user_id"), _needed(path, columns, "item_id")
    at, rating = _needed(path, columns, "timestamp"), columns.get("rating")
    kind = Kind.PLAY if rating is None else Kind.RATE

    def convert(line: int, cells: list[str], batch: Batch) -> None:
        stars = "" if rating is None else cells[rating]
        event = Event(
            id=derive_id(FORMAT, cells[user], cells[item], stars, cells[at]),
            at_ms=rows.read_time(cells[at], "s", "timestamp"),
            kind=kind,
            member=cells[user],
            title=cells[item],
            value=rows.read_number(stars, "rating") if rating is not None else None,
        )
        batch.events.append((line, event))

    return convert


def _title_converter(path: Path) -> Callable[[int, list[str], Batch], None]:
    columns = _columns(path)
    item = _needed(path, columns, "item_id")
    name = _first(columns, _NAMES)
    if name is None:
        raise InputError(f"{path.name} has no column with names ({', '.join(_NAMES)})")
    year, genres = _first(columns, _YEARS), _first(columns, _GENRES)

    def convert(line: int, cells: list[str], batch: Batch) -> None:
        clean_name, year_in_name = name_and_year(cells[name.place])
        title = Title(
            title=cells[item],
            name=clean_name,
            year=year_in_name if year is None else _year(line, year.name, cells[year.place], batch) or year_in_name,
            genres=() if genres is None else clean_genres(cells[genres.place].split(" ")),
        )
        batch.titles.append((line, title))

    return convert


def _year(line: int, column: str, text: str, batch: Batch) -> int | None:
    """A wrong year is left out and said; the title is worth keeping."""
    if text and not (text.isdecimal() and len(text) == 4):
        batch.mended.append(Fault(line, column, text, "is not a year"))
        return None
    return int(text) if text else None


def _rows(path: Path) -> Iterator[rows.Row]:
    """The rows below the header."""
    every = rows.split_rows(path, "\t", tuple(_columns(path)))
    next(every)
    return every


def _columns(path: Path) -> dict[str, int]:
    """Place of each column by its name; raises InputError for a header that is not one of an atomic file."""
    header = rows.first_line(path).split("\t")
    columns: dict[str, int] = {}
    for place, cell in enumerate(header):
        name, colon, kind = cell.rpartition(":")
        if not colon or kind not in _TYPES or name in columns:
            raise InputError(f"{path.name} has {cell!r} in its header; RecBole writes name:type, each name once")
        columns[name] = place
    return columns


def _needed(path: Path, columns: dict[str, int], name: str) -> int:
    if name not in columns:
        raise InputError(f"{path.name} has no column {name}; it has {', '.join(columns)}")
    return columns[name]


def _first(columns: dict[str, int], names: tuple[str, ...]) -> _Column | None:
    return next((_Column(name, columns[name]) for name in names if name in columns), None)

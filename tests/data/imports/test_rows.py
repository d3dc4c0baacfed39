from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontrow.data.imports import rows
from frontrow.errors import InputError
from frontrow.schema import Fault


def csv_file(tmp_path: Path, content: bytes, columns: int = 2) -> list[rows.Row]:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    return list(rows.csv_rows(path, ",", "abcdef"[:columns]))


def test_rows_have_the_lines_an_editor_shows_also_after_blank_lines_and_line_breaks_in_cells(tmp_path: Path) -> None:
    content = b'a,b\r\n1,2\r\n\r\n"two\r\nlines",3\r\n4,5\r\n'
    assert csv_file(tmp_path, content) == [(2, ["1", "2"]), (4, ["two\r\nlines", "3"]), (6, ["4", "5"])]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells), max_size=10))
def test_what_a_csv_writer_wrote_comes_back_on_the_lines_it_was_written_on(
    tmp_path: Path, written: list[tuple[str, str]]
) -> None:
    lines = []
    with (tmp_path / "x.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["a", "b"])
        for row in written:
            file.flush()
            lines.append(len(re.split("\r\n|\r|\n", (tmp_path / "x.csv").read_bytes().decode())))
            writer.writerow(row)
    found = list(rows.csv_rows(tmp_path / "x.csv", ",", ["a", "b"]))
    assert found == [(line, list(row)) for line, row in zip(lines, written, strict=True)]


def test_a_row_with_another_number_of_columns_is_a_fault_on_its_line(tmp_path: Path) -> None:
    found = csv_file(tmp_path, b"a,b\n1,2\n1,2,3\n1\n4,5\n")
    assert found[1] == (3, Fault(3, "", "1,2,3", "has 3 columns instead of 2"))
    assert found[2] == (4, Fault(4, "", "1", "has 1 columns instead of 2"))
    assert found[3] == (5, ["4", "5"])


def test_bytes_that_are_no_utf8_are_a_fault_in_their_column(tmp_path: Path) -> None:
    assert csv_file(tmp_path, b"a,b\n1,caf\xe9\n2,caf\xc3\xa9\n") == [
        (2, Fault(2, "b", "caf\\udce9", "is not UTF-8 text")),
        (3, ["2", "café"]),
    ]


def test_a_nul_character_is_a_fault_in_its_column(tmp_path: Path) -> None:
    assert csv_file(tmp_path, b"a,b\n1,x\x00y\n") == [(2, Fault(2, "b", "x\\x00y", "holds a NUL character"))]


def test_a_quotation_mark_that_never_closes_is_one_fault_that_says_how_far_it_reaches(tmp_path: Path) -> None:
    content = b'a,b\n1,2\n3,"never closed\n' + b"5,6\n" * 50_000
    first, fault, *others = csv_file(tmp_path, content)
    assert first == (2, ["1", "2"])
    assert isinstance(fault[1], Fault)
    assert fault[0] == fault[1].line == 3
    assert fault[1].value.startswith("lines 3 to ")
    assert "quotation mark" in fault[1].reason
    last_swallowed = int(fault[1].value.split()[-1])
    assert others[0] == (last_swallowed + 1, ["5", "6"])
    assert others[-1][0] == 50_003


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbfmember;title\n")
    assert rows.csv_header(path) == (";", ["member", "title"])


@pytest.mark.parametrize("content", [b"", b"\n1,2\n", "a,b\n".encode("utf-16"), b"\x89PNG\r\n\x1a\n\x00", b"a,a\n"])
def test_a_file_without_a_sound_header_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.csv"):
        rows.csv_header(path)


def test_a_file_that_is_one_endless_line_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(b"x" * 3_000_000)
    with pytest.raises(InputError, match="longer than a million characters"):
        list(rows.split_rows(path, "::", "ab"))
    with pytest.raises(InputError, match="longer than a million characters"):
        list(rows.csv_rows(path, ",", "ab"))


def test_a_file_is_read_as_latin_1_only_when_it_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes("1::Amélie\n".encode("latin-1"))
    assert list(rows.split_rows(path, "::", "ab", encoding=rows.text_encoding(path))) == [(1, ["1", "Amélie"])]
    path.write_bytes("1::Amélie\n".encode())
    assert list(rows.split_rows(path, "::", "ab", encoding=rows.text_encoding(path))) == [(1, ["1", "Amélie"])]


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))
def test_a_time_is_the_same_in_seconds_milliseconds_and_iso_8601(naive: datetime) -> None:
    at = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    at_ms = round(at.timestamp() * 1000)
    assert rows.read_time(str(at_ms), "ms", "at") == at_ms
    assert rows.read_time(f"{at_ms // 1000}.{at_ms % 1000:03}", "s", "at") == at_ms
    assert rows.read_time(at.isoformat(), "iso", "at") == at_ms
    assert rows.read_time(at.replace(tzinfo=None).isoformat(sep=" "), "iso", "at") == at_ms


def test_an_iso_time_without_a_zone_is_in_the_zone_given_and_may_have_seven_digits() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert rows.read_time("2024-07-01 12:00:00.1234567", "iso", "at", berlin) == 1_719_828_000_123
    assert rows.read_time("2024-07-01 12:00:00Z", "iso", "at", berlin) == 1_719_835_200_000


@given(st.text(), st.sampled_from(["s", "ms", "iso"]))
def test_any_text_is_a_time_or_is_refused_with_its_column(text: str, unit: rows.Unit) -> None:
    try:
        assert isinstance(rows.read_time(text, unit, "watched"), int)
    except rows.Refused as refused:
        assert refused.column == "watched"


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-inf", "1e999", "1,5", "1_000"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(rows.Refused):
        rows.read_number(text, "rating")


@pytest.mark.parametrize(
    ("text", "unit"), [("9" * 30, "ms"), ("253402300800", "s"), ("-1e30", "s"), ("9" * 5000, "ms")]
)
def test_a_time_that_no_calendar_has_is_refused(text: str, unit: rows.Unit) -> None:
    with pytest.raises(rows.Refused):
        rows.read_time(text, unit, "watched")


@pytest.mark.parametrize("text", ["1e308", "2147483648", "-2147483649", "1.5"])
def test_a_whole_number_that_no_database_holds_is_refused(text: str) -> None:
    with pytest.raises(rows.Refused):
        rows.read_whole(text, "duration_s")
    assert rows.read_whole("90.0", "duration_s") == 90


@given(st.text())
def test_a_value_in_a_report_is_short_printable_and_valid_utf8(text: str) -> None:
    assert rows.shown(text).isprintable()
    assert len(rows.shown("x" * 10_000)) == rows.SHOWN_CHARACTERS
    rows.shown(text + "\udce9").encode()

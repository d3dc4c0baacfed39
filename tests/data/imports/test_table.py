from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.data.imports import example
from frontrow.data.imports.source import Batch
from frontrow.data.imports.table import Mapped, What, open_file, parse_mapping, read_mapping
from frontrow.errors import InputError
from frontrow.schema import Kind, Title, TitleKind


def read(path: Path, *pairs: str, what: What = "events", kind: Kind = Kind.PLAY) -> Batch:
    (batch,) = open_file(path, what, parse_mapping(pairs), kind).read()
    return batch


def write(folder: Path, content: str) -> Path:
    path = folder / "x.csv"
    path.write_text(content, "utf-8")
    return path


def test_mapped_columns_become_the_fields_of_an_event(tmp_path: Path) -> None:
    path = write(tmp_path, "when;who;film;stars;noise\n1700000000;ada;m1;4.5;x\n1700000001;ben;m2;;y\n")
    batch = read(path, "member=who", "title=film", "at_ms=when:s", "value=stars", kind=Kind.RATE)
    assert [(line, e.at_ms, e.member, e.title, e.value, e.kind) for line, e in batch.events] == [
        (2, 1_700_000_000_000, "ada", "m1", 4.5, Kind.RATE),
        (3, 1_700_000_001_000, "ben", "m2", None, Kind.RATE),
    ]


def test_columns_with_the_names_of_fields_need_no_mapping(tmp_path: Path) -> None:
    batch = read(write(tmp_path, "member,title,at_ms,kind,value,device,country\nada,m1,1700000000000,STOP,0.5,tv,DE\n"))
    ((_, event),) = batch.events
    assert (event.kind, event.value, event.device, event.country) == (Kind.STOP, 0.5, "tv", "DE")


def test_bad_cells_are_refused_with_line_column_and_value(tmp_path: Path) -> None:
    rows = "ada,m1,yesterday,play,\nada,m1,1,watch,\nada,m1,1,rate,many\nada,m1\nada,m1,1,play,\n"
    batch = read(write(tmp_path, "member,title,at_ms,kind,value\n" + rows))
    assert [(fault.line, fault.column, fault.value) for fault in batch.refused] == [
        (2, "at_ms", "yesterday"),
        (3, "kind", "watch"),
        (4, "value", "many"),
        (5, "", "ada,m1"),
    ]
    assert "impression, click, play" in batch.refused[1].reason
    assert [line for line, _ in batch.events] == [6]


def test_a_row_of_its_own_key_keeps_its_id_and_others_are_told_apart_by_content(tmp_path: Path) -> None:
    uuid = "01890a5d-ac96-774b-bcce-b302099a8057"
    rows = f"{uuid},a,1\norder-7,a,1\norder-7,b,2\n,a,1\n,a,1\n,a,2\n"
    ids = [event.id for _, event in read(write(tmp_path, "id,member,at_ms\n" + rows)).events]
    assert ids[0] == uuid
    assert ids[1] == ids[2]
    assert ids[3] == ids[4]
    assert len(set(ids)) == 4


def test_titles_are_read_with_lists_numbers_and_times(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "id,label,genres,length,year,kind,from,series\n"
        "e1,Pilot,Drama| Crime |Drama,1800.0,2020,Episode,2026-01-01T00:00:00+01:00,s1\n"
        "m1,Bare,,,,,,\n",
    )
    batch = read(path, "title=id", "name=label", "duration_s=length", "available_from_ms=from:iso", what="titles")
    assert [title for _, title in batch.titles] == [
        Title(
            title="e1", name="Pilot", genres=("Drama", "Crime"), duration_s=1800, year=2020, kind=TitleKind.EPISODE,
            available_from_ms=1_767_222_000_000, series="s1",
        ),
        Title(title="m1", name="Bare"),
    ]  # fmt: skip


def test_parquet_is_read_like_csv_with_its_own_times_lists_and_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame(
        {
            "member": [7, 8],
            "watched": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)],
            "title": ["m1", None],
        }
    ).write_parquet(path)
    batch = read(path, "at_ms=watched:s")
    assert [(line, e.member, e.at_ms, e.title) for line, e in batch.events] == [
        (1, "7", 1_767_225_600_000, "m1"),
        (2, "8", 1_767_312_000_000, ""),
    ]
    pl.DataFrame(
        {"title": ["m1"], "name": ["X"], "genres": [["a", None, "b"]], "added_ms": [date(2026, 1, 1)]}
    ).write_parquet(path)
    batch = read(path, what="titles")
    assert batch.titles == [(1, Title(title="m1", name="X", genres=("a", "b"), added_ms=1_767_225_600_000))]


def test_a_parquet_column_that_no_text_can_hold_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame({"member": ["a"], "at_ms": [1], "raw": [b"x"], "extra": [{"k": 1}], "grid": [[[1]]]})
    frame.write_parquet(path)
    assert len(read(path).events) == 1
    with pytest.raises(InputError, match="no column 'raw'; it has member, at_ms"):
        read(path, "title=raw")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1"])
def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match="Parquet"):
        open_file(path, "events", {})


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["viewer=who"], "'viewer' is no field of events"),
        (["member=whom"], "no column 'whom'; it has who, when"),
        (["member=who"], "no column is mapped to at_ms"),
    ],
)
def test_a_mapping_that_does_not_fit_the_table_says_what_would(tmp_path: Path, pairs: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_file(write(tmp_path, "who,when\n"), "events", parse_mapping(pairs))


@pytest.mark.parametrize("pair", ["", "member", "member=", "=who", "at_ms=:s"])
def test_a_mapping_that_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(InputError, match="FIELD=COLUMN"):
        parse_mapping([pair])


def test_a_field_mapped_twice_is_refused() -> None:
    with pytest.raises(InputError, match="mapped twice"):
        parse_mapping(["member=a", "member=b"])


@given(st.text(min_size=1), st.sampled_from(["s", "ms", "iso"]))
def test_any_column_name_can_be_mapped_also_one_with_colons_and_equals_signs(column: str, unit: str) -> None:
    assert parse_mapping([f"member={column}"]) == {"member": Mapped(column)}
    assert parse_mapping([f"at_ms={column}:{unit}"]) == {"at_ms": Mapped(column, unit)}  # type: ignore[arg-type]


def test_a_mapping_file_is_read_as_pairs_are(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('member = "who"\nat_ms = "when:s"\n')
    assert read_mapping(path) == parse_mapping(["member=who", "at_ms=when:s"])


@pytest.mark.parametrize("content", ["member = 3\n", "member who\n", "[events]\nmember = 'who'\n"])
def test_a_mapping_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=r"x\.toml"):
        read_mapping(path)


def test_the_example_is_a_valid_input_and_replaces_nothing(tmp_path: Path) -> None:
    example.write(tmp_path)
    (titles,) = open_file(tmp_path / "titles.csv", "titles", read_mapping(tmp_path / "titles.toml")).read()
    (plays,) = open_file(tmp_path / "plays.csv", "events", read_mapping(tmp_path / "plays.toml")).read()
    assert not titles.refused
    assert not plays.refused
    assert {event.title for _, event in plays.events} == {title.title for _, title in titles.titles}
    with pytest.raises(InputError, match="exists already"):
        example.write(tmp_path)

from __future__ import annotations

from pathlib import Path

import pytest

from frontrow.data.imports.recbole import open_folder
from frontrow.errors import InputError
from frontrow.schema import Fault, Kind, Title

# The columns of ml-100k as the recbole 1.2.1 wheel holds them.
INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
ITEM = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"


def write(folder: Path, inter: str, item: str | None = None) -> Path:
    (folder / "x.inter").write_text(inter, "utf-8")
    if item is not None:
        (folder / "x.item").write_text(item, "utf-8")
    return folder


def test_items_become_titles_and_interactions_ratings(tmp_path: Path) -> None:
    items = "12\tUsual Suspects, The\t1995\tCrime Thriller\n13\tDrunks\t1995\tunknown\n"
    batches = list(open_folder(write(tmp_path, INTER + "196\t12\t3.5\t881250949\n", ITEM + items)).read())
    assert [title for batch in batches for _, title in batch.titles] == [
        Title(title="12", name="The Usual Suspects", year=1995, genres=("Crime", "Thriller")),
        Title(title="13", name="Drunks", year=1995),
    ]
    ((line, event),) = [pair for batch in batches for pair in batch.events]
    assert (line, event.member, event.title, event.value, event.at_ms) == (2, "196", "12", 3.5, 881_250_949_000)
    assert event.kind is Kind.RATE


def test_a_wrong_year_is_left_out_and_named_and_the_title_kept(tmp_path: Path) -> None:
    items = "267\tunkonwn\tunkonwn\tunknown\n1412\tLand Before Time, The (1995)\tV\tAnimation\n"
    (batch,) = open_folder(write(tmp_path, INTER, ITEM + items)).read()
    assert [(title.name, title.year) for _, title in batch.titles] == [
        ("unkonwn", None),
        ("The Land Before Time", 1995),
    ]
    assert batch.mended == [
        Fault(2, "release_year", "unkonwn", "is not a year"),
        Fault(3, "release_year", "V", "is not a year"),
    ]


def test_interactions_without_a_rating_are_plays(tmp_path: Path) -> None:
    inter = "timestamp:float\tuser_id:token\titem_id:token\n881250949.5\ta\t1\n"
    (batch,) = open_folder(write(tmp_path, inter)).read()
    ((_, event),) = batch.events
    assert (event.kind, event.value, event.at_ms) == (Kind.PLAY, None, 881_250_949_500)


@pytest.mark.parametrize(
    ("inter", "message"),
    [
        ("user_id\titem_id\n", "name:type"),
        ("user_id:token\titem_id:token\trating:float\n", "no column timestamp"),
        ("user_id:token\tuser_id:token\n", "each name once"),
        ("", "is empty"),
    ],
)
def test_a_header_that_is_not_recboles_is_refused(tmp_path: Path, inter: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_folder(write(tmp_path, inter))


def test_a_folder_with_no_or_two_inter_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0 \.inter files"):
        open_folder(tmp_path)
    write(tmp_path, INTER)
    (tmp_path / "y.inter").write_text(INTER)
    with pytest.raises(InputError, match=r"2 \.inter files"):
        open_folder(tmp_path)
    assert open_folder(tmp_path / "x.inter").files == (tmp_path / "x.inter",)

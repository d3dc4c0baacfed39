from __future__ import annotations

from pathlib import Path

import pytest

from frontrow.data.imports.movielens import open_folder
from frontrow.data.imports.source import Batch, Source
from frontrow.errors import InputError
from frontrow.schema import Event, Fault, Kind, Title

AMELIE = "Fabuleux destin d'Amélie Poulain, Le (2001)"


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(source: Source) -> tuple[dict[str, Title], list[Event], list[tuple[str, Fault]]]:
    batches: list[Batch] = list(source.read())
    titles = {title.title: title for batch in batches for _, title in batch.titles}
    events = [event for batch in batches for _, event in batch.events]
    return titles, events, [(batch.file, fault) for batch in batches for fault in batch.refused]


def test_the_100k_form_gives_titles_from_flags_and_one_rating_event_a_row(tmp_path: Path) -> None:
    tail = "|0" * 2
    folder = write(
        tmp_path,
        {
            "u.genre": "unknown|0\nAction|1\nDrama|2\n\n",
            "u.item": (
                "1|Matrix, The (1999)|01-Jan-1999||http://x|0|1|1\n"
                f"2|{AMELIE}|||http://x|1{tail}\n"
                "3|Bad Flag (1990)|||http://x|0|2|0\n"
            ).encode("latin-1"),
            "u.data": "196\t1\t3\t881250949\n186\t2\t5\t891717742\n22\t1\tgood\t878887116\n22\t1\n",
        },
    )
    titles, events, refused = read(open_folder(folder))
    assert titles["1"] == Title(title="1", name="The Matrix", year=1999, genres=("Action", "Drama"))
    assert titles["2"] == Title(title="2", name="Le Fabuleux destin d'Amélie Poulain", year=2001)
    assert [(e.member, e.title, e.value, e.at_ms, e.kind) for e in events] == [
        ("196", "1", 3.0, 881_250_949_000, Kind.RATE),
        ("186", "2", 5.0, 891_717_742_000, Kind.RATE),
    ]
    assert refused == [
        ("u.item", Fault(3, "genre", "2", "is neither 0 nor 1")),
        ("u.data", Fault(3, "rating", "good", "is not a number")),
        ("u.data", Fault(4, "", "22\\t1", "has 2 columns instead of 4")),
    ]


def test_the_1m_form_is_read_with_its_double_colons_and_in_latin_1(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "movies.dat": f"1::Toy Story (1995)::Animation|Children's\n2::{AMELIE}::Comedy\n".encode("latin-1"),
            "ratings.dat": "1::1::5::978300760\r\n1::2::4.5::978302109\r\n",
        },
    )
    titles, events, refused = read(open_folder(folder))
    assert titles["1"].genres == ("Animation", "Children's")
    assert titles["2"].name == "Le Fabuleux destin d'Amélie Poulain"
    assert [event.value for event in events] == [5.0, 4.5]
    assert refused == []


def test_the_newer_form_is_read_with_quoted_names_and_its_tags_as_text(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "movies.csv": 'movieId,title,genres\n1,"Usual Suspects, The (1995)",Crime\n2,Short,(no genres listed)\n',
            "ratings.csv": "userId,movieId,rating,timestamp\n1,1,0.5,1260759144\n",
            "tags.csv": ("userId,movieId,tag,timestamp\n1,1,Twist,1\n2,1,twist,2\n3,1,heist,3\n4,1,,4\n"),
        },
    )
    titles, events, refused = read(open_folder(folder))
    assert titles["1"] == Title(title="1", name="The Usual Suspects", year=1995, genres=("Crime",), text="twist, heist")
    assert titles["2"].genres == ()
    assert [(event.value, event.at_ms) for event in events] == [(0.5, 1_260_759_144_000)]
    assert refused == [("tags.csv", Fault(5, "tag", "", "is empty"))]


def test_reading_twice_gives_the_same_events_and_different_rows_differ_in_id(tmp_path: Path) -> None:
    ratings = "".join(f"{user}::{movie}::3::978300760\n" for user in range(11) for movie in range(11))
    folder = write(tmp_path, {"movies.dat": "1::X (2000)::Drama\n", "ratings.dat": ratings})
    source = open_folder(folder)
    first, again = read(source)[1], read(source)[1]
    assert first == again
    assert len({event.id for event in first}) == 121


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no MovieLens ratings"),
        ({"ratings.csv": "userId,movieId,rating,timestamp\n"}, "no movies.csv"),
        ({"u.data": "1\t1\t1\t1\n", "u.item": "x"}, "no u.genre"),
    ],
)
def test_a_folder_that_lacks_a_file_says_which(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_folder(write(tmp_path, dict(files)))


def test_other_columns_than_those_of_movielens_are_refused_before_any_row(tmp_path: Path) -> None:
    folder = write(tmp_path, {"ratings.csv": "user,film,stars,at\n1,1,5,1\n", "movies.csv": "movieId,title,genres\n"})
    with pytest.raises(InputError, match="user, film, stars, at instead of userId"):
        list(open_folder(folder).read())

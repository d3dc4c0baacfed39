"""The store of inspections and of what people said: nothing is lost, the last word counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from frontrow.data.reviews import (
    Found,
    Inspected,
    Reviews,
    Word,
    last_about_file,
    last_about_findings,
    missed,
)
from frontrow.errors import InputError

FILM = Inspected(
    id="i1", file="a.mp4", title="t1", pack="general", judge="", made_ms=1, verdict="review", risk=0.4,
    reasons=("black at 0:00:01.000",), audit=False, views=3.0, duration_s=60.0, frame_rate=25.0, features={"x": 1.5},
)  # fmt: skip
BLACK = Found(0, "black", "warn", 1.0, 2.0, 0.8, "black for 1 s", {"luma": 16.0})
HUM = Found(1, "hum", "error", 0.0, 60.0, 0.9, "50 Hz", {}, 1)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def reviews(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reviews]:
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'store.db'}" if is_file else request.getfixturevalue("postgres_url")
    with Reviews(url) as opened:
        opened.add(FILM, [BLACK, HUM])
        yield opened


def word(serial: int, said: str, reviewer: str = "ann", **more: object) -> Word:
    return Word(f"w{serial}", "i1", reviewer, said, serial, **more)  # type: ignore[arg-type]


def test_an_inspection_comes_back_as_it_was(reviews: Reviews) -> None:
    assert reviews.get("i1") == FILM
    assert reviews.inspections(features=True) == [FILM]
    assert reviews.inspections() == [replace(FILM, features={})]
    assert reviews.found("i1") == [BLACK, HUM]


def test_a_newer_inspection_of_a_file_takes_the_place_of_the_older_which_stays_on_record(reviews: Reviews) -> None:
    reviews.add(replace(FILM, id="i2", made_ms=2, verdict="approve"), [])
    assert [each.id for each in reviews.inspections()] == ["i2"]
    assert [(each.id, each.current) for each in reviews.inspections(current=False)] == [("i2", True), ("i1", False)]


def test_the_same_inspection_again_keeps_what_people_said(reviews: Reviews) -> None:
    reviews.say([word(1, "wrong", number=0)])
    reviews.add(replace(FILM, risk=0.6), [BLACK])
    assert reviews.get("i1").risk == 0.6
    assert reviews.found("i1") == [BLACK]
    assert [each.said for each in reviews.words("i1")] == ["wrong"]


def test_the_last_word_of_each_reviewer_counts_and_all_are_kept(reviews: Reviews) -> None:
    reviews.say([word(1, "approve"), word(2, "reject"), word(3, "skip", "bob"), word(4, "right", number=1)])
    reviews.say([word(5, "wrong", number=1), word(6, "right", "bob", number=1)])
    words = reviews.words()
    assert len(words) == 6
    assert last_about_file(words) == {"i1": {"ann": "reject", "bob": "skip"}}
    assert last_about_findings(words) == {("i1", 1): {"ann": "wrong", "bob": "right"}}


def test_the_same_word_twice_is_stored_once(reviews: Reviews) -> None:
    reviews.say([word(1, "approve")])
    reviews.say([word(1, "approve")])
    assert len(reviews.words()) == 1


def test_a_missed_span_can_be_taken_back_by_who_drew_it(reviews: Reviews) -> None:
    span = {"code": "click", "start_s": 2.0, "end_s": 2.5}
    reviews.say([word(1, "missed", **span), word(2, "missed", "bob", **span), word(3, "unsaid", **span)])
    assert [each.reviewer for each in missed(reviews.words())] == ["bob"]


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (word(1, "right", number=7), "no finding 7"),
        (word(1, "right"), "no finding None"),
        (word(1, "splendid"), "'splendid' is no verdict"),
        (word(1, "missed", code="click", start_s=3.0, end_s=2.0), "later end"),
        (word(1, "missed", code="click"), "later end"),
        (word(1, "approve", ""), "reviewer's name"),
        (Word("w1", "elsewhere", "ann", "approve", 1), "no inspection 'elsewhere'"),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_of_it_is_stored(
    reviews: Reviews, wrong: Word, because: str
) -> None:
    with pytest.raises(InputError, match=because):
        reviews.say([word(9, "approve"), wrong])
    assert reviews.words() == []


def test_an_unknown_inspection_is_told_with_where_to_look(reviews: Reviews) -> None:
    with pytest.raises(InputError, match="frontrow quality review"):
        reviews.get("none")

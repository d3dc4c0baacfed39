"""Replay: the same bounds give the same rows, wherever they lie, in the order of their commit."""

import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from frontrow.config import EventSettings
from frontrow.data import segments, tail
from frontrow.data.derived import Derivation
from frontrow.data.events import EventLog
from frontrow.data.replay import (
    count_members,
    find_members,
    inner_member,
    outer_members,
    replay,
    replay_derived,
    replay_viewer,
)
from frontrow.schema import Event, EventColumn, Kind

KINDS = (Kind.PLAY, Kind.STOP, Kind.LIST)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """90 events of 9 members: two seals and a tail of 30, with the writer still at work."""
    folder = tmp_path_factory.mktemp("log")
    with EventLog(folder, EventSettings(shards=3)) as log:
        for part in range(3):
            log.append(
                [
                    Event(
                        id=str(uuid.uuid4()), at_ms=10_000 - 7 * n, kind=KINDS[n % 3], member=f"m{n % 9}", title=f"t{n}"
                    )
                    for n in range(30 * part, 30 * part + 30)
                ]
            )
            if part < 2:
                log.seal()
        yield folder


def rows_of(frame: pl.DataFrame) -> list[int]:
    return [int(title[1:]) for title in frame["title"]]


def test_everything_comes_in_the_order_of_its_commit(folder):
    whole = replay(folder)
    assert whole.frame.columns == ["seq", *EventColumn.ALL]
    assert whole.frame["seq"].to_list() == list(range(1, 91))
    assert rows_of(whole.frame) == list(range(90))
    assert whole.high_water == 90


def test_the_types_of_the_columns_do_not_depend_on_what_is_stored(folder, tmp_path):
    nothing = replay(tmp_path)
    assert nothing.frame.schema == replay(folder).frame.schema == replay(folder, up_to_seq=10).frame.schema
    assert (nothing.frame.height, nothing.high_water) == (0, 0)
    assert nothing.frame.schema["id"] == pl.Binary


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"kinds": [Kind.STOP]}, lambda n: n % 3 == 1),
        ({"kinds": [Kind.STOP, Kind.LIST]}, lambda n: n % 3 > 0),
        ({"kinds": []}, lambda n: False),
        ({"since_ms": 9_790}, lambda n: 10_000 - 7 * n >= 9_790),
        ({"until_ms": 9_790}, lambda n: 10_000 - 7 * n < 9_790),
        ({"since_ms": 9_500, "until_ms": 9_900}, lambda n: 9_500 <= 10_000 - 7 * n < 9_900),
        ({"since_seq": 45}, lambda n: n + 1 > 45),
        ({"up_to_seq": 45}, lambda n: n + 1 <= 45),
        ({"since_seq": 30, "up_to_seq": 60}, lambda n: 30 < n + 1 <= 60),
        ({"since_seq": 90}, lambda n: False),
        ({"shards": []}, lambda n: False),
        ({"shards": [0, 2]}, lambda n: segments.shard_of(n % 9 + 1, 3) in {0, 2}),
        ({"shards": [1], "kinds": [Kind.PLAY], "since_seq": 20}, lambda n: (
            segments.shard_of(n % 9 + 1, 3) == 1 and n % 3 == 0 and n + 1 > 20
        )),
    ],
)  # fmt: skip
def test_bounds_choose_the_same_rows_in_segments_and_tail(folder, bounds, expected):
    assert rows_of(replay(folder, **bounds).frame) == [n for n in range(90) if expected(n)]


def test_the_high_water_mark_is_where_the_next_reading_goes_on(folder):
    first = replay(folder, up_to_seq=50)
    rest = replay(folder, since_seq=first.high_water)
    assert (first.high_water, rest.high_water) == (50, 90)
    assert pl.concat([first.frame, rest.frame]).equals(replay(folder).frame)
    assert replay(folder, up_to_seq=1_000).high_water == 90


def test_only_the_columns_asked_for_are_read(folder):
    assert replay(folder, columns=["member", "title"], kinds=[Kind.PLAY]).frame.columns == ["member", "title"]


@pytest.mark.parametrize("member", range(1, 10))
def test_one_member_is_replayed_whole_and_alone(folder, member):
    frame = replay_viewer(folder, member)
    assert frame.equals(replay(folder).frame.filter(pl.col("member") == member))
    assert frame.height == 10


def test_what_is_derived_is_the_same_kept_or_not_and_up_to_any_seq(tmp_path):
    whole = Derivation("all-1", lambda frame: frame)
    columns = ("seq", "title")
    with EventLog(tmp_path, EventSettings(shards=2)) as log:
        for part in range(3):
            numbers = range(10 * part, 10 * part + 10)
            log.append(
                [Event(id=str(uuid.uuid4()), at_ms=n, kind=Kind.PLAY, member=f"m{n}", title="t") for n in numbers]
            )
            if part < 2:
                log.seal()
    for up_to_seq in (None, 30, 25, 15, None, 15):  # 15 lies within a segment: that one is read, and not kept
        asked = {"kinds": [Kind.PLAY], "columns": columns, "up_to_seq": up_to_seq}
        found, expected = replay_derived(tmp_path, whole, **asked), replay(tmp_path, **asked)
        assert found.frame.sort("seq").equals(expected.frame)
        assert found.high_water == expected.high_water
    assert len(list((tmp_path / "derived" / "all-1").iterdir())) == len(list((tmp_path / "segments").iterdir()))


def test_half_a_derived_table_is_made_again_and_one_without_a_segment_goes(tmp_path):
    whole = Derivation("all-1", lambda frame: frame)
    with EventLog(tmp_path, EventSettings(shards=1)) as log:
        log.append([Event(id=str(uuid.uuid4()), at_ms=n, kind=Kind.PLAY, member="m", title="t") for n in range(1, 9)])
        log.seal()
    read = partial(replay_derived, tmp_path, whole, kinds=[Kind.PLAY], columns=("seq",))
    before = read().frame
    [table] = (tmp_path / "derived" / "all-1").iterdir()
    table.write_bytes(table.read_bytes()[:50])
    assert read().frame.equals(before)
    left_over = table.with_name("000000000001-0000-00.parquet")
    left_over.write_bytes(table.read_bytes())
    with EventLog(tmp_path, EventSettings(shards=1)):
        pass
    assert table.exists() and not left_over.exists()


def test_a_member_who_is_not_there_has_no_events(folder, tmp_path):
    assert replay_viewer(folder, 77).is_empty()
    assert replay_viewer(tmp_path, 1).is_empty()


def test_one_member_is_found_in_the_tail_by_the_index(folder):
    connection = tail.open_reader(folder)
    assert connection is not None
    queries: list[str] = []
    connection.set_trace_callback(queries.append)
    list(tail.read(connection, after_seq=60, up_to_seq=90, member=1))
    connection.set_trace_callback(None)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {queries[0]}").fetchall()
    connection.close()
    assert any("tail_member" in step[-1] for step in plan)


def test_members_have_an_inner_and_an_outer_id(folder, tmp_path):
    assert outer_members(folder).rows() == [(n + 1, f"m{n}") for n in range(9)]
    assert inner_member(folder, "m4") == 5
    assert inner_member(folder, "nobody") is None
    assert inner_member(tmp_path, "m4") is None
    assert outer_members(tmp_path).is_empty()


def test_a_reader_sees_one_moment_while_the_log_changes(folder, tmp_path):
    """The snapshot's list and tail belong together, although a seal falls between reading one and the other."""
    with EventLog(tmp_path, EventSettings(shards=2)) as log:
        log.append([Event(id=str(uuid.uuid4()), at_ms=n, kind=Kind.JOIN, member=f"m{n}") for n in range(1, 21)])
        connection = tail.open_reader(tmp_path)
        assert connection is not None
        connection.execute("BEGIN")
        assert segments.listed(connection) == []
        log.seal()
        log.append([])
        [frame] = tail.read(connection, after_seq=tail.state(connection, tail.SEALED_SEQ), up_to_seq=20)
        connection.close()
        assert frame["seq"].to_list() == list(range(1, 21))


def test_members_are_counted_and_found_by_the_beginning_of_their_id(tmp_path):
    assert (count_members(tmp_path), find_members(tmp_path, "", 5)) == (0, [])
    names = ["m10", "m2", "m1", "n1", "M1", "mé", "m%"]
    with EventLog(tmp_path, EventSettings()) as log:
        log.append([Event(id=str(uuid.uuid4()), at_ms=1, kind=Kind.JOIN, member=name) for name in names])
    assert count_members(tmp_path) == len(names)
    assert find_members(tmp_path, "", 3) == names[:3]
    assert find_members(tmp_path, "m1", 5) == ["m10", "m1"]
    assert find_members(tmp_path, "m", 99) == ["m10", "m2", "m1", "mé", "m%"]
    assert find_members(tmp_path, "m%", 5) == ["m%"]
    assert find_members(tmp_path, "x", 5) == []

"""Sealing moves events, never loses or doubles one, and a crash in between is cleaned up."""

import shutil
import uuid
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.config import EventSettings
from frontrow.data import segments, tail
from frontrow.data.events import EventLog, SealReport
from frontrow.data.replay import replay, shard_count
from frontrow.errors import DamagedArtifact, Unavailable
from frontrow.schema import Event, Kind

SETTINGS = EventSettings(shards=4)


def batch(count, first=0):
    return [
        Event(id=str(uuid.uuid4()), at_ms=1000 + n, kind=Kind.PLAY, member=f"m{n % 17}", title=f"t{n}")
        for n in range(first, first + count)
    ]


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / segments.FOLDER).iterdir()}


def listed(folder: Path) -> list[segments.Segment]:
    connection = tail.open_reader(folder)
    assert connection is not None
    try:
        return segments.listed(connection)
    finally:
        connection.close()


def test_replay_is_the_same_before_during_and_after_a_seal(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(batch(300))
        before = replay(tmp_path)
        assert log.seal() == SealReport(rows=300, files=4, sealed_seq=300)
        assert replay(tmp_path).frame.equals(before.frame)  # sealed rows may still be in the tail here
        log.append(batch(1))  # and are deleted with the next commits
        log.append([])
        assert log._writer.perform(lambda c: c.execute("SELECT count(*) FROM tail").fetchone()[0]) == 1
    assert replay(tmp_path, up_to_seq=300).frame.equals(before.frame)


def test_sealing_an_empty_tail_writes_nothing(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        assert log.seal() == SealReport(0, 0, 0)
        log.append(batch(10))
        log.seal()
        assert log.seal() == SealReport(0, 0, 10)


def test_the_tail_is_sealed_by_itself_when_it_has_grown_long(tmp_path):
    with EventLog(tmp_path, EventSettings(seal_events=100, shards=4)) as log:
        log.append(batch(99))
        assert not (tmp_path / segments.FOLDER).exists()
        log.append(batch(1, first=99))
        log.append([])  # answered in the commit after the one that starts the seal, which closing waits for
    assert sum(segment.rows for segment in listed(tmp_path)) == 100
    assert replay(tmp_path).frame["title"].to_list() == [f"t{n}" for n in range(100)]


def test_a_member_lies_in_one_shard_and_the_list_tells_what_each_file_holds(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        for first in (0, 200):
            log.append(batch(200, first))
            log.seal()
    shards: dict[int, set[int]] = {}
    for segment in listed(tmp_path):
        frame = pl.read_parquet(tmp_path / segments.FOLDER / segment.file)
        for member in frame["member"].unique():
            shards.setdefault(member, set()).add(segment.shard)
            assert segments.shard_of(member, 4) == segment.shard
        assert (frame.height, frame["seq"].min(), frame["seq"].max()) == (
            segment.rows,
            segment.min_seq,
            segment.max_seq,
        )
        assert (frame["at_ms"].min(), frame["at_ms"].max()) == (segment.min_at_ms, segment.max_at_ms)
    assert len(shards) == 17
    assert all(len(found) == 1 for found in shards.values())


@given(st.lists(st.integers(1, 2**62), min_size=1), st.integers(1, 64))
def test_shards_of_many_members_agree_with_shard_of_one(members, shards):
    expected = [segments.shard_of(member, shards) for member in members]
    assert segments.shards_of(pl.Series(members, dtype=pl.Int64), shards).to_list() == expected
    assert max(expected) < shards


def test_members_spread_over_the_shards():
    counts = segments.shards_of(pl.Series(range(1, 8001)), 8).value_counts()["count"]
    assert counts.len() == 8
    assert counts.min() > 800  # 1,000 expected, standard deviation 30


def test_the_number_of_shards_stays_as_the_log_was_made(tmp_path):
    with EventLog(tmp_path, EventSettings(shards=4)) as log:
        log.append(batch(100))
        log.seal()
    with EventLog(tmp_path, EventSettings(shards=16)) as log:
        log.append(batch(100))
        log.seal()
    assert shard_count(tmp_path) == 4
    assert {segment.shard for segment in listed(tmp_path)} == {0, 1, 2, 3}


def test_files_that_a_crash_left_behind_are_removed_at_the_next_start_and_never_read(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(batch(50))
        log.seal()
        log.append(batch(49, first=50))
    before, known = replay(tmp_path).frame, files(tmp_path)
    written = segments.write(tmp_path, 99, before.tail(49), 4)  # as far as a seal gets before its transaction
    (tmp_path / segments.FOLDER / "000000000099-0000-ff.parquet.tmp").write_bytes(b"half a file")
    assert len(files(tmp_path)) == len(known) + len(written) + 1
    assert replay(tmp_path).frame.equals(before)
    EventLog(tmp_path, SETTINGS).close()
    assert files(tmp_path) == known
    assert replay(tmp_path).frame.equals(before)


@pytest.mark.parametrize("harm", ["missing", "cut short", "one bit"])
def test_a_damaged_segment_is_named_and_not_passed_over(tmp_path, harm):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(batch(500))
        log.seal()
    assert segments.damaged(tmp_path) == []
    path = sorted((tmp_path / segments.FOLDER).iterdir())[1]
    content = bytearray(path.read_bytes())
    if harm == "missing":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert segments.damaged(tmp_path) == [path.name]
    if harm != "one bit":  # which Parquet may not notice; `damaged` does
        with pytest.raises(DamagedArtifact, match=r"cannot be read.*restore"):
            replay(tmp_path)


def test_nothing_is_damaged_in_a_log_that_was_never_written(tmp_path):
    assert segments.damaged(tmp_path) == []


@pytest.mark.parametrize("lost", ["gone", "empty", "older"])
def test_segments_outlive_a_lost_or_older_tail_file_and_the_log_says_so(tmp_path, lost):
    folder, older = tmp_path / "log", tmp_path / "older.db"
    with EventLog(folder, SETTINGS) as log:
        log.append(batch(20))
    shutil.copy(folder / tail.FILE_NAME, older)
    with EventLog(folder, SETTINGS) as log:
        log.append(batch(20, first=20))
        log.seal()
    sealed = files(folder)
    (folder / tail.FILE_NAME).unlink()
    if lost == "empty":
        (folder / tail.FILE_NAME).touch()
    if lost == "older":
        shutil.copy(older, folder / tail.FILE_NAME)
    for _ in range(2):  # also when it is tried again
        with pytest.raises(DamagedArtifact, match=r"tail\.db knows nothing of .* restore it from a backup"):
            EventLog(folder, SETTINGS)
        assert files(folder) == sealed


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"SQLite format 3\0" + b"\xa5" * 8192])
def test_a_damaged_tail_file_is_named_and_nothing_is_asked_for_again(tmp_path, content):
    (tmp_path / tail.FILE_NAME).write_bytes(content)
    with pytest.raises(Unavailable, match=r"tail\.db is damaged: .* restore it from a backup"):
        EventLog(tmp_path, SETTINGS)

"""Forgetting a member leaves nothing but a receipt, and everybody else as they were."""

import hashlib
import json
import uuid

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.config import EventSettings
from frontrow.data import members, segments
from frontrow.data.events import EventLog
from frontrow.data.replay import inner_member, outer_members, replay, replay_viewer
from frontrow.errors import UnknownMember
from frontrow.schema import Event, Kind

SETTINGS = EventSettings(shards=3)


def watched(member, count):
    return [Event(id=str(uuid.uuid4()), at_ms=5, kind=Kind.PLAY, member=member, title=f"t{n}") for n in range(count)]


def test_a_forgotten_member_is_gone_from_segments_tail_and_mapping_and_others_are_not(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        for _ in range(3):
            log.append([*watched("anna", 4), *watched("ben", 3), *watched("carl", 2)])
            log.seal()
        log.append([*watched("anna", 5), *watched("ben", 1)])
        anna = inner_member(tmp_path, "anna")
        others = replay(tmp_path).frame.filter(pl.col("member") != anna)
        receipt = log.forget("anna")
        assert (receipt.events_removed, receipt.segments_rewritten) == (17, 3)
        assert replay(tmp_path).frame.equals(others)
        assert replay_viewer(tmp_path, anna).is_empty()
        assert inner_member(tmp_path, "anna") is None
        assert outer_members(tmp_path)["outer"].to_list() == ["ben", "carl"]
    assert replay(tmp_path).frame.equals(others)
    assert segments.damaged(tmp_path) == []


def test_a_retry_of_a_forgotten_members_event_brings_neither_back(tmp_path):
    late = watched("anna", 3)
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(late[:2])
        log.seal()
        log.append(late[2:])
        log.forget("anna")
        assert log.append(late).members == [0, 0, 0]
        assert inner_member(tmp_path, "anna") is None
        assert replay(tmp_path).frame.is_empty()


def test_a_member_who_comes_back_is_a_new_one_and_no_number_is_given_twice(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        assert log.append([*watched("anna", 1), *watched("ben", 1)]).members == [1, 2]
        log.forget("ben")
    with EventLog(tmp_path, SETTINGS) as log:
        assert log.append(watched("ben", 1)).members == [3]


def test_the_high_water_mark_never_falls_when_the_newest_events_are_forgotten(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append([*watched("anna", 2), *watched("ben", 3)])
        log.forget("ben")
        assert replay(tmp_path).high_water == 5
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(watched("carl", 1))
    assert replay(tmp_path).frame["seq"].to_list() == [1, 2, 6]


def test_an_unknown_member_cannot_be_forgotten(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(watched("anna", 1))
        with pytest.raises(UnknownMember, match="no member 'bob'"):
            log.forget("bob")
    assert not (tmp_path / members.FOLDER).exists()


def test_the_receipt_proves_who_was_forgotten_to_those_who_know(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(watched("anna", 2))
        receipt = log.forget("anna")
    [path] = (tmp_path / members.FOLDER).iterdir()
    written = json.loads(path.read_text("utf-8"))
    assert written["events_removed"] == receipt.events_removed == 2
    digest = hashlib.blake2b(b"anna", digest_size=32, salt=bytes.fromhex(written["salt"])).hexdigest()
    assert digest == written["member_blake2b"]
    assert "anna" not in path.read_text("utf-8")


def test_a_receipt_that_a_crash_kept_from_its_file_is_written_at_the_next_start(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append(watched("anna", 2))
        log.forget("anna")
    [path] = (tmp_path / members.FOLDER).iterdir()
    body = path.read_bytes()
    path.unlink()
    EventLog(tmp_path, SETTINGS).close()
    assert path.read_bytes() == body


def test_a_crash_before_the_transaction_of_a_forget_changes_nothing(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append([*watched("anna", 4), *[e for n in range(20) for e in watched(f"m{n}", 2)]])
        log.seal()
    before = replay(tmp_path).frame
    assert members.rewrite(tmp_path, "anna").new
    EventLog(tmp_path, SETTINGS).close()
    assert replay(tmp_path).frame.equals(before)
    assert segments.damaged(tmp_path) == []


def test_a_reader_that_listed_the_segments_before_a_forget_reads_anew(tmp_path, monkeypatch):
    with EventLog(tmp_path, SETTINGS) as log:
        log.append([e for n in range(30) for e in watched(f"m{n}", 3)])
        log.seal()
        from frontrow.data import replay as reading

        snapshot, forgotten = reading._snapshot, []

        def snapshot_then_forget(*arguments):
            taken = snapshot(*arguments)
            if not forgotten:
                forgotten.append(log.forget("m7"))
            return taken

        monkeypatch.setattr(reading, "_snapshot", snapshot_then_forget)
        frame = replay(tmp_path).frame
    assert frame.height == 87
    assert 8 not in frame["member"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(8, 128), min_size=40, max_size=300), st.data())
def test_no_trace_of_the_outer_id_is_left_in_any_file(tmp_path_factory, lengths, data):
    """Rows of many lengths, so that SQLite splits and refills pages on the way."""
    folder = tmp_path_factory.mktemp("log")
    names = [f"{n:06d}{uuid.uuid4().hex * 4}"[:length] for n, length in enumerate(lengths)]
    gone = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True))
    with EventLog(folder, SETTINGS) as log:
        for start in range(0, len(names), 25):
            log.append([e for name in names[start : start + 25] for e in watched(name, 2)])
        log.seal()
        log.append([e for name in names[::2] for e in watched(name, 1)])
        for name in gone:
            log.forget(name)
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not [name for name in gone if name.encode() in content], path
    left = set(outer_members(folder)["outer"])
    assert left == set(names) - set(gone)

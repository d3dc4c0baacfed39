"""The writer's end of the event log: acknowledgement, duplicates, the bounded queue, the lock, a full disk."""

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import threading
import uuid
from concurrent.futures import Future
from pathlib import Path

import pytest

from frontrow.config import EventSettings
from frontrow.data.events import EventLog, Receipt
from frontrow.data.replay import inner_member, outer_members, replay
from frontrow.errors import DamagedArtifact, InputError, Overloaded, StorageFull, Unavailable, WriterLocked
from frontrow.schema import Event, Kind

SETTINGS = EventSettings(shards=4)


def event(member="anna", **fields):
    defaults = {"id": str(uuid.uuid4()), "at_ms": 1_700_000_000_000, "kind": Kind.PLAY, "title": "t1"}
    return Event(member=member, **{**defaults, **fields})


def stored_ids(folder: Path) -> list[str]:
    return [str(uuid.UUID(bytes=id_bytes)) for id_bytes in replay(folder).frame["id"]]


def hold_writer(log: EventLog) -> threading.Event:
    """Keep the writer thread inside a callback until the returned event is set."""
    entered, release = threading.Event(), threading.Event()

    def wait(outcome):
        entered.set()
        release.wait()

    log.submit([], wait)
    entered.wait()
    return release


def test_every_field_comes_back_as_it_was_sent(tmp_path):
    sent = event(
        member='Zoë "Z" 🎬', title="t\u2028'1", profile="kids", session="s", decision_id="d", device="tv", country="NL",
        value=0.1 + 0.2, props={"row": "top\n", "position": 3, "auto": True, "gap": None, "nul": "\x00"},
    )  # fmt: skip
    with EventLog(tmp_path, SETTINGS) as log:
        log.append([sent])
        from_tail = replay(tmp_path).frame
        log.seal()
        from_segment = replay(tmp_path).frame
    assert from_segment.equals(from_tail)
    [row] = from_tail.to_dicts()
    assert row == {
        "seq": 1, "id": uuid.UUID(sent.id).bytes, "at_ms": 1_700_000_000_000, "kind": "play", "member": 1,
        "profile": "kids", "title": "t\u2028'1", "session": "s", "decision_id": "d", "device": "tv", "country": "NL",
        "value": 0.1 + 0.2,
        "props": '{"auto":true,"gap":null,"nul":"\\u0000","position":3,"row":"top\\n"}',
    }  # fmt: skip
    assert outer_members(tmp_path).rows() == [(1, 'Zoë "Z" 🎬')]


def test_a_receipt_counts_what_was_new_and_numbers_the_members(tmp_path):
    first, second, third = event("anna"), event("ben"), event("anna")
    with EventLog(tmp_path, SETTINGS) as log:
        assert log.append([first, second]) == Receipt(2, 0, [1, 2], 2)
        assert log.append([second, third, first, third]) == Receipt(1, 3, [2, 1, 1, 1], 4)
        assert log.append([]) == Receipt(0, 0, [], 4)
        assert log.append([first]) == Receipt(0, 1, [1], 4)
    assert stored_ids(tmp_path) == [first.id, second.id, third.id]


def test_an_id_is_stored_once_in_a_batch_across_batches_after_sealing_and_after_a_restart(tmp_path):
    once = event()
    with EventLog(tmp_path, SETTINGS) as log:
        assert log.append([once, once]).stored == 1
        assert log.append([once]).stored == 0
        log.seal()
        assert log.append([once]).stored == 0
    with EventLog(tmp_path, SETTINGS) as log:
        assert log.append([once, event("ben")]) == Receipt(1, 1, [1, 2], 3)
    assert len(stored_ids(tmp_path)) == 2


def test_ids_are_the_same_in_capital_letters(tmp_path):
    one = event()
    with EventLog(tmp_path, SETTINGS) as log:
        log.append([one])
        assert log.append([event(id=one.id.upper())]).duplicates == 1


def test_submits_that_share_a_commit_get_their_own_receipts_in_order_and_one_wake_up(tmp_path):
    outcomes: list[Receipt] = []
    wake_ups: list[int] = []
    known = event("ben")
    with EventLog(tmp_path, SETTINGS, after_commit=lambda: wake_ups.append(len(outcomes))) as log:
        release = hold_writer(log)
        log.submit([event("anna"), known], outcomes.append)
        log.submit([known], outcomes.append)
        log.submit([event("ben"), event("carl"), event("carl")], outcomes.append)
        release.set()
        log.append([])
    assert [(x.stored, x.duplicates, x.members) for x in outcomes] == [(2, 0, [1, 2]), (0, 1, [2]), (3, 0, [2, 3, 3])]
    assert {x.high_water for x in outcomes} == {6}
    assert wake_ups[0] == 0  # the commit in which the writer was held
    assert 3 in wake_ups
    assert 1 not in wake_ups and 2 not in wake_ups


def test_an_event_is_readable_by_another_connection_when_it_is_acknowledged(tmp_path):
    seen = []
    with EventLog(tmp_path, SETTINGS) as log:
        log.submit([event()], lambda receipt: seen.append(replay(tmp_path).high_water))
        log.append([])
    assert seen == [1]


def test_a_full_queue_refuses_a_submit_at_once_and_lets_an_append_wait(tmp_path):
    with EventLog(tmp_path, EventSettings(queue_events=3, shards=4)) as log:
        release = hold_writer(log)
        log.submit([event(), event()], lambda outcome: None)
        with pytest.raises(Overloaded, match="2 events wait") as refused:
            log.submit([event(), event()], lambda outcome: None)
        assert refused.value.retry_after_s > 0
        log.submit([event()], lambda outcome: None)
        appended: Future[Receipt] = Future()
        waiting = threading.Thread(target=lambda: appended.set_result(log.append([event(), event()])))
        waiting.start()
        release.set()
        waiting.join()
        assert appended.result().stored == 2
    assert len(stored_ids(tmp_path)) == 5


def test_one_submit_larger_than_the_queue_is_let_in_when_nothing_waits(tmp_path):
    with EventLog(tmp_path, EventSettings(queue_events=3, commit_events=2, shards=4)) as log:
        assert log.append([event() for _ in range(10)]).stored == 10


def test_closing_writes_what_waits_and_then_refuses(tmp_path):
    outcomes = []
    log = EventLog(tmp_path, SETTINGS)
    release = hold_writer(log)
    for _ in range(5):
        log.submit([event()], outcomes.append)
    release.set()
    log.close()
    log.close()
    assert sum(outcome.stored for outcome in outcomes) == 5
    with pytest.raises(Unavailable, match="closed"):
        log.append([event()])
    with pytest.raises(Unavailable, match="closed"):
        log.forget("anna")


def test_a_callback_that_fails_does_not_stop_the_writer(tmp_path, caplog):
    with EventLog(tmp_path, SETTINGS) as log:
        log.submit([event()], lambda outcome: 1 / 0)
        assert log.append([event()]).high_water == 2
    assert "a callback of the event log failed" in caplog.text


@pytest.mark.parametrize(
    "bad", ["", "17", "0190a8c2-7b1e-7cc3-98c4-dc0c0c07398", "0190a8c2-7b1e-7cc3-98c4-dc0c0c07398g"]
)
def test_an_id_that_is_no_uuid_is_refused_before_it_is_queued(tmp_path, bad):
    with EventLog(tmp_path, SETTINGS) as log, pytest.raises(InputError, match="is not a UUID"):
        log.append([event(), event(id=bad)])
    assert stored_ids(tmp_path) == []


def test_a_text_that_sqlite_would_cut_off_is_refused(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log, pytest.raises(InputError, match="the character NUL"):
        log.append([event("an\x00na")])


def test_a_second_writer_is_refused_and_told_who_holds_the_lock(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        with pytest.raises(WriterLocked, match=f"process {os.getpid()} already writes to .*; stop it first"):
            EventLog(tmp_path, SETTINGS)
        assert log.append([event()]).stored == 1
    EventLog(tmp_path, SETTINGS).close()


def _try_to_write(folder, outcome):
    try:
        EventLog(folder, SETTINGS).close()
    except WriterLocked as error:
        outcome.put(str(error))
    else:
        outcome.put("")


def test_a_file_that_is_no_database_is_named_by_writer_and_reader(tmp_path):
    (tmp_path / "tail.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(Unavailable, match="file is not a database"):
        EventLog(tmp_path, SETTINGS)
    with pytest.raises(DamagedArtifact, match=r"tail\.db cannot be read: file is not a database; restore"):
        replay(tmp_path)


def test_a_log_of_a_newer_format_is_left_alone_and_its_lock_let_go(tmp_path):
    EventLog(tmp_path, SETTINGS).close()
    connection = sqlite3.connect(tmp_path / "tail.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for _ in range(2):
        with pytest.raises(InputError, match="format 99, made by a newer Frontrow"):
            EventLog(tmp_path, SETTINGS)


def test_a_time_beyond_64_bits_harms_nobody_elses_events(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        with pytest.raises(Unavailable, match="at_ms"):
            log.append([event(at_ms=2**70)])  # `checks` refuses it; an importer might forget to ask
        assert log.append([event()]).stored == 1
    assert replay(tmp_path).frame.height == 1


def test_the_lock_holds_between_processes(tmp_path):
    context = multiprocessing.get_context("spawn")
    outcome = context.SimpleQueue()
    for holds in (True, False):
        log = EventLog(tmp_path, SETTINGS)
        if not holds:
            log.close()
        process = context.Process(target=_try_to_write, args=(tmp_path, outcome))
        process.start()
        process.join()
        log.close()
        assert (str(os.getpid()) in outcome.get()) == holds


def test_readers_read_while_a_writer_writes(tmp_path):
    with EventLog(tmp_path, EventSettings(seal_events=50, shards=2)) as log:
        for count in range(1, 40):
            log.append([event(f"m{count}") for _ in range(10)])
            frame = replay(tmp_path).frame
            assert frame["seq"].to_list() == list(range(1, 10 * count + 1))


def test_a_log_that_cannot_grow_acknowledges_nothing_and_works_again_with_room(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        kept = [event(f"m{n}") for n in range(50)]
        log.append(kept)
        log._writer.perform(lambda c: c.execute(f"PRAGMA max_page_count = {_pages(c) + 1}"), transaction=False)
        refused = [event(f"n{n}", props={"text": "x" * 3000}) for n in range(50)]
        with pytest.raises(StorageFull, match="is full; make room"):
            log.append(refused)
        assert stored_ids(tmp_path) == [e.id for e in kept]
        assert inner_member(tmp_path, "n0") is None
        log._writer.perform(lambda c: c.execute("PRAGMA max_page_count = 1000000"), transaction=False)
        assert log.append(refused) == Receipt(50, 0, list(range(51, 101)), 100)


def _pages(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA page_count").fetchone()[0]


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("no mount command")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_on_a_full_disk_nothing_acknowledged_is_lost_and_sealing_waits(small_disk):
    acknowledged: list[str] = []
    ballast = small_disk / "ballast"
    with EventLog(small_disk / "log", SETTINGS) as log:
        with pytest.raises(StorageFull):
            for _ in range(2_000):
                batch = [event(f"m{n}", props={"text": os.urandom(200).hex()}) for n in range(20)]
                log.append(batch)
                acknowledged += [e.id for e in batch]
        assert stored_ids(small_disk / "log") == acknowledged
        with ballast.open("wb", buffering=0) as file:  # take the last free bytes as well
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        with pytest.raises(StorageFull):
            log.seal()
        assert stored_ids(small_disk / "log") == acknowledged
        ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
    with EventLog(small_disk / "log", SETTINGS) as log:
        late = event()
        log.append([late])
        assert log.seal().rows == len(acknowledged) + 1
    assert stored_ids(small_disk / "log") == [*acknowledged, late.id]
    assert not list((small_disk / "log" / "segments").glob("*.tmp"))

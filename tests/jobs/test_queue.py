"""A job is done once, by one worker at a time, and never lost with the worker that had it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frontrow.errors import InputError, StorageFull, Unavailable
from frontrow.jobs import queue as queues
from frontrow.jobs.queue import LEASE_MS, MOST_ATTEMPTS, LeaseLost, Queue, State


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_764_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[Queue]:
    with Queue(tmp_path / "jobs.db", clock) as opened:
        yield opened


def test_a_job_waits_runs_and_is_done(queue: Queue, clock: Clock) -> None:
    number = queue.submit("fit", {"seed": 3})
    assert queue.get(number).state == State.WAITING
    job = queue.claim("w")
    assert job is not None
    assert (job.id, job.args, job.state, job.attempt) == (number, {"seed": 3}, State.RUNNING, 1)
    assert queue.claim("other") is None
    clock.now_ms += 10
    queue.finish(job, {"version": "v"})
    ended = queue.get(number)
    assert (ended.state, ended.result, ended.ended_at_ms) == (State.DONE, {"version": "v"}, clock.now_ms)


def test_the_same_unique_job_is_submitted_once_while_it_waits_or_runs(queue: Queue) -> None:
    number = queue.submit("nightly", {}, unique="nightly")
    assert queue.submit("nightly", {}, unique="nightly") == number
    job = queue.claim("w")
    assert job is not None
    assert queue.submit("nightly", {}, unique="nightly") == number
    queue.finish(job, None)
    assert queue.submit("nightly", {}, unique="nightly") != number


def test_the_job_that_is_due_the_longest_comes_first_and_none_before_its_time(queue: Queue, clock: Clock) -> None:
    later = queue.submit("a", {}, run_at_ms=clock.now_ms + 100)
    second = queue.submit("b", {})
    first = queue.submit("c", {}, run_at_ms=clock.now_ms - 100)
    claimed = [queue.claim("w"), queue.claim("w"), queue.claim("w")]
    assert [job and job.id for job in claimed] == [first, second, None]
    clock.now_ms += 100
    due = queue.claim("w")
    assert due is not None
    assert due.id == later


def test_a_job_asked_for_by_number_is_claimed_before_its_time(queue: Queue, clock: Clock) -> None:
    number = queue.submit("a", {}, run_at_ms=clock.now_ms + 100)
    job = queue.claim("w", job_id=number)
    assert job is not None
    assert queue.claim("w", job_id=number) is None


def test_a_dead_workers_job_goes_on_from_its_checkpoint_after_the_lease(queue: Queue, clock: Clock) -> None:
    queue.submit("fit", {})
    dead = queue.claim("dead")
    assert dead is not None
    queue.progress(dead, 1, 3, "fitted", None, {"fitted": "v1"})
    clock.now_ms += LEASE_MS
    assert queue.claim("next") is None
    clock.now_ms += 1
    job = queue.claim("next")
    assert job is not None
    assert (job.attempt, job.checkpoint, job.done) == (2, {"fitted": "v1"}, 1)
    for late in (
        lambda: queue.finish(dead, None),
        lambda: queue.heartbeat(dead),
        lambda: queue.fail(dead, "x"),
        lambda: queue.hand_back(dead, {}),
        lambda: queue.progress(dead, 2, 3, "", None, {}),
    ):
        with pytest.raises(LeaseLost, match="no longer held by dead"):
            late()
    assert queue.get(job.id).state == State.RUNNING


def test_a_heartbeat_keeps_the_lease(queue: Queue, clock: Clock) -> None:
    queue.submit("fit", {})
    job = queue.claim("w")
    assert job is not None
    for _ in range(5):
        clock.now_ms += LEASE_MS - 1
        queue.heartbeat(job)
        assert queue.claim("other") is None


def test_a_job_that_kills_every_worker_is_given_up(queue: Queue, clock: Clock) -> None:
    number = queue.submit("fit", {})
    for _ in range(MOST_ATTEMPTS):
        job = queue.claim("w")
        assert job is not None
        queue.progress(job, 0, 1, "solving", None, {})
        clock.now_ms += LEASE_MS + 1
    assert queue.claim("w") is None
    job = queue.get(number)
    assert (job.state, job.error) == (State.FAILED, "its worker died 3 times; last at: solving")


def test_a_job_handed_back_waits_and_the_attempt_does_not_count(queue: Queue) -> None:
    number = queue.submit("fit", {})
    for _ in range(2 * MOST_ATTEMPTS):
        job = queue.claim("w")
        assert job is not None
        assert job.attempt == 1
        queue.hand_back(job, {"at": 1})
    assert queue.get(number).checkpoint == {"at": 1}


def test_cancelling_ends_a_waiting_job_and_asks_a_running_one(queue: Queue, clock: Clock) -> None:
    waiting = queue.submit("a", {}, run_at_ms=clock.now_ms + 1)
    assert queue.cancel(waiting).state == State.CANCELLED
    running = queue.submit("b", {})
    job = queue.claim("w")
    assert job is not None
    assert not queue.progress(job, 0, 2, "", None, {})
    assert queue.cancel(running).state == State.RUNNING
    assert queue.progress(job, 1, 2, "", None, {})
    queue.end_cancelled(job)
    assert queue.get(running).state == State.CANCELLED
    with pytest.raises(InputError, match="is cancelled"):
        queue.cancel(running)


def test_a_cancelled_job_whose_worker_died_is_not_begun_again(queue: Queue, clock: Clock) -> None:
    number = queue.submit("b", {})
    queue.claim("w")
    queue.cancel(number)
    clock.now_ms += LEASE_MS + 1
    assert queue.claim("w") is None
    assert queue.get(number).state == State.CANCELLED


def test_workers_at_once_claim_each_job_once(tmp_path: Path, queue: Queue) -> None:
    numbers = [queue.submit("a", {"n": n}) for n in range(40)]

    def work(name: int) -> list[int]:
        with Queue(tmp_path / "jobs.db") as own:
            mine = []
            while job := own.claim(f"w{name}"):
                mine.append(job.id)
                own.finish(job, None)
            return mine

    with ThreadPoolExecutor(4) as pool:
        claimed = [number for mine in pool.map(work, range(4)) for number in mine]
    assert sorted(claimed) == numbers


def test_old_ended_jobs_are_forgotten_and_live_ones_are_not(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "KEPT_JOBS", 3)
    live = queue.submit("live", {}, run_at_ms=2**60)
    for _ in range(6):
        queue.submit("a", {})
        job = queue.claim("w")
        assert job is not None
        queue.finish(job, None)
    queue.submit("a", {})
    states = [job.state for job in queue.list()]
    assert states.count(State.DONE) == 3
    assert queue.get(live).state == State.WAITING


def test_an_unknown_job_and_a_file_that_is_no_queue_are_named(queue: Queue, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no job 99"):
        queue.get(99)
    (tmp_path / "broken.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError, match=r"is no job queue or damaged .* move it away"):
        Queue(tmp_path / "broken.db")


def test_jobs_outlive_the_process(tmp_path: Path, queue: Queue) -> None:
    number = queue.submit("a", {"n": 1}, unique="a")
    queue.close()
    with Queue(tmp_path / "jobs.db") as again:
        assert again.get(number).args == {"n": 1}


def test_a_full_disk_is_said_and_the_job_is_still_there(queue: Queue) -> None:
    number = queue.submit("a", {})
    pages = queue._connection.execute("PRAGMA page_count").fetchone()[0]
    queue._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way of having no room
    with pytest.raises(StorageFull, match="full; make room"):
        queue.submit("b", {"text": "x" * 100_000})
    queue._connection.execute("PRAGMA max_page_count = 1000000")
    assert [job.id for job in queue.list()] == [number]
    assert queue.claim("w") is not None


def test_a_queue_where_no_file_can_be_is_not_blamed_on_its_content(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be used now: unable to open"):
        Queue(tmp_path / "nowhere" / "jobs.db")


def test_a_queue_damaged_in_the_middle_is_named(tmp_path: Path, queue: Queue) -> None:
    for _ in range(50):
        queue.submit("a", {"text": "x" * 3000})
    queue.close()
    path = tmp_path / "jobs.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged .* move it away"), Queue(path) as broken:
        broken.list()

"""What a worker leaves when it ends, by itself or by force, and what the next one makes of it."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from frontrow.config import Settings
from frontrow.data.workspace import Workspace, create
from frontrow.errors import Cancelled, FrontrowError, GateRefused
from frontrow.jobs.kinds import functions
from frontrow.jobs.queue import LEASE_MS, Queue, State, clock_ms
from frontrow.jobs.worker import JobContext, JobFunction, Worker


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return create(tmp_path / "workspace")


@pytest.fixture
def queue(place: Workspace) -> Iterator[Queue]:
    with Queue(place.jobs) as opened:
        yield opened


def worker(queue: Queue, place: Workspace, **jobs: JobFunction) -> Worker:
    return Worker(queue, jobs, place, Settings())


def test_a_job_tells_its_progress_and_leaves_its_result(queue: Queue, place: Workspace) -> None:
    def count(context: JobContext, *, to: int) -> Mapping[str, Any]:
        for n in range(to + 1):
            context.step(n, to, "counting")
        return {"counted": to, "in": context.workspace.root.name}

    number = queue.submit("count", {"to": 5})
    steps: list[tuple[int, int, str]] = []
    outcome = worker(queue, place, count=count).run_one(follow=lambda *step: steps.append(step))
    job = queue.get(number)
    assert outcome == job.state == State.DONE
    assert job.result == {"counted": 5, "in": "workspace"}
    assert (job.done, job.total) == (5, 5)
    assert steps == [(n, 5, "counting") for n in range(6)]
    assert worker(queue, place).run_one() is None


def test_a_refusal_keeps_its_words_and_exit_status(queue: Queue, place: Workspace) -> None:
    def refuse(context: JobContext) -> None:
        raise GateRefused("loses by 3%")

    number = queue.submit("refuse", {})
    assert isinstance(worker(queue, place, refuse=refuse).run_one(), GateRefused)
    job = queue.get(number)
    assert (job.state, job.error, job.exit_status) == (State.FAILED, "loses by 3%", 3)


def test_a_broken_job_fails_with_its_error_and_the_worker_lives(
    queue: Queue, place: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(context: JobContext) -> None:
        raise ZeroDivisionError("by zero")

    first, second = queue.submit("broken", {}), queue.submit("unheard of", {})
    runner = worker(queue, place, broken=broken)
    with caplog.at_level(logging.CRITICAL):
        assert isinstance(runner.run_one(), FrontrowError)
        assert isinstance(runner.run_one(), FrontrowError)
    assert queue.get(first).error == "ZeroDivisionError: by zero"
    assert queue.get(second).error == "no job is called 'unheard of'; there are broken"


def test_a_cancelled_job_stops_at_its_next_step(queue: Queue, place: Workspace) -> None:
    def cancelled_meanwhile(context: JobContext) -> None:
        context.step(0, 3, "begun")
        with Queue(place.jobs) as other:
            other.cancel(number)
        context.step(1, 3, "never reached")
        raise AssertionError("went on after a cancel")

    number = queue.submit("job", {})
    assert isinstance(worker(queue, place, job=cancelled_meanwhile).run_one(), Cancelled)
    assert queue.get(number).state == State.CANCELLED


def test_ctrl_c_hands_the_job_back_with_its_checkpoint(queue: Queue, place: Workspace) -> None:
    def interrupted(context: JobContext) -> None:
        context.checkpoint["fitted"] = "v1"
        raise KeyboardInterrupt

    number = queue.submit("job", {})
    with pytest.raises(KeyboardInterrupt):
        worker(queue, place, job=interrupted).run_one()
    job = queue.get(number)
    assert (job.state, job.checkpoint, job.attempt) == (State.WAITING, {"fitted": "v1"}, 0)


def test_a_stopped_worker_hands_its_job_back_and_ends(queue: Queue, place: Workspace) -> None:
    def stops_its_worker(context: JobContext) -> None:
        context.checkpoint["reached"] = 1
        runner.stop()
        context.step(1, 2)
        raise AssertionError("went on after a stop")

    runner = worker(queue, place, job=stops_its_worker)
    number = queue.submit("job", {})
    runner.run_forever()
    job = queue.get(number)
    assert (job.state, job.checkpoint) == (State.WAITING, {"reached": 1})


def test_a_job_whose_lease_another_worker_took_does_not_go_on(
    queue: Queue, place: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    def overtaken(context: JobContext) -> None:
        with Queue(place.jobs, lambda: clock_ms() + LEASE_MS + 1) as other:
            assert other.claim("other") is not None
        context.step(1, 2)
        raise AssertionError("went on without a lease")

    number = queue.submit("job", {})
    with caplog.at_level(logging.CRITICAL):
        worker(queue, place, job=overtaken).run_one()
    assert (queue.get(number).state, queue.get(number).worker) == (State.RUNNING, "other")


CHILD = """
import signal, sys
from pathlib import Path
from frontrow.config import Settings
from frontrow.data.workspace import open_workspace
from frontrow.jobs.queue import Queue
from frontrow.jobs.worker import Worker

def in_parts(context):
    for part in range(context.checkpoint.get("parts", 0), 4):
        context.checkpoint["parts"] = part + 1
        context.save()
        context.step(part + 1, 4, "parts")
        print("part", part, flush=True)
        sys.stdin.readline()

place = open_workspace(Path(sys.argv[1]))
worker = Worker(Queue(place.jobs), {"in parts": in_parts}, place, Settings())
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run_forever()
print("ended", flush=True)
"""


def start_child(place: Workspace) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(place.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def talk(child: subprocess.Popen[str], lines: int) -> list[str]:
    """Let the job do so many parts; it waits in the last."""
    assert child.stdin is not None
    assert child.stdout is not None
    said = []
    for n in range(lines):
        said.append(child.stdout.readline().strip())
        if n < lines - 1:
            child.stdin.write("\n")
            child.stdin.flush()
    return said


@pytest.mark.crash
def test_a_job_killed_in_the_middle_goes_on_in_another_worker_where_it_was(queue: Queue, place: Workspace) -> None:
    number = queue.submit("in parts", {})
    with start_child(place) as child:
        assert talk(child, 2) == ["part 0", "part 1"]
        child.send_signal(signal.SIGKILL)
    assert queue.get(number).state == State.RUNNING
    begun_at: list[int] = []

    def in_parts(context: JobContext) -> None:
        begun_at.append(context.checkpoint["parts"])

    with Queue(place.jobs, lambda: clock_ms() + LEASE_MS + 1) as later:  # when the dead worker's lease has run out
        assert worker(later, place, **{"in parts": in_parts}).run_one() == State.DONE
    assert begun_at == [2]
    assert queue.get(number).attempt == 2


@pytest.mark.crash
def test_sigterm_gives_the_job_back_at_once_and_ends_the_worker(queue: Queue, place: Workspace) -> None:
    number = queue.submit("in parts", {})
    with start_child(place) as child:
        assert talk(child, 1) == ["part 0"]
        child.send_signal(signal.SIGTERM)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline().strip() == "ended"
    assert child.returncode == 0
    job = queue.get(number)
    assert (job.state, job.attempt, job.checkpoint) == (State.WAITING, 0, {"parts": 2})


def test_the_heartbeat_thread_ends_with_its_job(queue: Queue, place: Workspace) -> None:
    before = threading.active_count()
    runner = worker(queue, place, job=lambda context: runner.stop())
    queue.submit("job", {})
    runner.run_forever()
    assert threading.active_count() == before


def test_every_kind_that_is_scheduled_has_a_function() -> None:
    assert "nightly" in functions()


def test_a_worker_outlives_a_full_disk(queue: Queue, place: Workspace) -> None:
    ran: list[str] = []

    def fills(context: JobContext) -> dict[str, str]:
        pages = queue._connection.execute("PRAGMA page_count").fetchone()[0]
        queue._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way of having no room
        ran.append("fills")
        return {"text": "x" * 100_000}

    def small(context: JobContext) -> None:
        ran.append("small")
        worker.stop()

    worker = Worker(queue, {"fills": fills, "small": small}, place, Settings())
    first, second = queue.submit("fills", {}), queue.submit("small", {})
    queue.submit("nightly", {}, run_at_ms=queue.clock() + 10**9)
    worker.run_forever()
    assert ran == ["fills", "small"]
    assert queue.get(second).state == "done"
    assert queue.get(first).state == "running"  # its lease runs out, and it is begun again

"""Running jobs: claim one, run its function with a heartbeat beside it, and write down how it ended.

A job function is `def run(context: JobContext, **args) -> dict | None`. It calls `context.step(done, total, note)` as
it goes, keeps in `context.checkpoint` what a restart must not do again, and returns what `jobs show` prints.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from frontrow.config import Settings
from frontrow.data.workspace import Workspace
from frontrow.errors import Cancelled, FrontrowError, Unavailable
from frontrow.jobs.queue import Job, LeaseLost, Queue, State
from frontrow.jobs.schedule import LEARN_BITRATE, LEARN_PICTURES, PLAN_DELIVERY, WATCH_QUALITY, submit_when_due

HEARTBEAT_S = 5.0
POLL_S = 1.0
WRITE_MS = 250  # progress goes to the disk, and a cancel is noticed, no more often than this

JobFunction = Callable[..., Mapping[str, Any] | None]
Step = Callable[[int, int, str], None]
_log = logging.getLogger(__name__)


class Stopping(Exception):
    """Raised in a job's next step when its worker is to stop; the job goes back to the queue."""


class JobContext:
    """What a job function gets: where it works, how it tells its progress, and what an earlier attempt left."""

    def __init__(
        self,
        queue: Queue,
        job: Job,
        workspace: Workspace,
        settings: Settings,
        stopping: Callable[[], bool],
        follow: Step | None,
    ) -> None:
        self.workspace = workspace
        self.settings = settings
        self.checkpoint: dict[str, Any] = dict(job.checkpoint)
        self.lost = threading.Event()
        self._queue = queue
        self._job = job
        self._stopping = stopping
        self._follow = follow
        self._last = (job.done, job.total, job.note)
        self._written_ms = 0
        self._stage: tuple[int, int, int] | None = None  # total, done and time at which the present counting began

    def now_ms(self) -> int:
        """The clock of the queue: UTC milliseconds."""
        return self._queue.clock()

    def step(self, done: int, total: int, note: str = "") -> None:
        """Tell the progress; total 0 while unknown. Raises Cancelled when somebody cancelled the job."""
        changed = (total, note) != self._last[1:]
        self._last = (done, total, note)
        if self._follow:
            self._follow(done, total, note)
        if self._stopping():
            raise Stopping
        if changed or done >= total or self.now_ms() - self._written_ms >= WRITE_MS:
            self._write()

    def save(self) -> None:
        """Put the checkpoint on the disk now. Raises Cancelled as `step` does."""
        self._write()

    def _write(self) -> None:
        if self.lost.is_set():
            raise LeaseLost(f"job {self._job.id} is no longer held by {self._job.worker}")
        done, total, note = self._last
        self._written_ms = now = self.now_ms()
        if self._stage is None or self._stage[0] != total or done < self._stage[1]:
            self._stage = (total, done, now)
        rate = (done - self._stage[1]) * 1000 / (now - self._stage[2]) if now > self._stage[2] else None
        if self._queue.progress(self._job, done, total, note, rate, self.checkpoint):
            raise Cancelled(f"job {self._job.id} was cancelled at {done} of {total} {note}".rstrip())


class Worker:
    """Runs the jobs of one workspace, one at a time, until `stop`."""

    def __init__(
        self, queue: Queue, functions: Mapping[str, JobFunction], workspace: Workspace, settings: Settings
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.stopping = False
        self._wake: SimpleQueue[None] = SimpleQueue()  # unlike an Event it may be used in a signal handler
        self._queue = queue
        self._functions = functions
        self._workspace = workspace
        self._settings = settings

    def stop(self) -> None:
        """End `run_forever`: at once when idle, else at the job's next step, which hands the job back."""
        self.stopping = True
        self._wake.put(None)

    def run_forever(self) -> None:
        """Work until `stop`; also submits the nightly, and what learns or plans after it, when they are due."""
        started_ms = self._queue.clock()
        while not self.stopping:
            idle = True
            try:
                if submit_when_due(self._queue, self._settings.jobs.nightly_at, started_ms) is not None:
                    self._queue.submit(LEARN_PICTURES, {}, unique=LEARN_PICTURES)
                    self._queue.submit(PLAN_DELIVERY, {}, unique=PLAN_DELIVERY)
                    self._queue.submit(LEARN_BITRATE, {}, unique=LEARN_BITRATE)
                    self._queue.submit(WATCH_QUALITY, {}, unique=WATCH_QUALITY)
                idle = self.run_one() is None
            except Unavailable as error:  # a full disk, mostly: the lease of what ran runs out, and it goes on
                _log.warning("%s", error)
            if idle:
                with suppress(Empty):
                    self._wake.get(timeout=POLL_S)

    def run_one(self, *, job_id: int | None = None, follow: Step | None = None) -> FrontrowError | State | None:
        """Run the job that is due (or `job_id`): the state it is in then, or its error; None when there is none to run.

        `follow` sees every step. What a job raises that is no FrontrowError is our fault: logged with its traceback.
        """
        job = self._queue.claim(self.name, job_id=job_id)
        if job is None:
            return None
        context = JobContext(self._queue, job, self._workspace, self._settings, lambda: self.stopping, follow)
        try:
            with self._heartbeat(job, context):
                return self._run(job, context)
        except LeaseLost as error:
            _log.error("%s", error)
            return error

    def _run(self, job: Job, context: JobContext) -> FrontrowError | State:
        function = self._functions.get(job.kind)
        try:
            if function is None:
                raise FrontrowError(f"no job is called {job.kind!r}; there are {', '.join(sorted(self._functions))}")
            result = function(context, **job.args)
        except LeaseLost:
            raise
        except Cancelled as error:
            self._queue.end_cancelled(job)
            return error
        except (Stopping, KeyboardInterrupt) as error:
            self._queue.hand_back(job, context.checkpoint)
            if isinstance(error, KeyboardInterrupt):
                raise
            return State.WAITING
        except FrontrowError as error:
            self._queue.fail(job, str(error), error.exit_status)
            return error
        except Exception as error:  # noqa: BLE001 - the edge of a worker: one broken job must not end it
            _log.exception("job %s (%s) broke", job.id, job.kind)
            said = FrontrowError(f"{type(error).__name__}: {error}")
            self._queue.fail(job, str(said), said.exit_status)
            return said
        self._queue.finish(job, result)
        return State.DONE

    @contextmanager
    def _heartbeat(self, job: Job, context: JobContext) -> Iterator[None]:
        """Renew the lease from a thread, so that long steps keep it."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_S):
                try:
                    self._queue.heartbeat(job)
                except LeaseLost:
                    context.lost.set()
                    return
                except Unavailable as error:
                    _log.warning("%s", error)

        thread = threading.Thread(target=beat, name=f"heartbeat of job {job.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

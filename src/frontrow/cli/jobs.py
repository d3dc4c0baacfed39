"""`frontrow nightly` and `frontrow jobs`: long work, where it stands, and the worker that does it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import (
    DEFAULT_WORKSPACE,
    JsonOption,
    SeedOption,
    WorkspaceOption,
    emit_json,
    emit_table,
    note,
    progress,
)
from frontrow.errors import Cancelled, FrontrowError, InputError, Refusal

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.workspace import Workspace
    from frontrow.jobs.queue import Job, Queue

JobArgument = Annotated[int, typer.Argument(metavar="JOB", help="Number of the job, as `jobs list` shows it.")]
_FOLLOW_S = 0.5


def register(app: typer.Typer) -> None:
    """Add `nightly` and `jobs`."""
    app.command("nightly")(nightly)
    group = typer.Typer(help="Long work: list, show, run, cancel, and the worker.", no_args_is_help=True)
    group.command("list")(list_jobs)
    group.command("show")(show)
    group.command("run")(run)
    group.command("cancel")(cancel)
    group.command("work")(work)
    app.add_typer(group, name="jobs")


def nightly(workspace: WorkspaceOption = DEFAULT_WORKSPACE, seed: SeedOption = 0, as_json: JsonOption = False) -> None:
    """Fit the recommender now, put it through the gate and publish it: what the service does each night by itself.

    Exit status 3 when the gate refuses the new model. Ctrl-C stops it; the next `nightly` goes on where it was.

    Example: frontrow nightly --workspace cinema
    """
    from frontrow import config
    from frontrow.data.workspace import open_workspace

    place = open_workspace(workspace)
    job = run_now(place, config.load(place.root), "nightly", {"seed": seed} if seed else {})
    tell(job, as_json=as_json)


def list_jobs(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List the newest jobs and where they stand.

    Example: frontrow jobs list --workspace cinema
    """
    with _queue(workspace) as queue:
        jobs = queue.list()
    if as_json:
        emit_json({"jobs": jobs})
        return
    rows = [(job.id, job.kind, job.state, _time(job.made_at_ms), _progress(job), job.error or "") for job in jobs]
    emit_table("", ("job", "kind", "state", "made (UTC)", "progress", "error"), rows)


def show(job: JobArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Show one job: progress, result, error.

    Example: frontrow jobs show 3 --json
    """
    with _queue(workspace) as queue:
        found = queue.get(job)
    if as_json:
        emit_json(found)
        return
    rows = [
        ("state", found.state), ("kind", found.kind), ("args", found.args or ""), ("attempt", found.attempt),
        ("made", _time(found.made_at_ms)), ("begun", _time(found.started_at_ms)), ("ended", _time(found.ended_at_ms)),
        ("progress", _progress(found)), ("worker", found.worker), ("error", found.error),
        *(found.result or {}).items(),
    ]  # fmt: skip
    emit_table(f"job {found.id}", ("", ""), [row for row in rows if row[1] not in (None, "")])


def run(job: JobArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Run a waiting job here and now, or follow it where it runs already.

    Example: frontrow jobs run 3
    """
    from frontrow import config
    from frontrow.data.workspace import open_workspace

    place = open_workspace(workspace)
    with _queue(place.root) as queue:
        tell(_follow(queue, place, config.load(place.root), queue.get(job)), as_json=as_json)


def cancel(job: JobArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Cancel a job: at once while it waits, at its next step while it runs.

    Example: frontrow jobs cancel 3
    """
    with _queue(workspace) as queue:
        asked = queue.cancel(job)
    if as_json:
        emit_json(asked)
    else:
        note(f"Job {job} is cancelled" if asked.state.ended else f"Job {job} stops at its next step")


def work(workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Run jobs as they come, and the nightly fit when it is due, until SIGTERM or Ctrl-C; the job then goes back.

    `frontrow serve` starts one of these beside itself. Example: frontrow jobs work --workspace cinema
    """
    import logging
    import signal

    from frontrow import config
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs.kinds import functions
    from frontrow.jobs.worker import Worker

    place = open_workspace(workspace)
    settings = config.load(place.root)
    logging.basicConfig(level=settings.log.level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with _queue(place.root) as queue:
        worker = Worker(queue, functions(), place, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run_forever()


def run_now(place: Workspace, settings: Settings, kind: str, args: Mapping[str, Any]) -> Job:
    """Put a job through the queue and run it here with a progress bar; where the same one waits or runs, that one.

    Raises what the job raised.
    """
    unique = " ".join([kind, *(f"{name}={value}" for name, value in sorted(args.items()))])
    with _queue(place.root) as queue:
        return _follow(queue, place, settings, queue.get(queue.submit(kind, args, unique=unique)))


def tell(job: Job, *, as_json: bool) -> None:
    """Print what a finished job has to say."""
    if as_json:
        emit_json({"job": job.id, **(job.result or {})})
    else:
        emit_table(f"job {job.id}", ("", ""), list((job.result or {}).items()))


def _follow(queue: Queue, place: Workspace, settings: Settings, job: Job) -> Job:
    from frontrow.jobs.kinds import functions
    from frontrow.jobs.worker import Worker

    with progress(job.kind) as step:
        while not job.state.ended:
            outcome = Worker(queue, functions(), place, settings).run_one(job_id=job.id, follow=step)
            if isinstance(outcome, FrontrowError):
                raise outcome
            job = queue.get(job.id)
            if outcome is None and not job.state.ended:  # another worker has it
                step(job.done, job.total, job.note)
                time.sleep(_FOLLOW_S)
    if job.state == "cancelled":
        raise Cancelled(f"job {job.id} was cancelled")
    if job.state == "failed":
        raise {2: InputError, 3: Refusal}.get(job.exit_status or 1, FrontrowError)(job.error or "")
    return job


@contextmanager
def _queue(root: WorkspaceOption) -> Iterator[Queue]:
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs.queue import Queue

    with Queue(open_workspace(root).jobs) as queue:
        yield queue


def _progress(job: Job) -> str:
    counted = f"{job.done}/{job.total}" if job.total else ""
    rate = f"{job.rate:.1f}/s" if job.rate else ""
    return " ".join(part for part in (counted, job.note, rate) if part)


def _time(at_ms: int | None) -> str:
    from datetime import UTC, datetime

    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"

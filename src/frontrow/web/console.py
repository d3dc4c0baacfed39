"""The working side, for admins: what the service holds, what jobs run, which models there are, and the API in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from frontrow.data import artifacts, replay
from frontrow.data.accounts import Role
from frontrow.errors import DamagedArtifact, Refusal
from frontrow.jobs.queue import Job, Queue
from frontrow.jobs.schedule import NIGHTLY, PLAN_DELIVERY
from frontrow.service.auth import Caller, require
from frontrow.service.hall import Hall
from frontrow.service.models import RECOMMEND
from frontrow.web.site import page_caller, render

JOBS_SHOWN = 15
Admin = [Depends(require(Role.ADMIN))]
Reader = Annotated[Caller, Depends(page_caller)]


def console_pages(hall: Hall) -> APIRouter:
    """Routes of the console and of the API page."""
    router = APIRouter(include_in_schema=False)
    place = hall.workspace

    def holdings() -> dict[str, Any]:
        """Everything of the page that is read from disk."""
        with Queue(place.jobs) as queue:
            last_fit = next((job for job in queue.list(kind=NIGHTLY) if job.state.ended), None)
        return {
            "jobs": jobs_now(),
            "last_fit": last_fit and _as_shown(last_fit),
            "models": {version: _manifest(version) for version in artifacts.versions(place.artifacts, RECOMMEND)},
            "current": artifacts.current_version(place.artifacts, RECOMMEND),
            "planned": artifacts.current_version(place.artifacts, PLAN_DELIVERY) is not None,
            "titles": hall.catalogue.count(),
            "member_count": replay.count_members(place.log),
        }

    def _manifest(version: str) -> artifacts.Manifest | None:
        try:
            return artifacts.open_version(place.artifacts, RECOMMEND, version, verify=False).manifest
        except DamagedArtifact:
            return None

    def jobs_now() -> list[dict[str, Any]]:
        with Queue(place.jobs) as queue:
            return [_as_shown(job) for job in queue.list(limit=JOBS_SHOWN)]

    @router.get("/console", dependencies=Admin)
    async def console(request: Request, caller: Reader) -> HTMLResponse:
        return render(
            request, "console.html", caller, here="console", events=hall.ingest.log.high_water,
            viewers=len(hall.viewers), nightly_at=hall.settings.jobs.nightly_at, **await run_in_threadpool(holdings),
        )  # fmt: skip

    @router.get("/console/jobs", dependencies=Admin)
    async def jobs(request: Request, caller: Reader) -> HTMLResponse:
        shown = await run_in_threadpool(jobs_now)
        return render(request, "jobs.html", caller, jobs=shown, nightly_at=hall.settings.jobs.nightly_at)

    @router.post("/console/fit", dependencies=Admin)
    async def fit() -> RedirectResponse:
        with Queue(place.jobs) as queue:
            queue.submit(NIGHTLY, {}, unique=NIGHTLY)
        return RedirectResponse("/console", 303)

    @router.post("/console/jobs/{job_id}/cancel", dependencies=Admin)
    async def cancel(job_id: Annotated[int, Path(ge=1, lt=2**63)]) -> RedirectResponse:
        with Queue(place.jobs) as queue:
            queue.cancel(job_id)
        return RedirectResponse("/console", 303)

    @router.post("/console/rollback", dependencies=Admin)
    async def rollback(version: Annotated[str, Form()]) -> RedirectResponse:
        await run_in_threadpool(artifacts.rollback, place.artifacts, RECOMMEND, version)
        return RedirectResponse("/console", 303)

    @router.get("/api")
    async def api(request: Request, caller: Reader) -> HTMLResponse:
        base = str(request.base_url).rstrip("/")
        return render(request, "api.html", caller, here="api", api=request.app.openapi(), base=base)

    return router


def _as_shown(job: Job) -> dict[str, Any]:
    return {
        "id": job.id, "kind": job.kind, "state": str(job.state), "done": job.done, "total": job.total,
        "note": job.note, "error": job.error, "refused": job.exit_status == Refusal.exit_status,
        "begun": _time(job.started_at_ms), "ended": _time(job.ended_at_ms),
    }  # fmt: skip


def _time(at_ms: int | None) -> str:
    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"

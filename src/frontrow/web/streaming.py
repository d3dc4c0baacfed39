"""The console's page of playback: live sessions, stalls by region and hour, controllers side by side, and films."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from frontrow.data import artifacts
from frontrow.data.accounts import Role
from frontrow.data.replay import replay
from frontrow.errors import DamagedArtifact
from frontrow.jobs.packaging import ABOUT, folder_of
from frontrow.jobs.queue import Queue
from frontrow.jobs.schedule import LEARN_BITRATE, PACKAGE
from frontrow.schema import Kind
from frontrow.service.auth import Caller, require
from frontrow.service.hall import Hall, now_ms
from frontrow.web.pages import find_title
from frontrow.web.playbacks import HOUR_MS, HOURS, cells, gather
from frontrow.web.site import page_caller, render

_COLUMNS = ("seq", "at_ms", "member", "title", "session", "country", "props")
Admin = [Depends(require(Role.ADMIN))]
Reader = Annotated[Caller, Depends(page_caller)]


def streaming_pages(hall: Hall) -> APIRouter:
    """Routes of the page."""
    router = APIRouter(include_in_schema=False)
    place = hall.workspace

    def packaged() -> list[dict[str, Any]]:
        """Each title with a film, and its package."""
        with Queue(place.jobs) as queue:
            jobs = {job.args.get("title"): job for job in reversed(queue.list(kind=PACKAGE))}
        rows = []
        for title in hall.catalogue.titles():
            folder = folder_of(place, title.title)
            about = _about(folder / ABOUT)
            if title.asset or about:
                rows.append({"title": title, "about": about, "job": jobs.get(title.title)})
        return rows

    def controller() -> artifacts.Manifest | None:
        try:
            artifact = artifacts.open_current(place.artifacts, LEARN_BITRATE, verify=False)
        except DamagedArtifact:
            return None
        return artifact.manifest if artifact else None

    def gathered(at_ms: int) -> dict[str, Any]:
        since_ms = at_ms - at_ms % HOUR_MS - (HOURS - 1) * HOUR_MS
        told = replay(place.log, kinds=(Kind.QOE,), since_ms=since_ms, columns=_COLUMNS).frame
        names = {title.title: title.name for title in hall.catalogue.titles()}
        seen = gather(told.iter_rows(named=True), at_ms)
        for session in seen.live:
            session["name"] = names.get(session["title"], session["title"])
        hours = [f"{(since_ms // HOUR_MS + hour) % 24:02d}" for hour in range(HOURS)]
        return {
            "seen": seen, "hours": hours, "cells": cells(seen.regions), "films": packaged(), "policy": controller(),
        }  # fmt: skip

    @router.get("/console/streaming", dependencies=Admin)
    async def page(request: Request, caller: Reader) -> HTMLResponse:
        told = await run_in_threadpool(gathered, now_ms())
        return render(
            request, "streaming.html", caller, here="console", experiment=hall.settings.streaming.experiment, **told
        )

    @router.get("/console/streaming/live", dependencies=Admin)
    async def live(request: Request, caller: Reader) -> HTMLResponse:
        told = await run_in_threadpool(gathered, now_ms())
        return render(request, "streaming_live.html", caller, **told)

    @router.post("/console/streaming/learn", dependencies=Admin)
    async def learn() -> RedirectResponse:
        with Queue(place.jobs) as queue:
            queue.submit(LEARN_BITRATE, {}, unique=LEARN_BITRATE)
        return RedirectResponse("/console", 303)

    @router.post("/console/streaming/{title:path}/package", dependencies=Admin)
    async def package(title: str) -> RedirectResponse:
        find_title(hall, title)
        with Queue(place.jobs) as queue:
            queue.submit(PACKAGE, {"title": title}, unique=f"{PACKAGE}:{title}")
        return RedirectResponse("/console", 303)

    return router


def _about(file: Any) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return told

"""The published page of the nightly fill plan, in the console. Its style comes apart: pages allow none inside."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from frontrow.data import artifacts
from frontrow.data.accounts import Role
from frontrow.errors import DamagedArtifact
from frontrow.jobs.schedule import PLAN_DELIVERY
from frontrow.service.auth import require
from frontrow.service.hall import Hall

_STYLE, _MAIN = ("<style>", "</style>"), "<main>"
_LINKED = '<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/console/delivery/style.css">'
_BACK = '<p><a href="/console">Console</a></p>'


def delivery_pages(hall: Hall) -> APIRouter:
    """Routes of the page and of its style; without a plan the way leads back to the console."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(require(Role.ADMIN))])

    def parts() -> tuple[str, str, str] | None:
        """Head, style and rest of the page; None where none was published, or none is intact."""
        try:
            found = artifacts.open_current(hall.workspace.artifacts, PLAN_DELIVERY)
        except DamagedArtifact:
            return None
        if found is None:
            return None
        head, _, styled = found.text("report.txt").partition(_STYLE[0])
        style, _, rest = styled.partition(_STYLE[1])
        return head, style, rest

    @router.get("/console/delivery")
    async def page() -> Response:
        found = await run_in_threadpool(parts)
        if found is None:
            return RedirectResponse("/console", 303)
        head, _, rest = found
        return HTMLResponse(head + _LINKED + rest.replace(_MAIN, _MAIN + _BACK, 1))

    @router.get("/console/delivery/style.css")
    async def style() -> Response:
        found = await run_in_threadpool(parts)
        return Response(found[1] if found else "", media_type="text/css")

    return router

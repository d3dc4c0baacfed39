"""Every page of the site under one roof: routes, static files, and faults as pages."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from frontrow.service import faults
from frontrow.service.auth import doorkeeper
from frontrow.service.hall import Hall
from frontrow.web.artwork import artwork_pages
from frontrow.web.console import console_pages
from frontrow.web.delivery import delivery_pages
from frontrow.web.discover import discover_pages
from frontrow.web.pages import viewer_pages
from frontrow.web.player import player_files
from frontrow.web.quality import quality_pages
from frontrow.web.sign_in import sign_in_pages
from frontrow.web.site import STATIC, SignInNeeded, render
from frontrow.web.streaming import streaming_pages


def add_site(app: FastAPI, hall: Hall) -> None:
    """Add every page to the service."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(sign_in_pages(hall))
    app.include_router(viewer_pages(hall))
    app.include_router(discover_pages(hall))
    app.include_router(console_pages(hall))
    app.include_router(delivery_pages(hall))
    app.include_router(player_files(hall))
    app.include_router(streaming_pages(hall))
    app.include_router(artwork_pages(hall))
    app.include_router(quality_pages(hall))
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    for kind in faults.HANDLED:
        app.add_exception_handler(kind, _show_fault)


async def _to_sign_in(request: Request, _: Exception) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)


async def _show_fault(request: Request, error: Exception) -> Response:
    """A page for people, JSON for programs."""
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    told = faults.tell(error)
    if not wants_page:
        return await faults.answer(request, error)
    caller = await doorkeeper(request).caller(request)
    if told.status == 401:  # signed out meanwhile: what a form wanted to do has to be asked for again
        return RedirectResponse("/sign-in", 303)
    if caller is None or caller.session is None:
        return await faults.answer(request, error)
    heading = {404: "There is nothing here", 403: "Not allowed"}.get(told.status, "That did not work")
    text = f"No page is called {request.url.path}." if told.text == "Not Found" else told.text
    page = render(request, "fault.html", caller, told.status, heading=heading, text=text)
    page.headers.update(told.headers)
    return page

"""What all pages share: templates, static files, who is signed in, and faults as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from frontrow import __version__
from frontrow.data.accounts import Role
from frontrow.service import faults
from frontrow.service.auth import Caller, doorkeeper
from frontrow.service.hall import Hall
from frontrow.web.posters import draw

_HERE = Path(__file__).parent
_templates = Jinja2Templates(_HERE / "templates")
_templates.env.globals.update(draw=lambda title, name, genres: draw(str(title), name, genres), version=__version__)
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True


class SignInNeeded(Exception):
    """Nobody is signed in, and the page is for people."""


async def page_caller(request: Request) -> Caller:
    """A page's dependency: the signed-in person; others are sent to the sign-in page."""
    caller = await doorkeeper(request).caller(request)
    if caller is None or caller.session is None:
        raise SignInNeeded
    if not caller.may(Role.READ):
        raise HTTPException(403, f"pages need the role read; {caller.session.person} has {caller.role}")
    return caller


def render(request: Request, template: str, caller: Caller | None, status: int = 200, **values: Any) -> HTMLResponse:
    """A page; `caller` is who is signed in."""
    session = caller.session if caller else None
    has_vendor = (_HERE / "static" / "vendor" / "htmx.min.js").exists()
    context = {"session": session, "has_vendor": has_vendor, "show_switcher": "members" in values} | values
    return _templates.TemplateResponse(request, template, context, status_code=status)


def add_site(app: FastAPI, hall: Hall) -> None:
    """Add every page to the service."""
    from frontrow.web.artwork import artwork_pages
    from frontrow.web.console import console_pages
    from frontrow.web.delivery import delivery_pages
    from frontrow.web.discover import discover_pages
    from frontrow.web.pages import viewer_pages
    from frontrow.web.player import player_files
    from frontrow.web.quality import quality_pages
    from frontrow.web.sign_in import sign_in_pages
    from frontrow.web.streaming import streaming_pages

    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
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
    page = render(request, "fault.html", caller, told.status, heading=heading, text=told.text)
    page.headers.update(told.headers)
    return page

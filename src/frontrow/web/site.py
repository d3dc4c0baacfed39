"""What all pages share: their templates, and who is signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.templating import Jinja2Templates

from frontrow import __version__
from frontrow.data.accounts import Role
from frontrow.service.auth import Caller, doorkeeper
from frontrow.web.posters import draw

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
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
    has_vendor = (STATIC / "vendor" / "htmx.min.js").exists()
    context = {"session": session, "has_vendor": has_vendor, "show_switcher": "members" in values} | values
    return _templates.TemplateResponse(request, template, context, status_code=status)

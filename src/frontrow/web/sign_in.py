"""Signing in and out: by password, or once by a link; wrong tries are counted by name and by address."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from frontrow.data.accounts import Role
from frontrow.service.auth import COOKIE, Caller, Tries, check_csrf
from frontrow.service.hall import Hall, now_ms
from frontrow.web.site import page_caller, render

PASSWORDS_AT_ONCE = 2  # each costs 32 MiB and 60 ms of a core for scrypt
Person = Annotated[Caller, Depends(page_caller)]


def sign_in_pages(hall: Hall) -> APIRouter:
    """Routes of the door."""
    router = APIRouter(include_in_schema=False)
    tries = Tries()
    hashing = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    @router.get("/sign-in")
    async def form(request: Request, next: str = "/") -> HTMLResponse:
        return render(request, "sign_in.html", None, next=next)

    @router.post("/sign-in", dependencies=[Depends(from_this_site)])
    async def sign_in(
        request: Request, name: Annotated[str, Form(max_length=128)], password: Annotated[str, Form(max_length=1024)],
        next: Annotated[str, Form()] = "/",
    ) -> Response:  # fmt: skip
        at_ms = now_ms()
        subjects = (f"name {name}", f"address {request.client.host if request.client else ''}")
        wait_s = max(tries.wait_s(subject, at_ms) for subject in subjects)
        if wait_s:
            page = render(
                request, "sign_in.html", None, 429, next=next, fault=f"Too many tries; wait {wait_s} seconds."
            )
            page.headers["Retry-After"] = str(wait_s)
            return page
        for subject in subjects:
            tries.begun(subject, at_ms)
        async with hashing:
            role = await run_in_threadpool(hall.accounts.check_password, name, password)
        if role is None:
            return render(request, "sign_in.html", None, 401, next=next, fault="Name or password is wrong.")
        for subject in subjects:
            tries.was_right(subject, at_ms)
        return await _welcome(hall, name, role, _within_site(next))

    @router.get("/sign-in/{token}")
    async def by_link(request: Request, token: str) -> Response:
        whom = await run_in_threadpool(hall.accounts.use_link, token, now_ms())
        if whom is None:
            fault = "This link has been used or is too old; 'frontrow people link NAME' prints a new one."
            return render(request, "sign_in.html", None, 401, next="/", fault=fault)
        return await _welcome(hall, *whom, "/")

    @router.post("/sign-out")
    async def sign_out(request: Request, caller: Person) -> Response:
        assert caller.session is not None
        await check_csrf(request, caller.session)
        token = request.cookies[COOKIE]
        await run_in_threadpool(hall.accounts.close_session, token)
        hall.doorkeeper.signed_out(token)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE)
        return response

    return router


def from_this_site(request: Request) -> None:
    """Raises 403 for a form of another site, which could sign a person in as somebody else without their notice.

    Browsers say so themselves; what sends no such header is no browser and can be made to do nothing.
    """
    if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        raise HTTPException(403, "the form was sent from another site; open the sign-in page here")


async def _welcome(hall: Hall, person: str, role: Role, where: str) -> Response:
    settings = hall.settings.service
    token, _ = await run_in_threadpool(hall.accounts.open_session, person, role, now_ms(), settings.session_hours)
    response = RedirectResponse(where, 303)
    response.set_cookie(
        COOKIE, token, max_age=settings.session_hours * 3600, httponly=True, samesite="lax",
        secure=settings.secure_cookies,
    )  # fmt: skip
    return response


def _within_site(path: str) -> str:
    """A path of this site and nothing else: no other host, no scheme, no backslash that browsers take for a slash."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe else "/"

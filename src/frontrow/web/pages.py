"""The pages of a signed-in person: a member's home page, a title, the pretended player, and what they send back."""

from __future__ import annotations

import time
from html import escape
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from frontrow.data.accounts import Role
from frontrow.data.ids import derive_id, new_id
from frontrow.data.replay import find_members
from frontrow.errors import UnknownTitle
from frontrow.recommend.answer import Page
from frontrow.schema import Event, Kind, Title
from frontrow.service.auth import Caller, require
from frontrow.service.hall import Audience, Hall, now_ms
from frontrow.service.ingest import Request as Events
from frontrow.web.artwork import Pictures
from frontrow.web.player import Playback
from frontrow.web.posters import draw
from frontrow.web.site import page_caller, render

SUGGESTIONS = 12
SIMILAR = 20
FEEDBACK = {
    "play": Kind.PLAY,
    "stop": Kind.STOP,
    "rate": Kind.RATE,
    "list": Kind.LIST,
    "seen": Kind.SEEN,
    "dismiss": Kind.DISMISS,
}

Reader = Annotated[Caller, Depends(page_caller)]
MemberId = Annotated[str, Query(max_length=128)]
ProfileName = Annotated[str, Query(max_length=64)]


async def audience(member: MemberId = "", profile: ProfileName = "") -> Audience:
    """A page's dependency: as whom it is looked at."""
    return Audience(member, profile)


Who = Annotated[Audience, Depends(audience)]


def seen_by(who: Audience) -> dict[str, Any]:
    """What every template is told of them; `who` is for addresses."""
    return {"member": who.member, "profile": who.profile, "who": as_query(who)}


def as_query(who: Audience, **more: object) -> str:
    """The query of an address that keeps who is watching."""
    query = {"member": who.member, "profile": who.profile} | more
    return urlencode({name: value for name, value in query.items() if value != ""})


def viewer_pages(hall: Hall) -> APIRouter:
    """Routes of the viewer's side of the site."""
    router = APIRouter(include_in_schema=False)
    pictures = Pictures(hall)
    playback = Playback(hall)

    async def find(prefix: str) -> list[str]:
        """A few members for the switcher."""
        return await run_in_threadpool(find_members, hall.workspace.log, prefix, SUGGESTIONS)

    @router.get("/")
    async def home(request: Request, caller: Reader, who: Who) -> HTMLResponse:
        began, member = time.perf_counter(), who.member
        decision = await hall.home(who)
        page: Page = decision.answer
        rows = page.rows
        hero, heading = None, ""
        for row in rows:
            if row.kind in {"top", "popular"}:
                hero, heading, row.tiles[:] = row.tiles[0], row.heading, row.tiles[1:]
                break
        shown = [str(tile.title) for row in rows for tile in row.tiles]
        wide = await pictures.for_page(member, [str(hero.title)] if hero else [], "21:9")
        return render(
            request, "home.html", caller, here="home", pictures=await pictures.for_page(member, shown),
            hero_picture=wide.get(str(hero.title)) if hero else None, **seen_by(who), members=await find(member),
            profiles=await hall.profiles(member) if member else {},
            rows=rows, hero=hero, hero_heading=heading,
            hero_poster=hero and draw(str(hero.title), hero.name, hero.genres),
            link=link_to(who, decision.decision_id), decision_id=decision.decision_id, versions=decision.versions,
            fallback=_tell_fallback(decision.fallback, who.profile or member), may_act=caller.may(Role.INGEST),
            is_new=bool(member) and decision.fallback == "popular", new_id=lambda: new_id(now_ms()),
            workspace=hall.workspace.root, took_ms=1000 * (time.perf_counter() - began),
        )  # fmt: skip

    @router.get("/members")
    async def members(_: Reader, member: MemberId = "") -> HTMLResponse:
        options = "".join(f'<option value="{escape(name)}">' for name in await find(member))
        return HTMLResponse(options)

    @router.get("/title/{title:path}")
    async def title_page(
        request: Request, caller: Reader, title: str, who: Who, d: MemberId = "", row: MemberId = ""
    ) -> HTMLResponse:
        it, member = find_title(hall, title), who.member
        ours = request.headers.get("sec-fetch-site") in {"same-origin", None}  # a link on another site is no click
        if d and member and ours and caller.may(Role.INGEST):
            click = Event(  # one a decision and title, however often the page is reloaded
                id=derive_id("click", d, title),
                at_ms=now_ms(),
                kind=Kind.CLICK,
                member=member,
                profile=who.profile,
                title=title,
                decision_id=d,
                props={"row": row},
            )
            await store_event(hall, click)
        try:
            decision = await hall.similar(title, SIMILAR, who)
            similar, decision_id = decision.answer.tiles, decision.decision_id
            why = (await hall.explain(title, who)).answer if member else None
        except UnknownTitle:  # in the catalogue, not yet in a model
            similar, decision_id, why = [], d, None
        return render(
            request, "title.html", caller, **seen_by(who), members=await find(member), it=it,
            pictures=await pictures.for_page(member, [title, *(str(tile.title) for tile in similar)]),
            similar=similar, why=why, did=await _did(hall, who, title), link=link_to(who, decision_id),
            decision_id=d or decision_id, may_act=caller.may(Role.INGEST), new_id=lambda: new_id(now_ms()),
        )  # fmt: skip

    @router.get("/watch/{title:path}")
    async def watch(
        request: Request,
        caller: Reader,
        title: str,
        who: Who,
        d: MemberId = "",
        at: Annotated[float, Query(ge=0, le=1)] = 0.0,
    ) -> HTMLResponse:
        play = await run_in_threadpool(playback.decide, who.member, title)
        wide = await pictures.for_page(who.member, [title], "16:9")
        return render(
            request, "watch.html", caller, **seen_by(who), members=await find(who.member), it=find_title(hall, title),
            at=at, decision_id=d, new_id=lambda: new_id(now_ms()), play=play, picture=wide.get(title),
        )  # fmt: skip

    @router.post("/title/{title:path}/{action}", dependencies=[Depends(require(Role.INGEST))])
    async def act(
        title: str, action: str, event: Annotated[str, Form()], member: Annotated[str, Form(max_length=128)],
        value: Annotated[float, Form()], decision: Annotated[str, Form(max_length=64)] = "",
        profile: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:  # fmt: skip
        kind = FEEDBACK.get(action)
        if kind is None:
            raise HTTPException(404, f"nothing is called {action!r} here")
        find_title(hall, title)
        await store_event(
            hall,
            Event(
                id=event,
                at_ms=now_ms(),
                kind=kind,
                member=member,
                profile=profile,
                title=title,
                decision_id=decision,
                value=value,
                device="web",
            ),
        )
        who = Audience(member, profile)
        if kind is Kind.PLAY:
            where = f"/watch/{quote(title, safe='')}?{as_query(who, d=decision, at=value)}"
        elif kind is Kind.STOP:
            where = f"/?{as_query(who)}"
        else:
            where = f"/title/{quote(title, safe='')}?{as_query(who)}"
        return RedirectResponse(where, 303)

    @router.post("/profiles", dependencies=[Depends(require(Role.INGEST))])
    async def make_profile(
        event: Annotated[str, Form()],
        member: Annotated[str, Form(min_length=1, max_length=128)],
        profile: Annotated[str, Form(min_length=1, max_length=64)],
        kids: Annotated[bool, Form()] = False,
    ) -> Response:
        name = profile.strip()
        if name in await hall.profiles(member):  # the one without a name too
            raise HTTPException(422, f"there is a profile {name!r} already; choose another name")
        made = Event(
            id=event, at_ms=now_ms(), kind=Kind.JOIN, member=member, profile=name, device="web", props={"kids": kids}
        )
        await store_event(hall, made)
        return RedirectResponse(f"/?{as_query(Audience(member, name))}", 303)

    return router


async def store_event(hall: Hall, event: Event) -> None:
    """Put one event into the log; a 422 page when it is refused."""
    acknowledged = await hall.ingest.store(Events([event], [0], []))
    if acknowledged.refused:
        fault = acknowledged.refused[0]
        raise HTTPException(422, f"{fault.column} {fault.value!r} {fault.reason}")


async def _did(hall: Hall, who: Audience, title: str) -> dict[str, Any]:
    """What the member did with the title, as the page shows it."""
    viewer = await hall.viewer(who)
    watched = viewer.watched.get(hall.models.model.series.get(title, title))
    if watched is None:
        return {}
    return {
        "played": watched.fraction, "listed": watched.listed, "seen": watched.seen, "dismissed": watched.dismissed,
        "rated": watched.stars,
    }  # fmt: skip


def find_title(hall: Hall, title: str) -> Title:
    """The catalogue's entry; a 404 page where there is none."""
    try:
        return hall.catalogue.get(title)
    except UnknownTitle as error:
        raise HTTPException(404, str(error)) from None


def link_to(who: Audience, decision_id: str) -> Any:
    """A function from title and row to the title's address, which tells the click's decision and row."""

    def link(title: object, row: str) -> str:
        return f"/title/{quote(str(title), safe='')}?{as_query(who, d=decision_id, row=row)}"

    return link


def _tell_fallback(fallback: str, viewer: str) -> str:
    if fallback == "popular":
        why, cure = (f"{viewer} has watched nothing yet", "Play something")
        if not viewer:
            why, cure = ("No member is chosen", "Choose one above")
        return f"{why}, so this is what everybody watches. {cure}, and the page becomes theirs."
    return fallback[:1].upper() + fallback[1:]

"""Search results, and the first picks of somebody without a history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from frontrow.data.accounts import Role
from frontrow.data.ids import derive_id, new_id
from frontrow.schema import Event, Kind
from frontrow.service.auth import require
from frontrow.service.hall import Audience, Hall, now_ms
from frontrow.web.pages import Reader, Who, as_query, find_title, link_to, seen_by, store_event
from frontrow.web.site import render

FOUND = 60
FIRST_PICKS = 30
PICKS = 3
GOOD_STARS = 5.0


def discover_pages(hall: Hall) -> APIRouter:
    """Routes of finding something beyond the home page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/search")
    async def search(
        request: Request, caller: Reader, who: Who, q: Annotated[str, Query(max_length=200)] = ""
    ) -> HTMLResponse:
        words = q.strip()
        decision = await hall.search(words, FOUND, who)
        ours = request.headers.get("sec-fetch-site") in {"same-origin", None}
        if words and who.member and ours and caller.may(Role.INGEST):
            at_ms = now_ms()
            asked = Event(
                id=new_id(at_ms), at_ms=at_ms, kind=Kind.SEARCH, member=who.member, profile=who.profile,
                decision_id=decision.decision_id, props={"query": words},
            )  # fmt: skip
            await store_event(hall, asked)
        return render(
            request, "search.html", caller, **seen_by(who), members=[], q=words, tiles=decision.answer.tiles,
            link=link_to(who, decision.decision_id), decision_id=decision.decision_id,
            may_act=caller.may(Role.INGEST),
        )  # fmt: skip

    @router.get("/welcome")
    async def welcome(request: Request, caller: Reader, who: Who) -> HTMLResponse:
        decision = await hall.first_picks(FIRST_PICKS, who)
        return render(
            request, "welcome.html", caller, **seen_by(who), members=[], tiles=decision.answer.tiles, picks=PICKS,
            decision_id=decision.decision_id, may_act=caller.may(Role.INGEST),
        )  # fmt: skip

    @router.post("/welcome", dependencies=[Depends(require(Role.INGEST))])
    async def pick(
        member: Annotated[str, Form(min_length=1, max_length=128)],
        decision: Annotated[str, Form(max_length=64)],
        title: Annotated[list[str] | None, Form()] = None,
        profile: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        picked = list(dict.fromkeys(title or ()))
        if len(picked) > FIRST_PICKS:
            raise HTTPException(422, f"{len(picked)} titles were picked; {FIRST_PICKS} were offered")
        for each in picked:
            find_title(hall, each)
        for place, each in enumerate(picked):  # the same form sent twice is stored once
            liked = Event(
                id=derive_id("welcome", decision, each), at_ms=now_ms() + place, kind=Kind.RATE, member=member,
                profile=profile, title=each, decision_id=decision, value=GOOD_STARS, device="web",
                props={"row": "welcome"},
            )  # fmt: skip
            await store_event(hall, liked)
        where = "/" if picked else "/welcome"
        return RedirectResponse(f"{where}?{as_query(Audience(member, profile))}", 303)

    return router

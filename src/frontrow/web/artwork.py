"""Pictures on the pages: which one each viewer sees, and the editor's page with a title's contact sheet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import numpy as np
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from frontrow.artwork import chooser, report
from frontrow.artwork.chooser import EVERYBODY, Chooser
from frontrow.artwork.crop import SHAPES
from frontrow.data import artifacts
from frontrow.data.accounts import Role
from frontrow.data.gallery import Editor
from frontrow.errors import UnknownTitle
from frontrow.jobs import artwork as work
from frontrow.jobs.queue import Queue
from frontrow.jobs.schedule import LEARN_PICTURES
from frontrow.service.auth import Caller, require
from frontrow.service.hall import Audience, Hall, now_ms
from frontrow.web.site import page_caller, render

REFRESH_S = 3.0  # how old the list of pictures may be
_TASTE = 0.3  # played share from which a title says something about taste
_ADMIN = [Depends(require(Role.ADMIN))]
_REVIEW = [Depends(require(Role.REVIEW))]
Reader = Annotated[Caller, Depends(page_caller)]


class Pictures:
    """Every title's pictures in memory, with the chooser in force; looked for anew when older than REFRESH_S."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._shelf = work.gallery(hall.workspace)
        self._entries: dict[str, dict[str, dict[str, Any]]] = {}
        self._editors: dict[str, Editor] = {}
        self._chooser: Chooser | None = None
        self._genres: dict[str, tuple[str, ...]] = {}
        self._seen: tuple[str | None, tuple[tuple[str, int], ...]] | None = None
        self._read_at = -REFRESH_S

    async def for_page(self, member: str, titles: Iterable[str], shape: str = "2:3") -> dict[str, dict[str, Any]]:
        """title -> url, id, propensity, segment and arm of the picture that the member sees, where there is one."""
        if time.monotonic() - self._read_at > REFRESH_S:
            await asyncio.to_thread(self._refresh)
        if not self._entries or self._chooser is None:
            return {}
        segment, at_ms, found = await self._segment(member), now_ms(), {}
        for title in titles:
            entries = self._entries.get(title)
            if not entries:
                continue
            pinned = self._editors[title].pinned
            shown = self._chooser.choose(title, member, segment, at_ms, pinned)
            if shown and shown.picture in entries:
                name = entries[shown.picture]["files"][shape]
                found[title] = {"url": f"/pictures/{quote(title, safe='')}/{name}"} | {
                    "id": shown.picture, "propensity": shown.propensity, "segment": shown.segment, "arm": shown.arm,
                }  # fmt: skip
        return found

    def _refresh(self) -> None:
        self._read_at = time.monotonic()
        seen = (artifacts.current_version(self._hall.workspace.artifacts, LEARN_PICTURES), self._shelf.stamp())
        if seen == self._seen:
            return
        listed = {title: self._shelf.eligible(title) for title, _ in self._shelf.titles()}
        self._editors = {title: self._shelf.editor(title) for title in listed}
        current = work.published(self._hall.workspace)
        missing = {t: e for t, e in listed.items() if not _serves(current, t, e)}
        fresh = chooser.fit(missing, None, [], np.random.default_rng(0))
        self._chooser = fresh if current is None else _joined(current, fresh)
        self._entries = {title: {x["id"]: x for x in entries} for title, entries in listed.items() if entries}
        self._genres = {x.title: x.genres for x in self._hall.catalogue.titles()} if listed else {}
        self._seen = seen

    async def _segment(self, member: str) -> str:
        """The genre that the member watched most."""
        if not member:
            return EVERYBODY
        viewer = await self._hall.viewer(Audience(member))
        counts: dict[str, int] = {}
        for title, watched in viewer.watched.items():
            if watched.finished or (watched.fraction or 0) >= _TASTE:
                for genre in self._genres.get(str(title), ()):
                    counts[genre] = counts.get(genre, 0) + 1
        return max(sorted(counts), key=lambda genre: counts[genre]) if counts else EVERYBODY


def artwork_pages(hall: Hall) -> APIRouter:
    """Routes of the pictures and of the editor."""
    router = APIRouter(include_in_schema=False)
    shelf = work.gallery(hall.workspace)

    def known(title: str) -> Any:
        try:
            return hall.catalogue.get(title)
        except UnknownTitle as error:
            raise HTTPException(404, str(error)) from None

    @router.get("/pictures/{title:path}/{name}")
    async def picture(_: Reader, title: str, name: str) -> FileResponse:
        path = shelf.file(title, name)
        if path is None:
            raise HTTPException(404, "there is no such picture")
        return FileResponse(path, headers={"Cache-Control": "private, max-age=300"})

    @router.get("/console/artwork", dependencies=_REVIEW)
    async def index(request: Request, caller: Reader) -> HTMLResponse:
        def listed() -> list[dict[str, Any]]:
            with Queue(hall.workspace.jobs) as queue:
                jobs = {job.args.get("title"): job for job in reversed(queue.list(kind=work.MAKE))}
            return [
                {"title": x, "manifest": shelf.manifest(x.title), "job": jobs.get(x.title)}
                for x in hall.catalogue.titles()
                if x.asset
            ]

        rows = await run_in_threadpool(listed)
        return render(request, "artwork.html", caller, here="console", rows=rows)

    @router.get("/console/artwork/{title:path}", dependencies=_REVIEW)
    async def sheet(request: Request, caller: Reader, title: str) -> HTMLResponse:
        it, manifest = known(title), shelf.manifest(title)

        def figures() -> tuple[dict[str, Any], report.Lift]:
            shown, _, _ = work.showings(hall.workspace, hall.settings)
            own = shown.filter(shown["title"] == title)
            return {x["picture"]: x for x in report.rates(own)}, report.lift(own)

        rates, lift = await run_in_threadpool(figures)
        return render(
            request, "artwork_title.html", caller, here="console", it=it, manifest=manifest, editor=shelf.editor(title),
            rates=rates, lift=lift, shapes=list(SHAPES),
        )  # fmt: skip

    @router.post("/console/artwork/{title:path}/make", dependencies=_ADMIN)
    async def make(title: str) -> RedirectResponse:
        known(title)
        with Queue(hall.workspace.jobs) as queue:
            queue.submit(work.MAKE, {"title": title}, unique=f"{work.MAKE} title={title}")
        return RedirectResponse("/console/artwork", 303)

    @router.post("/console/artwork/{title:path}/decide", dependencies=_REVIEW)
    async def decide(
        title: str, picture: Annotated[str, Form(max_length=32)], action: Annotated[str, Form(max_length=16)]
    ) -> RedirectResponse:
        known(title)
        editor = shelf.editor(title)
        if picture not in {x["hash"] for x in (shelf.manifest(title) or {}).get("candidates", [])}:
            raise HTTPException(404, f"there is no picture {picture!r}")
        forbidden = tuple(x for x in editor.forbidden if x != picture)
        pinned = "" if editor.pinned == picture else editor.pinned
        if action == "pin":
            pinned = picture
        elif action == "forbid":
            forbidden = (*forbidden, picture)
        elif action not in ("unpin", "allow"):
            raise HTTPException(404, f"nothing is called {action!r} here")
        changed = msgspec.structs.replace(editor, pinned=pinned, forbidden=forbidden)
        await run_in_threadpool(shelf.decide, title, changed)
        return RedirectResponse(f"/console/artwork/{quote(title, safe='')}", 303)

    @router.post("/console/artwork/{title:path}/crop", dependencies=_REVIEW)
    async def crop(
        title: str, picture: Annotated[str, Form(max_length=32)], shape: Annotated[str, Form(max_length=8)],
        middle_x: Annotated[float, Form(ge=0, le=100)], middle_y: Annotated[float, Form(ge=0, le=100)],
        size: Annotated[float, Form(ge=20, le=100)],
    ) -> RedirectResponse:  # fmt: skip
        it = known(title)
        if shape not in SHAPES:
            raise HTTPException(422, f"no shape {shape!r}; there are {', '.join(SHAPES)}")
        place = (middle_x / 100, middle_y / 100, size / 100)
        done = await run_in_threadpool(work.crop_by_hand, hall.workspace, hall.settings, it, picture, shape, place)
        if not done:
            raise HTTPException(404, f"there is no picture {picture!r}")
        return RedirectResponse(f"/console/artwork/{quote(title, safe='')}", 303)

    return router


def _serves(current: Chooser | None, title: str, entries: list[dict[str, Any]]) -> bool:
    """Whether the published chooser knows just the title's present pictures."""
    return current is not None and set(current.pictures.get(title, ())) == {x["id"] for x in entries}


def _joined(current: Chooser, fresh: Chooser) -> Chooser:
    """The published chooser, with even draws for titles that it does not know as they are now."""
    evenly = {t: np.repeat(fresh.probabilities[t], len(current.segments), axis=0) for t in fresh.pictures}
    return Chooser(
        current.segments, {**current.pictures, **fresh.pictures}, {**current.probabilities, **evenly}, current.config
    )

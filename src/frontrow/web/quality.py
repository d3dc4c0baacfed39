"""The reviewers' pages: what waits for a look, and one file with its player, findings and verdicts, by keyboard."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from frontrow.data import artifacts
from frontrow.data.accounts import Role
from frontrow.data.ids import new_id
from frontrow.data.reviews import (
    ABOUT_FILE,
    Found,
    Inspected,
    Word,
    last_about_file,
    last_about_findings,
    missed,
)
from frontrow.errors import InputError, UnreadableMedia
from frontrow.jobs import judge as teaching
from frontrow.jobs import quality as work
from frontrow.jobs.queue import Queue
from frontrow.jobs.schedule import WATCH_QUALITY
from frontrow.quality import review
from frontrow.quality.findings import CODES, gravest
from frontrow.quality.judge import NAME
from frontrow.quality.markers import timecode
from frontrow.service.auth import Caller, require
from frontrow.service.hall import Hall, now_ms
from frontrow.web.pages import store_event
from frontrow.web.site import page_caller, render

Reader = Annotated[Caller, Depends(page_caller)]
_REVIEW = [Depends(require(Role.REVIEW))]
_ADMIN = [Depends(require(Role.ADMIN))]
MOST_SHOWN = 500  # findings of one file; a broken subtitle file may have a hundred thousand
_FILM_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska",
    ".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "video/ogg",
}  # fmt: skip
_FILES = {
    "report.html": "text/html", "markers.edl": "text/plain", "markers.csv": "text/csv", work.SUBTITLES: "text/vtt",
}  # fmt: skip


def quality_pages(hall: Hall) -> APIRouter:
    """Routes of the review queue and of one inspected file."""
    router = APIRouter(include_in_schema=False)
    reviews = hall.reviews

    def find(inspection: str) -> Inspected:
        try:
            return reviews.get(inspection)
        except InputError as error:
            raise HTTPException(404, str(error)) from None

    def overview(reviewer: str) -> dict[str, Any]:
        """Everything of the queue's page."""
        with Queue(hall.workspace.jobs) as queue:
            jobs = [job for job in queue.list(limit=200) if job.kind in work.KINDS and not job.state.ended]
            training = next(iter(queue.list(kind=teaching.TRAIN, limit=1)), None)
            night = next((job for job in queue.list(kind=WATCH_QUALITY, limit=5) if job.result), None)
        inspections, words = reviews.inspections(), reviews.words()
        said = last_about_file(words)
        waiting = work.waiting(reviews, reviewer)
        standings = {each.id: review.standing(each) for each in work.cases(inspections, said)}
        judge = work.in_force(hall.workspace)
        counted, kept = work.audit(reviews, judge)
        return {
            "waiting": [(case, it, _why(case, it)) for case, it in waiting],
            "rest": [(it, standings.get(it.id)) for it in inspections if it.id not in {case.id for case, _ in waiting}],
            "jobs": jobs,
            "audit": counted,
            "kept": kept,
            "promise": judge and judge.judge.thresholds.in_words(judge.judge.config.promise),
            "agreement": review.agreement(work.cases(inspections, said)),
            "judge": judge and judge.version,
            "versions": list(artifacts.versions(hall.workspace.artifacts, NAME)),
            "words": len(words),
            "training": training,
            "night": night,
            "shifted": [] if jobs else work.shifted(reviews, said),
        }

    def sheet(it: Inspected, reviewer: str) -> dict[str, Any]:
        """Everything of one file's page."""
        found, words = reviews.found(it.id), reviews.words(it.id)
        case = next(iter(work.cases([it], last_about_file(words))), None)
        said = last_about_file(words).get(it.id, {})
        mine = said.get(reviewer)
        others = {who: word for who, word in said.items() if who != reviewer}
        has_decided = mine in ("approve", "reject")  # until then others' words would lead the eye
        about = last_about_findings(words)
        return {
            "it": it,
            "case": case,
            "standing": case and review.standing(case),
            "mine": mine,
            "me": reviewer,
            "others": others if has_decided else {},
            "others_hidden": 0 if has_decided else len(others),
            "findings": [_as_shown(each, it, about, reviewer, told=has_decided) for each in gravest(found, MOST_SHOWN)],
            "left_out": max(0, len(found) - MOST_SHOWN),
            "missed": [span for span in missed(words) if has_decided or span.reviewer == reviewer],
            "codes": [code for group in ("picture", "sound", "subtitles") for code in CODES[group]],
            "playable": _is_playable(it.file),
            "has_subtitles": (work.folder(hall.workspace, it.id) / work.SUBTITLES).is_file(),
            "clock": lambda at_s: timecode(at_s, it.frame_rate),
        }

    @router.get("/quality", dependencies=_REVIEW)
    async def queue(request: Request, caller: Reader) -> HTMLResponse:
        shown = await run_in_threadpool(overview, _reviewer(caller))
        return render(request, "quality.html", caller, here="quality", may_inspect=caller.may(Role.ADMIN), **shown)

    @router.get("/quality/next", dependencies=_REVIEW)
    async def following(caller: Reader, after: str = "") -> RedirectResponse:
        waiting = await run_in_threadpool(work.waiting, reviews, _reviewer(caller))
        ids = [case.id for case, _ in waiting if case.id != after]
        return RedirectResponse(f"/quality/{ids[0]}" if ids else "/quality", 303)

    @router.post("/quality/inspect", dependencies=_ADMIN)
    async def inspect_all() -> RedirectResponse:
        with Queue(hall.workspace.jobs) as queue:
            queue.submit(work.INSPECT_ALL, {}, unique=work.INSPECT_ALL)
        return RedirectResponse("/quality", 303)

    @router.post("/quality/train", dependencies=_ADMIN)
    async def train() -> RedirectResponse:
        with Queue(hall.workspace.jobs) as queue:
            queue.submit(teaching.TRAIN, {}, unique=teaching.TRAIN)
        return RedirectResponse("/quality", 303)

    @router.get("/quality/{inspection}", dependencies=_REVIEW)
    async def look(request: Request, caller: Reader, inspection: str) -> HTMLResponse:
        shown = await run_in_threadpool(lambda: sheet(find(inspection), _reviewer(caller)))
        return render(request, "quality_file.html", caller, here="quality", **shown)

    @router.post("/quality/{inspection}/say", dependencies=_REVIEW)
    async def say(
        request: Request, caller: Reader, inspection: str, said: Annotated[str, Form(max_length=16)],
        number: Annotated[int | None, Form(ge=0, lt=2**31)] = None, code: Annotated[str, Form(max_length=32)] = "",
        start_s: Annotated[float | None, Form(ge=0, lt=1e7)] = None,
        end_s: Annotated[float | None, Form(ge=0, lt=1e7)] = None,
    ) -> Response:  # fmt: skip
        it = await run_in_threadpool(find, inspection)
        now = now_ms()
        if code and code not in {each for codes in CODES.values() for each in codes}:
            raise HTTPException(422, f"there is no finding code {code!r}")
        word = Word(new_id(now), it.id, _reviewer(caller), said, now, number, code, start_s, end_s)
        await run_in_threadpool(reviews.say, [word])
        await store_event(hall, work.event_of(word, it))
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"id": word.id, "said": said})
        after = f"/quality/next?after={it.id}" if said in ABOUT_FILE else f"/quality/{it.id}"
        return RedirectResponse(after, 303)

    @router.get("/quality/{inspection}/film", dependencies=_REVIEW)
    async def film(_: Reader, inspection: str) -> FileResponse:
        it = await run_in_threadpool(find, inspection)
        try:
            path = await run_in_threadpool(work.film, hall.workspace, hall.settings, it.file)
        except (InputError, UnreadableMedia) as error:
            raise HTTPException(404, str(error)) from None
        kind = _FILM_TYPES.get(path.suffix.lower(), "application/octet-stream")
        return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=600"})

    @router.get("/quality/{inspection}/stills/{name}", dependencies=_REVIEW)
    async def still(_: Reader, inspection: str, name: str) -> FileResponse:
        it = await run_in_threadpool(find, inspection)
        path = work.folder(hall.workspace, it.id) / name
        if not (name.removesuffix(".jpg").isdecimal() and path.is_file()):
            raise HTTPException(404, "there is no such still")
        return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    @router.get("/quality/{inspection}/files/{name}", dependencies=_REVIEW)
    async def file(_: Reader, inspection: str, name: str) -> FileResponse:
        it = await run_in_threadpool(find, inspection)
        path = work.folder(hall.workspace, it.id) / name
        if name not in _FILES or not path.is_file():
            raise HTTPException(404, "there is no such file")
        return FileResponse(path, media_type=_FILES[name], filename=f"{it.file.rsplit('/', 1)[-1]}.{name}")

    return router


def _reviewer(caller: Caller) -> str:
    assert caller.session is not None  # `page_caller` lets only people in
    return caller.session.person


def _is_playable(file: str) -> bool:
    """Whether browsers mostly play such a file."""
    suffix = "." + file.rsplit(".", 1)[-1].lower()
    return suffix in _FILM_TYPES


def _why(case: review.Case, it: Inspected) -> str:
    """Why the file waits, in words."""
    state = review.standing(case).state
    if state == "disputed":
        return "reviewers disagree"
    if state == "second":
        return "a reviewer contradicts the machine: a second look"
    if case.audit:
        return "audit of an automatic approval"
    return "rejected; a person may overrule" if it.verdict == "reject" else "the machine is not sure"


def _as_shown(
    each: Found, it: Inspected, about: dict[tuple[str, int], dict[str, str]], reviewer: str, *, told: bool
) -> dict[str, Any]:
    said = about.get((it.id, each.number), {})
    others = Counter(word for who, word in said.items() if who != reviewer) if told else Counter()
    return {
        "it": each, "mine": said.get(reviewer, ""), "others": dict(others),
        "still": work.still_name(each.start_s, each.end_s),
        "left": 100 * min(each.start_s / max(it.duration_s, 1e-3), 1.0),
        "width": 100 * min((each.end_s - each.start_s) / max(it.duration_s, 1e-3), 1.0),
    }  # fmt: skip

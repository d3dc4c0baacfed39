"""The HTTP service: routes, errors as answers, and the OpenAPI description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Path, Query, Request, Response

from frontrow import __version__
from frontrow.data.accounts import Role
from frontrow.data.events import ForgetReceipt
from frontrow.recommend.answer import Page, Ranked
from frontrow.recommend.why import Why
from frontrow.schema import Decision, Event
from frontrow.service import faults, ingest
from frontrow.service.auth import require
from frontrow.service.guard import Guard
from frontrow.service.hall import Audience, Hall
from frontrow.service.metrics import Timed

Text = Annotated[str, Query(max_length=128)]
Country = Annotated[str, Query(pattern="^([A-Z]{2})?$", description="ISO 3166-1 alpha-2")]
Kids = Annotated[bool, Query(description="nothing above the age of 7, as for profiles whose join event says kids")]
Count = Annotated[int, Query(ge=1, le=200)]
Likes = Annotated[str, Query(max_length=2000, description="ids of titles they say they like, with commas between")]
Words = Annotated[str, Query(min_length=1, max_length=200, description="a title, a person or a genre")]
Maturity = Annotated[int, Query(ge=0, le=99, description="highest minimum age shown; 99: no limit")]

_encode = msgspec.json.Encoder().encode


async def _limits(
    profile: Text = "", country: Country = "", max_maturity: Maturity = 99, kids: Kids = False
) -> Audience:
    """What every decision may be told of those in front of the screen; the route adds the member."""
    return Audience("", profile, country, max_maturity, kids)


Limits = Annotated[Audience, Depends(_limits)]


class HomeDecision(Decision):
    """A home page in its envelope."""

    answer: Page


class ExplainDecision(Decision):
    """What decided on one title, in its envelope."""

    answer: Why


class SimilarDecision(Decision):
    """A list of titles in its envelope."""

    answer: Ranked


def create_app(hall: Hall, *, with_worker: bool = False) -> FastAPI:
    """The service over an open hall, which it closes when it stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hall.open(with_worker=with_worker)
        yield
        await hall.close()

    app = FastAPI(
        title="Frontrow", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
        description="Decisions for a streaming service. All but /health need the header Authorization: Bearer KEY.",
    )  # fmt: skip
    app.state.hall = hall
    app.state.doorkeeper = hall.doorkeeper
    app.add_middleware(Timed, metrics=hall.metrics)
    app.add_middleware(Guard, body_bytes=hall.settings.service.body_bytes)
    for kind in faults.HANDLED:
        app.add_exception_handler(kind, faults.answer)
    _add_health(app, hall)
    _add_events(app, hall)
    _add_recommend(app, hall)
    _add_members(app, hall)
    return app


def _add_health(app: FastAPI, hall: Hall) -> None:
    @app.get("/health/live", tags=["health"], summary="The process runs")
    async def live() -> dict[str, str]:
        return {"status": "live", "version": __version__}

    @app.get("/health/ready", tags=["health"], summary="Requests can be answered")
    async def ready() -> dict[str, str]:
        return {"status": "ready", "model": hall.models.version or "none"}

    @app.get("/metrics", tags=["health"], dependencies=[Depends(require(Role.READ))], summary="Counters for Prometheus")
    async def metrics() -> Response:
        return Response(hall.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/openapi.json", dependencies=[Depends(require(Role.READ))], include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        return app.openapi()


def _add_events(app: FastAPI, hall: Hall) -> None:
    most = hall.settings.events.queue_events
    body = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": _schema(Event | list[Event])}}}
    }

    @app.post(
        "/v1/events", tags=["events"], dependencies=[Depends(require(Role.INGEST))], openapi_extra=body,
        responses=_answers(ingest.Acknowledgement) | {503: {"description": "The queue is full: see Retry-After"}},
    )  # fmt: skip
    async def store_events(request: Request) -> Response:
        """Store one event or a list; the answer comes after they are on disk.

        The same id twice is stored once, so a client that got no answer sends again. Events that are wrong are refused
        one by one, with the reason; 422 when all of them are.
        """
        acknowledged = await hall.ingest.store(ingest.decode(await request.body(), most))
        hall.metrics.refused.inc(len(acknowledged.refused))
        kept = acknowledged.stored + acknowledged.duplicates
        return _json(acknowledged, 422 if acknowledged.refused and not kept else 200)


def _add_members(app: FastAPI, hall: Hall) -> None:
    @app.delete(
        "/v1/members/{member:path}", tags=["members"], dependencies=[Depends(require(Role.ADMIN))],
        responses=_answers(ForgetReceipt) | {404: {"description": "The log knows no such member"}},
    )  # fmt: skip
    async def forget(member: Annotated[str, Path(min_length=1, max_length=128)]) -> Response:
        """Remove a member and all their events, and leave a receipt. Stop sending events of theirs first."""
        return _json(await hall.forget(member))


def _add_recommend(app: FastAPI, hall: Hall) -> None:
    reader = [Depends(require(Role.READ))]

    @app.get("/v1/home/{member:path}", tags=["recommend"], dependencies=reader, responses=_answers(HomeDecision))
    async def home(
        member: Annotated[str, Path(min_length=1, max_length=128)],
        limits: Limits,
        likes: Likes = "",
    ) -> Response:
        """The member's home page: rows of tiles, each with its reason. An unknown member gets a page too.

        `likes` are counted as if just rated well, and stored nowhere: three of them make a page for somebody new.
        """
        liked = tuple(title for title in likes.split(",") if title)
        return _json(await hall.home(replace(limits, member=member, likes=liked)))

    @app.get("/v1/similar/{title:path}", tags=["recommend"], dependencies=reader, responses=_answers(SimilarDecision))
    async def similar(
        title: str,
        limits: Limits,
        count: Count = 20,
        member: Text = "",
    ) -> Response:
        """The titles most like one, within the rules; with `member`, those that hold for them."""
        return _json(await hall.similar(title, count, replace(limits, member=member)))

    @app.get("/v1/search", tags=["recommend"], dependencies=reader, responses=_answers(SimilarDecision))
    async def search(
        q: Words,
        limits: Limits,
        count: Count = 20,
        member: Text = "",
    ) -> Response:
        """Titles by name, person or genre; typing errors are forgiven, equal matches ranked for the member."""
        return _json(await hall.search(q, count, replace(limits, member=member)))

    @app.get(
        "/v1/explain/{title:path}", tags=["recommend"], dependencies=reader,
        responses=_answers(ExplainDecision) | {404: {"description": "The model knows no such title"}},
    )  # fmt: skip
    async def explain(
        title: str,
        member: Annotated[str, Query(min_length=1, max_length=128)],
        limits: Limits,
    ) -> Response:
        """Why the member is shown a title, or which rule or what score keeps it away, and its place a day ago."""
        return _json(await hall.explain(title, replace(limits, member=member)))


def _json(value: object, status: int = 200) -> Response:
    return Response(_encode(value), status, media_type="application/json")


def _answers(of: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "Done", "content": {"application/json": {"schema": _schema(of)}}}}


def _schema(of: Any) -> dict[str, Any]:
    """JSON schema of a struct with everything it refers to written out, as OpenAPI takes it in place."""
    (schema,), parts = msgspec.json.schema_components([of], ref_template="{name}")

    def inline(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return inline(parts[node["$ref"]])
            return {key: inline(value) for key, value in node.items()}
        return [inline(value) for value in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = inline(schema)
    return resolved

"""A service small enough to know the right answer: even titles are comedies, odd ones westerns, members like one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from frontrow import config
from frontrow.data import artifacts, replay
from frontrow.data.accounts import Accounts, Role
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import EventLog
from frontrow.data.workspace import Workspace, create
from frontrow.recommend import signals
from frontrow.recommend.model import fit
from frontrow.schema import Event, Kind, Title
from frontrow.service.app import create_app
from frontrow.service.hall import Hall
from frontrow.web.roof import add_site

NOW_MS = 1_760_000_000_000
TITLES, MEMBERS, HISTORY = 160, 60, 14
HOSTILE_NAME = "<script>alert('t0')</script>"


def event(
    number: int, member: str, title: str, kind: Kind = Kind.STOP, value: float | None = 1.0, **more: object
) -> Event:
    """An event whose id follows from `number`."""
    return Event(
        id=str(uuid.UUID(int=number, version=4)), at_ms=NOW_MS + number * 1000, kind=kind, member=member, title=title,
        value=value, **more,
    )  # fmt: skip


def build(root: Path, *, fitted: bool = True) -> tuple[Workspace, dict[Role, str]]:
    """The workspace, and a key of each role."""
    place = create(root)
    settings = config.load(place.root)
    url = place.store_url(settings)
    with Catalogue(url) as catalogue:
        catalogue.upsert(
            Title(title=f"t{i}", name=HOSTILE_NAME if i == 0 else f"Title {i}", year=1980 + i,
                  genres=("Comedy",) if i % 2 == 0 else ("Western",))
            for i in range(TITLES)
        )  # fmt: skip
        titles = catalogue.frame()
    rng = np.random.default_rng(5)
    events = []
    for member in range(MEMBERS):
        for place_in_kind in rng.permutation(60)[:HISTORY]:
            events.append(event(len(events) + 1, f"m{member}", f"t{2 * place_in_kind + member % 2}"))
    with EventLog(place.log, settings.events) as log:
        log.append(events)
    if fitted:
        told = replay.replay(place.log)
        model = fit(signals.from_events(told.frame, titles), titles, now_ms=NOW_MS)
        artifacts.publish(
            place.artifacts, "recommend", model.files(), config=model.config, high_water=told.high_water, rows={},
            metrics={}, parents={}, now_ms=NOW_MS, keep=5,
        )  # fmt: skip
    accounts = Accounts(url)
    keys = {role: accounts.add_key(str(role), role, NOW_MS) for role in Role}
    accounts.close()
    return place, keys


def every_route(routes: list[BaseRoute]) -> Iterator[Route]:
    """Routes of the app and of the routers in it; static files are open."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        elif not isinstance(route, Mount):
            yield from every_route(route.original_router.routes)


@dataclass
class Running:
    """The service, and how to talk to it."""

    client: TestClient
    hall: Hall
    place: Workspace
    keys: dict[Role, str]

    def bearer(self, role: Role = Role.ADMIN) -> dict[str, str]:
        """Headers of a caller with that role."""
        return {"Authorization": f"Bearer {self.keys[role]}"}


def serve(root: Path, *, fitted: bool = True, queue_events: int = 20_000) -> Iterator[Running]:
    """A new service until the test is over."""
    yield from serve_workspace(*build(root, fitted=fitted), queue_events=queue_events)


def serve_workspace(
    place: Workspace, keys: dict[Role, str], *, with_worker: bool = False, queue_events: int = 20_000
) -> Iterator[Running]:
    """The service of a workspace until the test is over."""
    settings = config.load(place.root)
    events = settings.events.model_copy(update={"queue_events": queue_events})
    hall = Hall(place, settings.model_copy(update={"events": events}))
    app = create_app(hall, with_worker=with_worker)
    add_site(app, hall)
    with TestClient(app, follow_redirects=False) as client:
        yield Running(client, hall, place, keys)

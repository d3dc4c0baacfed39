"""Everything that requests share: store, log, model, viewers, keys, counters. One a process."""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from msgspec import UNSET

from frontrow import engine
from frontrow.config import Settings
from frontrow.data.accounts import Accounts
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import ForgetReceipt, Receipt
from frontrow.data.ids import new_id
from frontrow.data.reviews import Reviews
from frontrow.data.workspace import Workspace
from frontrow.recommend.page import build_page, shape_of
from frontrow.recommend.rank import similar
from frontrow.recommend.search import search
from frontrow.recommend.viewer import Viewer, with_likes
from frontrow.recommend.welcome import choose_first
from frontrow.recommend.why import explain
from frontrow.schema import Decision, Event
from frontrow.service.auth import Doorkeeper
from frontrow.service.ingest import Ingest
from frontrow.service.metrics import Metrics
from frontrow.service.models import RECOMMEND, CurrentModel
from frontrow.service.viewers import Viewers, read_profiles

REFRESH_S = 1.0  # how often a new model or a changed catalogue is looked for
WORKER_REST_S = 10.0  # least time from one start of the worker to the next
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Audience:
    """For whom a decision is: a member's profile, and what the request says about them."""

    member: str
    profile: str = ""
    country: str = ""
    max_maturity: int = 99
    kids: bool = False
    likes: tuple[str, ...] = ()
    """Titles that they say they like, counted as if just rated well."""


class Hall:
    """The open workspace of a running service; close it at the end."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace
        self.settings = settings
        self.catalogue = Catalogue(workspace.store_url(settings))
        self.accounts = Accounts(workspace.store_url(settings))
        self.reviews = Reviews(workspace.store_url(settings))
        self.doorkeeper = Doorkeeper(self.accounts, now_ms)
        self.metrics = Metrics()
        self.models = CurrentModel(workspace.artifacts, self.catalogue)
        self.viewers = Viewers(workspace.log)
        self.viewers.series = self.models.model.series
        self.ingest = Ingest(workspace.log, settings.events, self._stored)
        self._shape = shape_of(settings.recommend)
        self._watch: asyncio.Task[None] | None = None
        self._worker: engine.Child | None = None
        self._worker_since_s = 0.0

    def open(self, *, with_worker: bool) -> None:
        """Begin looking for new models and, with `with_worker`, start the child that runs jobs."""
        self._watch = asyncio.create_task(self._keep_fresh())
        if with_worker:
            self._start_worker()

    async def close(self) -> None:
        """Stop in order: no new models, no jobs, then the log's writer, which first commits what waits."""
        if self._watch:
            self._watch.cancel()
        if self._worker:
            await asyncio.to_thread(self._worker.stop, 10)
        await asyncio.to_thread(self.ingest.log.close)
        self.catalogue.close()
        self.accounts.close()
        self.reviews.close()

    async def home(self, audience: Audience) -> Decision:
        """The member's page now; its id seeds what is drawn by chance, so that the page can be made again."""
        viewer = await self.viewer(audience)
        at_ms = now_ms()
        decision_id = new_id(at_ms)
        seed = UUID(decision_id).int
        page = build_page(self.models.model, viewer, now_ms=at_ms, config=self._shape, seed=seed)
        decision = self._decision(audience.member, at_ms, page, page.fallback, decision_id)
        for tile in chain.from_iterable(row.tiles for row in page.rows) if self._shape.explore else ():
            if tile.propensity is not UNSET:
                decision.propensity = tile.propensity
        return decision

    async def similar(self, title: str, count: int, audience: Audience | None = None) -> Decision:
        """The titles most like one. Raises UnknownTitle."""
        viewer = await self.viewer(audience) if audience else None
        at_ms = now_ms()
        ranked = similar(self.models.model, title, count, now_ms=at_ms, viewer=viewer)
        return self._decision(title, at_ms, ranked, ranked.fallback)

    async def search(self, query: str, count: int, audience: Audience) -> Decision:
        """Titles that match the query, ranked for the member."""
        viewer = await self.viewer(audience)
        at_ms = now_ms()
        ranked = search(self.models.model, query, count, now_ms=at_ms, viewer=viewer)
        return self._decision(query, at_ms, ranked, ranked.fallback)

    async def explain(self, title: str, audience: Audience) -> Decision:
        """Why the member is shown the title, or why not. Raises UnknownTitle."""
        viewer = await self.viewer(audience)
        at_ms = now_ms()
        return self._decision(title, at_ms, explain(self.models.model, viewer, title, now_ms=at_ms), "")

    async def first_picks(self, count: int, audience: Audience) -> Decision:
        """Titles for somebody new to pick from."""
        viewer = await self.viewer(audience)
        at_ms = now_ms()
        return self._decision(audience.member, at_ms, choose_first(self.models.model, viewer, count, now_ms=at_ms), "")

    async def profiles(self, member: str) -> dict[str, bool]:
        """The member's profiles by name, and whether each is a kids' profile; "" is the one without a name."""
        return {"": False} | await asyncio.to_thread(read_profiles, self.workspace.log, member)

    async def forget(self, member: str) -> ForgetReceipt:
        """Remove a member from the log and from memory. Raises UnknownMember."""
        receipt = await asyncio.to_thread(self.ingest.log.forget, member)
        self.viewers.forget(member)
        return receipt

    def _decision(
        self, subject: str, at_ms: int, answer: object, fallback: str, decision_id: str | None = None
    ) -> Decision:
        fallback = self.models.fallback or fallback
        if fallback:
            self.metrics.fallbacks.labels(RECOMMEND).inc()
        versions = {RECOMMEND: self.models.version} if self.models.version else {}
        return Decision(
            decision_id=decision_id or new_id(at_ms), room=RECOMMEND, subject=subject, at_ms=at_ms, versions=versions,
            fallback=fallback, answer=answer,
        )  # fmt: skip

    async def viewer(self, audience: Audience) -> Viewer:
        """What the member has done, as of every acknowledged event, within the limits that the request names."""
        viewer = copy.copy(await self.viewers.get(audience.member, audience.profile))
        viewer.max_maturity, viewer.kids = audience.max_maturity, audience.kids or viewer.kids
        if audience.country:
            viewer.country = audience.country
        if audience.likes:
            series = self.models.model.series
            viewer = with_likes(viewer, [series.get(title, title) for title in audience.likes], now_ms())
        return viewer

    def _stored(self, events: Sequence[Event], receipt: Receipt) -> None:
        self.viewers.observe(events)
        self.metrics.stored.inc(receipt.stored)
        self.metrics.duplicates.inc(receipt.duplicates)

    def _start_worker(self) -> None:
        self._worker = engine.start(["jobs", "work", "--workspace", str(self.workspace.root)])
        self._worker_since_s = time.monotonic()

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            self.metrics.viewers.set(len(self.viewers))
            try:
                await self._refresh_model()
                await self._keep_worker()
            except Exception:  # noqa: BLE001 - the edge of a task: a store that does not answer once must not end it
                _log.exception("looking for a new model failed; trying again")

    async def _refresh_model(self) -> None:
        if await asyncio.to_thread(self.models.refresh):
            self.viewers.series = self.models.model.series
            self.metrics.model.clear()
            self.metrics.model.labels(RECOMMEND, self.models.version or "none").set(1)
            _log.info("recommend model is now %s", self.models.version or "made of the catalogue alone")

    async def _keep_worker(self) -> None:
        """Start another worker where one has ended: without it there would be no more nightly fits."""
        if self._worker is None or self._worker.exit_status is None:
            return
        if time.monotonic() - self._worker_since_s >= WORKER_REST_S:
            _log.error("the worker for jobs has ended (%s); starting another", self._worker.exit_status)
            await asyncio.to_thread(self._worker.stop, 0)
            self._start_worker()


def now_ms() -> int:
    """The clock: UTC milliseconds."""
    return time.time_ns() // 1_000_000

"""The viewers that are here now, in memory: read from the log once, then kept up to date by each new event."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from frontrow.data import replay
from frontrow.recommend import profiles
from frontrow.recommend.viewer import Series, Viewer, observe, viewer_from_events
from frontrow.schema import Event, Kind

REMEMBERED = 20_000  # viewers held; about 10 kB each with a hundred titles

ViewerKey = tuple[str, str]
"""(outer member id, profile)."""


def read_profiles(log: Path, member: str) -> dict[str, bool]:
    """A member's profiles that the log names, in the order of their names, and whether each is a kids' profile."""
    import polars as pl

    inner = replay.inner_member(log, member)
    if inner is None:
        return {}
    events = replay.replay_viewer(log, inner)
    said = profiles.told(events.filter(pl.col("kind") == str(Kind.JOIN)))
    named = profiles.mark(events.select("member", "profile").unique().sort("profile"), said)
    return dict(named.select("profile", profiles.KIDS).iter_rows())


class Viewers:
    """A bounded memory of viewers, least lately seen out first; used from the event loop only."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._here: OrderedDict[ViewerKey, Viewer] = OrderedDict()
        self._arriving: dict[ViewerKey, asyncio.Task[Viewer]] = {}
        self._missed: set[ViewerKey] = set()
        self.series = Series()

    def __len__(self) -> int:
        return len(self._here)

    async def get(self, member: str, profile: str) -> Viewer:
        """The viewer as of every acknowledged event; one that the log does not know has an empty history."""
        key = (member, profile)
        viewer = self._here.get(key)
        if viewer is not None:
            self._here.move_to_end(key)
            return viewer
        if key not in self._arriving:
            self._arriving[key] = asyncio.create_task(self._arrive(key))
        return await asyncio.shield(self._arriving[key])

    def observe(self, events: Sequence[Event]) -> None:
        """Take in events that have just been committed (one that was also just read counts once: see `observe`)."""
        for event in events:
            key = (event.member, event.profile)
            viewer = self._here.get(key)
            if viewer is not None:
                observe(viewer, event, self.series)
            elif key in self._arriving:
                self._missed.add(key)

    def forget(self, member: str) -> None:
        """Drop every profile of a member from memory; who is just being read is read again."""
        for key in [key for key in self._here if key[0] == member]:
            del self._here[key]
        self._missed.update(key for key in self._arriving if key[0] == member)

    async def _arrive(self, key: ViewerKey) -> Viewer:
        """Read a viewer from the log, again if events of theirs were committed meanwhile."""
        try:
            while True:
                self._missed.discard(key)
                viewer = await run_in_threadpool(self._read, *key)
                if key not in self._missed:
                    break
        finally:
            del self._arriving[key]
            self._missed.discard(key)
        self._here[key] = viewer
        if len(self._here) > REMEMBERED:
            self._here.popitem(last=False)
        return viewer

    def _read(self, member: str, profile: str) -> Viewer:
        import polars as pl

        inner = replay.inner_member(self._log, member)
        if inner is None:
            return Viewer(member, profile)
        events = replay.replay_viewer(self._log, inner).filter(pl.col("profile") == profile)
        return viewer_from_events(events, member, profile, series=self.series)

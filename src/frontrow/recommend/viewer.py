"""A viewer as the service keeps them in memory: what they did with each title, newest last.

`viewer_from_events` builds one out of the log; `observe` adds one new event in constant time, so the next page has
changed with no training. Everything is keyed by title id, not by a model's positions: models come and go beneath.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from sys import intern
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from frontrow.recommend.fatigue import TIRING
from frontrow.recommend.profiles import says_kids
from frontrow.recommend.signals import ABANDONED_FRACTION, FINISHED_FRACTION, KINDS, weigh
from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl

TitleId = Any
NO_LIMIT = 99
GOOD_STARS = 3.5
KIDS_AGE = 7
"""Highest minimum age of a title on a kids' profile."""


class Series(dict[TitleId, TitleId]):
    """The series of each episode."""

    @cached_property
    def sizes(self) -> Counter[TitleId]:
        """Episodes of each series."""
        return Counter(self.values())


class Happening(Protocol):
    """What `observe` reads of an event (`schema.Event` has it all)."""

    at_ms: int
    kind: Any
    title: Any
    value: float | None
    country: str
    props: Any


class Watched(msgspec.Struct, gc=False):
    """What the viewer did with one title. Untracked by the garbage collector: a service holds millions of these."""

    at_ms: int = 0
    played: bool = False
    fraction: float | None = None  # newest played fraction, 0 to 1
    furthest: float | None = None  # largest played fraction
    stars: float | None = None
    listed: bool = False
    clicked: bool = False
    dismissed: bool = False
    seen: bool = False
    weight: float = 0.0
    done: set[TitleId] | None = None  # finished episodes of a series
    goes_on: bool = False  # a series of which episodes are left

    @property
    def finished(self) -> bool:
        """Watched to the end (a series: every episode), said to be seen, or rated."""
        ended = (self.furthest or 0.0) >= FINISHED_FRACTION and not self.goes_on
        return self.seen or self.stars is not None or ended

    @property
    def anchors(self) -> bool:
        """Whether a row may stand on it: really watched or rated well, not only clicked, listed or turned down."""
        if self.dismissed or self.weight <= 0:
            return False
        if self.stars is not None:
            return self.stars >= GOOD_STARS
        return self.played and (self.furthest is None or self.furthest >= ABANDONED_FRACTION)

    @property
    def said(self) -> str:
        """What the viewer did, as a reason begins."""
        if self.dismissed or self.weight < 0:
            return "Because you passed over "
        if self.played or self.stars is not None:
            return "Because you watched "
        if self.listed:
            return "Because you listed "
        return "Because you have seen " if self.seen else "Because you looked at "

    @property
    def unfinished(self) -> bool:
        """Begun and neither finished, dismissed nor abandoned within the first minutes."""
        if self.dismissed or (not self.played and self.fraction is None):
            return False
        if self.fraction is None or self.goes_on:
            return not self.finished and self.weight > 0
        return self.weight > 0 and self.fraction < FINISHED_FRACTION


@dataclass(slots=True)
class Viewer:
    """One profile of one member. `max_maturity` is the highest minimum age shown (99: no limit).

    `kids` is what the newest `join` event of the profile says that says anything (see `profiles`).
    """

    member: Any = ""
    profile: str = ""
    country: str = ""
    kids: bool = False
    max_maturity: int = NO_LIMIT
    watched: dict[TitleId, Watched] = field(default_factory=dict)  # in the order of last events: newest last
    shown: dict[TitleId, int] = field(default_factory=dict)  # impressions since the title was last touched
    changes: int = 0  # grows with every observed event; caches compare it
    cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def age_limit(self) -> int:
        """Highest minimum age shown: that of the profile, or of kids."""
        return min(self.max_maturity, KIDS_AGE) if self.kids else self.max_maturity


def observe(viewer: Viewer, event: Happening, series: Series | None = None) -> None:
    """Take in one event of this viewer, of any kind; one that says nothing of taste changes country and `kids` at most.

    What is done with an episode is done with its series (`model.series`).
    """
    if event.country:
        viewer.country = event.country
    kind, title = str(event.kind), event.title
    if kind == Kind.JOIN:
        viewer.kids = says_kids(event.props, viewer.kids)
    if title == "" or title is None:
        return
    episode = title
    if series:
        title = series.get(episode, episode)
    if type(title) is str:
        title = intern(title)  # one text for all viewers of a title: every event brings a new one
    if kind == Kind.IMPRESSION:
        viewer.shown[title] = viewer.shown.get(title, 0) + 1
        if viewer.shown[title] > TIRING:
            viewer.changes += 1
        return
    if kind not in KINDS:
        return
    viewer.shown.pop(title, None)
    watched = viewer.watched.pop(title, None) or Watched()
    viewer.watched[title] = watched
    watched.at_ms = max(watched.at_ms, event.at_ms)
    value = event.value
    if kind == Kind.PLAY:
        watched.played = True
        if watched.fraction is not None and watched.fraction >= FINISHED_FRACTION:
            watched.fraction = 0.0  # begun again
    elif kind in (Kind.PROGRESS, Kind.STOP):
        if value is not None:
            watched.played, watched.fraction = True, value
            watched.furthest = max(value, watched.furthest or 0.0)
            if series and title != episode:
                watched.done = watched.done or set()
                if value >= FINISHED_FRACTION:
                    watched.done.add(episode)
                watched.goes_on = len(watched.done) < series.sizes[title]
    elif kind == Kind.RATE:
        watched.stars = value
    elif kind == Kind.LIST:
        watched.listed = bool(value)
    elif kind == Kind.CLICK:
        watched.clicked = True
    elif kind == Kind.DISMISS:
        watched.dismissed = value is None or bool(value)
    else:
        watched.seen = value is None or bool(value)
    watched.weight = _weight(watched)
    viewer.changes += 1


def with_likes(viewer: Viewer, titles: Sequence[TitleId], now_ms: int) -> Viewer:
    """The viewer as if they had just rated these titles well, oldest first; the given one stays as it is."""
    liked = copy.copy(viewer)
    liked.watched, liked.cache = dict(viewer.watched), {}
    for title in titles:
        liked.watched.pop(title, None)
        liked.watched[title] = Watched(at_ms=now_ms, stars=5.0, weight=1.0)
    return liked


def viewer_from_events(
    events: pl.DataFrame,
    member: Any = "",
    profile: str = "",
    *,
    country: str = "",
    kids: bool = False,
    max_maturity: int = NO_LIMIT,
    series: Series | None = None,
) -> Viewer:
    """The viewer after `events` (columns of data.replay, already of one member and profile, any order).

    `kids` makes it a kids' profile whatever the events say.
    """
    viewer = Viewer(member, profile, country, kids, max_maturity)
    if "props" not in events.columns:
        events = events.with_columns(props=None)
    columns = ("at_ms", "kind", "title", "value", "country", "props")
    ordered = events.sort("at_ms", "seq") if "seq" in events.columns else events.sort("at_ms", maintain_order=True)
    for at_ms, kind, title, value, where, props in ordered.select(columns).iter_rows():
        told = msgspec.json.decode(props) if props and kind == Kind.JOIN else None
        observe(viewer, _Row(at_ms, kind, title, value, where or "", told), series)
    viewer.kids = viewer.kids or kids
    if country:
        viewer.country = country
    return viewer


@dataclass(slots=True)
class _Row:
    at_ms: int
    kind: str
    title: Any
    value: float | None
    country: str
    props: Any


def _weight(watched: Watched) -> float:
    if watched.stars is None and watched.fraction is None and not watched.dismissed:  # the common ones, quickly
        if watched.played:
            return 0.6
        return 0.5 if watched.listed or watched.seen else 0.2 if watched.clicked else 0.0
    nan = float("nan")
    weight = weigh(
        watched.played,
        nan if watched.furthest is None else watched.furthest,
        nan if watched.stars is None else watched.stars,
        watched.listed or watched.seen,
        watched.clicked,
        watched.dismissed,
    )
    return float(np.float32(weight))

"""Held-back parts of the data: what may be fitted on, whom to judge, and what they watched later.

clock    times are real: everything after one moment is held back, for all viewers at once
order    rows are in order of time, without a clock: the newest tenth of each viewer
none     rows are sorted by title or shuffled: a random fifth of some viewers, who are not fitted on at all
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.history import Histories, histories
from frontrow.recommend.signals import Interactions

Timing = Literal["clock", "order", "none"]
CELLS = 12_000_000
"""Most viewers x titles scored at once while tuning: bounds the memory."""


@dataclass(frozen=True)
class World:
    """One held-back part: what may be fitted on, the viewers judged, and what they watched later."""

    past: Interactions
    viewers: Histories
    targets: NDArray[np.bool_]
    newcomers: NDArray[np.bool_] | None = None
    """What viewers without any history watched in the window [newcomers, titles]; with a clock only."""
    now_ms: NDArray[np.int64] | None = None
    """When each judged viewer came back: the first event of theirs in the window."""
    who: NDArray[np.integer] | None = None
    """Which viewers of the interactions they are."""

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Titles of each viewer's history: not to be recommended again."""
        mask = np.zeros(self.targets.shape, bool)
        mask[np.repeat(np.arange(len(self.viewers)), self.viewers.lengths), self.viewers.title] = True
        return mask


def timing_of(interactions: Interactions) -> Timing:
    """What the order of the rows means. Rows of a viewer that only ever ascend by title are sorted, not lived."""
    if len(interactions.at_ms) and interactions.at_ms.min() != interactions.at_ms.max():
        return "clock"
    same = interactions.viewer[1:] == interactions.viewer[:-1]
    steps = np.diff(interactions.title)[same]
    return "none" if not len(steps) or max((steps > 0).mean(), (steps < 0).mean()) > 0.95 else "order"


def worlds(interactions: Interactions, timing: Timing, rng: np.random.Generator) -> list[World]:
    """Held-back parts, newest last; empty where there is too little to hold anything back."""
    if timing == "clock":
        cuts = np.quantile(interactions.at_ms, (0.6, 0.8, 1.0))
        made = [at_clock(interactions, int(lo), int(hi), rng) for lo, hi in pairwise(cuts)]
    elif timing == "order":
        made = [newest_tenth(interactions, rng)]
    else:
        made = [random_fifth(interactions, rng)]
    return [world for world in made if len(world.viewers) >= 5 and len(world.past.weight)]


def at_clock(interactions: Interactions, cut_ms: int, end_ms: int, rng: np.random.Generator) -> World:
    """Fit on everything before `cut_ms`; judge those who return by what they watch from then to `end_ms`."""
    before = interactions.at_ms < cut_ms
    window = ~before & (interactions.at_ms <= end_ms) & (interactions.weight > 0)
    past = interactions.where(before)
    returning = np.intersect1d(past.viewer[past.weight != 0], interactions.viewer[window])
    known = histories(past)
    arriving = np.intersect1d(np.flatnonzero(known.lengths == 0), interactions.viewer[window])
    arriving = rng.permutation(arriving)[: max(CELLS // interactions.n_titles, 50)]
    world = _world(past, known, returning, interactions, window, rng)
    return replace(world, newcomers=_watched(interactions, window, np.sort(arriving)))


def newest_tenth(interactions: Interactions, rng: np.random.Generator) -> World:
    """Judge each viewer of five titles or more by the newest tenth of them."""
    lengths = np.bincount(interactions.viewer, minlength=interactions.n_viewers)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    place = np.arange(len(interactions.viewer)) - starts[interactions.viewer]
    kept = lengths - np.where(lengths >= 5, np.maximum(1, np.rint(lengths / 10).astype(np.int64)), 0)
    window = (place >= kept[interactions.viewer]) & (interactions.weight > 0)
    past = interactions.where(place < kept[interactions.viewer])
    return _world(past, histories(past), np.flatnonzero(lengths >= 5), interactions, window, rng)


def random_fifth(interactions: Interactions, rng: np.random.Generator) -> World:
    """Take a tenth of the viewers (at most 2,000) out of fitting; judge them by a random fifth of their titles."""
    lengths = np.bincount(interactions.viewer, minlength=interactions.n_viewers)
    able = np.flatnonzero(lengths >= 5)
    judged = np.sort(rng.permutation(able)[: min(max(len(able) // 10, 5), 2000)])
    out = np.isin(interactions.viewer, judged)
    window = out & (rng.random(len(out)) < 0.2) & (interactions.weight > 0)
    return _world(
        interactions.where(~out), histories(interactions.where(out & ~window)), judged, interactions, window, rng
    )


def _world(
    past: Interactions,
    known: Histories,
    viewers: NDArray[np.integer],
    interactions: Interactions,
    window: NDArray[np.bool_],
    rng: np.random.Generator,
) -> World:
    """The judged viewers with something to find, at most as many as the memory is meant for."""
    n = interactions.n_titles
    viewers = viewers[
        (known.lengths[viewers] > 0) & (np.bincount(interactions.viewer[window], minlength=len(known))[viewers] > 0)
    ]
    most = max(CELLS // max(n, 1), 50)
    if len(viewers) > most:
        viewers = np.sort(rng.permutation(viewers)[:most])
    targets = _watched(interactions, window, viewers)
    world = World(past, known.select(viewers), targets)
    targets &= ~world.seen
    found = np.flatnonzero(targets.any(axis=1))
    back_ms = np.full(interactions.n_viewers, np.iinfo(np.int64).max)
    np.minimum.at(back_ms, interactions.viewer[window], interactions.at_ms[window])
    return World(past, world.viewers.select(found), targets[found], now_ms=back_ms[viewers[found]], who=viewers[found])


def _watched(interactions: Interactions, window: NDArray[np.bool_], viewers: NDArray[np.integer]) -> NDArray[np.bool_]:
    """What each of `viewers` watched within the window, [viewers, titles]."""
    place = np.full(interactions.n_viewers, -1)
    place[viewers] = np.arange(len(viewers))
    inside = window & (place[interactions.viewer] >= 0)
    targets = np.zeros((len(viewers), interactions.n_titles), bool)
    targets[place[interactions.viewer[inside]], interactions.title[inside]] = True
    return targets

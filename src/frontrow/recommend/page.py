"""The home page: which rows, in which order, with which tiles; no title twice, a reason on every tile.

    page = build_page(model, viewer, now_ms=..., config=PageConfig(rows=15, tiles=20, genre_rows=8))

Rules are masks applied before anything is ranked. Continue watching and My List come first; every further row is the
one that adds most: the sum over its tiles of expected plays, discounted by position and by how much rows of its kind
are liked. Titles that a row has taken are gone for the next, so a row of what is already covered is worth little and a
row that is worth most now can only be worth less later: the greedy choice looks at few rows twice (M. Minoux, 1978).

A viewer without a history gets the popular, trending, new and genre rows, and the page says so in `fallback`.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import rules, shelves
from frontrow.recommend.answer import Page, Row
from frontrow.recommend.calibration import calibrate
from frontrow.recommend.explain import Why, make_tiles
from frontrow.recommend.rank import top
from frontrow.recommend.shelves import Shelf
from frontrow.recommend.standing import Standing, stand
from frontrow.recommend.viewer import Viewer

if TYPE_CHECKING:
    from frontrow.config import RecommendSettings
    from frontrow.recommend.model import Model

OWED = ("because", "trending", "new", "leaving")
"""Kinds of which every page with room has a row: what is new or changes is worth more than its expected plays."""
POOL_ROWS = 3
"""Titles weighed for a page, as a multiple of its tiles."""


@dataclass(frozen=True)
class PinnedRow:
    """A row that an editor has put at a place; rules still hold, and titles that break one are left out."""

    key: str
    heading: str
    titles: tuple[Any, ...]
    at: int = 0
    """Place on the page, from 0."""
    sponsored: bool = False
    """Paid for: the row's kind says so, and a page must show it."""


@dataclass(frozen=True)
class PageConfig:
    """The shape of a page."""

    rows: int = 15
    """Most rows, 1 to 100."""
    tiles: int = 20
    """Most tiles a row, 1 to 200."""
    genre_rows: int = 8
    """Most genre rows, 0 to 50."""
    because_rows: int = 3
    """Most "Because you watched" rows, 0 to 10: each names a title of the newest history."""
    pair_rows: int = 3
    """Most rows of two genres, 0 to 10."""
    person_rows: int = 2
    """Most rows of a person, 0 to 10."""
    least_tiles: int = 4
    """A row with fewer tiles is not shown (except Continue watching, My List and pinned rows)."""
    calibration: float = 0.5
    """Steck's lambda for the top picks, 0 (none) to 1: the share of genre balance against score."""
    explore: float = 0.0
    """Probability, 0 to 0.5, that the last tile of the top picks is drawn from the rest of the pool; needs a seed."""
    pinned: tuple[PinnedRow, ...] = ()
    likings: Mapping[str, float] | None = None
    """How much rows of a kind are liked, instead of what the model has learnt from the log (`row_order.learn`)."""


_DEFAULT = PageConfig()


def shape_of(settings: RecommendSettings) -> PageConfig:
    """The shape that a workspace's settings give every page."""
    pinned = [
        PinnedRow(f"pinned:{number}", row.heading, row.titles, row.at, row.sponsored)
        for number, row in enumerate(settings.pinned, start=1)
    ]
    return PageConfig(
        rows=settings.rows, tiles=settings.tiles, genre_rows=settings.genre_rows, explore=settings.explore,
        pinned=tuple(pinned),
    )  # fmt: skip


def build_page(
    model: Model, viewer: Viewer, *, now_ms: int, config: PageConfig = _DEFAULT, seed: int | None = None
) -> Page:
    """The viewer's page now; pure, and the same for the same arguments. `seed` draws the explored tile, if any."""
    standing = stand(model, viewer, now_ms)
    may = rules.allowed(model.rules, viewer.country, viewer.age_limit, now_ms)
    free = may & ~standing.blocked
    for same in model.doubles:
        begun = standing.blocked[same].any()
        free[same[free[same]][0 if begun else 1 :]] = False
    pool = top(standing.score, free, POOL_ROWS * config.rows * config.tiles)
    own = list(shelves.of_history(viewer, model))
    candidates = [
        *shelves.of_taste(model, standing, pool, config.because_rows, config.pair_rows, config.person_rows),
        *own[2:],
        *shelves.of_catalogue(model, free, standing.score, viewer, now_ms),
    ]
    likings = model.likings if config.likings is None else config.likings
    filling = _Filling(free.copy(), may, _expected_plays(standing.score, pool), config, likings)
    for shelf in chain(own[:2], (_pinned(model, row) for row in config.pinned)):
        filling.add(shelf, filling.tiles(shelf))
    picks, explored = _top_picks(filling, model, viewer, standing, pool, seed)
    filling.add(candidates[0], picks)
    filling.choose(candidates[1:])
    order = _place(filling.rows, config.pinned)[: config.rows]
    positions = np.concatenate([chosen for _, chosen in order]) if order else np.zeros(0, np.intp)
    why: list[Why] = list(chain.from_iterable([shelf.why] * len(chosen) for shelf, chosen in order))
    tiles = make_tiles(model, viewer, standing, positions, why, explored)
    rows, start = [], 0
    for shelf, chosen in order:
        rows.append(Row(shelf.key, shelf.kind, shelf.heading, tiles[start : start + len(chosen)]))
        start += len(chosen)
    return Page(rows, "" if len(standing.history) else "popular")


def _expected_plays(score: NDArray[np.float32], pool: NDArray[np.intp]) -> NDArray[np.float32]:
    """A title's share of the plays, float32 [titles], 1 for the best: a soft maximum over the pool."""
    if not len(pool):
        return np.zeros_like(score)
    best = score[pool]
    spread = max(float(best.std()), 1e-6)
    plays: NDArray[np.float32] = np.exp(np.minimum((score - best[0]) / spread, 0))
    return plays


def _pinned(model: Model, row: PinnedRow) -> Shelf:
    positions = [model.index[title] for title in dict.fromkeys(row.titles) if title in model.index]
    kind, text = ("sponsored", "Sponsored") if row.sponsored else ("pinned", "Chosen by the editors")
    return Shelf(row.key, kind, row.heading, np.array(positions, np.intp), (text, kind))


class _Filling:
    """Rows being filled. `free` may still be shown; `repeatable` is that with what the viewer has finished."""

    def __init__(
        self,
        free: NDArray[np.bool_],
        repeatable: NDArray[np.bool_],
        plays: NDArray[np.float32],
        config: PageConfig,
        likings: Mapping[str, float],
    ) -> None:
        self.free, self.repeatable, self.plays = free, repeatable, plays
        self.config, self.likings = config, likings
        self.rows: list[tuple[Shelf, NDArray[np.integer]]] = []
        self._discount = _discounts(config.tiles)

    def tiles(self, shelf: Shelf) -> NDArray[np.integer]:
        """The first free positions of a shelf."""
        free = self.repeatable if shelf.kind == "again" else self.free
        order: NDArray[np.integer] = shelf.order[free[shelf.order]][: self.config.tiles]
        return order

    def add(self, shelf: Shelf, chosen: NDArray[np.integer]) -> None:
        """Put the shelf on the page with these tiles; nothing happens when there are none."""
        if len(chosen):
            self.free[chosen] = self.repeatable[chosen] = False
            self.rows.append((shelf, chosen))

    def choose(self, candidates: list[Shelf]) -> None:
        """Rows by what each adds, until the page is full."""
        config = self.config
        most, caps = config.rows - len(self.rows), {"genre": config.genre_rows}
        owed = {kind for kind in OWED if any(shelf.kind == kind for shelf in candidates)}
        liked = [self.likings.get(shelf.kind, 0.5) for shelf in candidates]
        free, repeatable, plays, discount, tiles = self.free, self.repeatable, self.plays, self._discount, config.tiles
        heap = [(-np.inf, place) for place in range(len(candidates))]  # in order: already a heap
        put_off: list[int] = []
        while most > 0 and (heap or put_off):
            if not heap:  # what the page owes cannot be had: its place goes to the others
                heap, put_off, owed = [(-np.inf, place) for place in put_off], [], set()
            place = heap[0][1]
            shelf = candidates[place]
            order = shelf.order
            chosen = order[(repeatable if shelf.kind == "again" else free)[order]][:tiles]
            count = len(chosen)
            if count < config.least_tiles or caps.get(shelf.kind) == 0:
                heapq.heappop(heap)
                continue
            if shelf.kind not in owed and most <= len(owed):
                put_off.append(heapq.heappop(heap)[1])
                continue
            worth = liked[place] * float(plays[chosen].dot(discount if count == tiles else discount[:count]))
            heapq.heapreplace(heap, (-worth, place))
            if heap[0][1] != place:  # another may add more
                continue
            heapq.heappop(heap)
            self.add(shelf, chosen)
            most -= 1
            owed.discard(shelf.kind)
            if shelf.kind in caps:
                caps[shelf.kind] -= 1


@cache
def _discounts(tiles: int) -> NDArray[np.float32]:
    """How much a place in a row counts: 1 / log2(place + 2)."""
    return (1 / np.log2(np.arange(2, tiles + 2))).astype(np.float32)


def _top_picks(
    filling: _Filling,
    model: Model,
    viewer: Viewer,
    standing: Standing,
    pool: NDArray[np.intp],
    seed: int | None,
) -> tuple[NDArray[np.integer], dict[int, float]]:
    """The top picks, calibrated to the genres of the history, perhaps with one explored tile at the end."""
    config = filling.config
    wide = pool[filling.free[pool]][: 3 * config.tiles]
    best = wide[: config.tiles]
    if config.calibration and standing.liked.any():
        profile = model.content.genre[standing.history[standing.liked]].mean(axis=0)
        best = wide[
            calibrate(standing.score[wide], model.content.genre[wide], profile, config.tiles, config.calibration)
        ]
    if seed is None or not config.explore or len(best) < 2:
        return best, {}
    rng = np.random.default_rng(seed)
    rest = np.setdiff1d(pool[filling.free[pool]], best)
    if not len(rest):
        return best, {}
    if rng.random() < config.explore:
        drawn = int(rng.choice(rest))
        return np.append(best[:-1], drawn), {drawn: config.explore / len(rest)}
    return best, {int(best[-1]): 1 - config.explore}


def _place(
    rows: list[tuple[Shelf, NDArray[np.integer]]], pinned: tuple[PinnedRow, ...]
) -> list[tuple[Shelf, NDArray[np.integer]]]:
    """Put the pinned rows at their places."""
    at = {row.key: row.at for row in pinned}
    ordered = [row for row in rows if row[0].key not in at]
    for row in sorted((row for row in rows if row[0].key in at), key=lambda row: at[row[0].key]):
        ordered.insert(min(at[row[0].key], len(ordered)), row)
    return ordered

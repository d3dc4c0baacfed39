"""The home page: rows, no title twice, a reason on every tile.

    page = build_page(model, viewer, now_ms=..., config=PageConfig(rows=15, tiles=20, genre_rows=8))

Rules are masks applied before any ranking. Rows are filled from the top down; a title goes to the first row that wants
it. A viewer without a history gets the popular, trending, new and genre rows, and the page says so in `fallback`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import rules
from frontrow.recommend.answer import Page, Row, Tile
from frontrow.recommend.explain import BY_POPULARITY, because_tiles, plain_tiles
from frontrow.recommend.model import Model
from frontrow.recommend.rank import Standing, stand, top
from frontrow.recommend.viewer import Viewer


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
    least_tiles: int = 4
    """A row with fewer tiles is not shown (except Continue watching and My List)."""


def build_page(model: Model, viewer: Viewer, *, now_ms: int, config: PageConfig = PageConfig()) -> Page:
    """The viewer's page now; pure, and the same for the same arguments."""
    standing = stand(model, viewer)
    builder = _Builder(model, viewer, standing, config, now_ms)
    builder.continue_watching()
    builder.my_list()
    builder.top_picks()
    builder.because_you_watched()
    builder.trending()
    builder.new()
    builder.genre_rows()
    return Page(builder.rows[: config.rows], "" if len(standing.history) else "popular")


class _Builder:
    """One page in the making: `free` are the positions that may still be shown."""

    def __init__(self, model: Model, viewer: Viewer, standing: Standing, config: PageConfig, now_ms: int) -> None:
        self.model, self.viewer, self.standing, self.config = model, viewer, standing, config
        self.may = rules.allowed(model.rules, viewer.country, viewer.max_maturity, now_ms)
        self.free = self.may & ~standing.blocked
        self.score = standing.score
        self.rows: list[Row] = []
        self.personal = bool(len(standing.history))

    def continue_watching(self) -> None:
        begun = [t for t in reversed(self.viewer.watched) if self.viewer.watched[t].unfinished]
        self._add_titles("continue", "Continue watching", begun, ("You began this", "history"))

    def my_list(self) -> None:
        listed = [t for t in reversed(self.viewer.watched) if self.viewer.watched[t].listed]
        self._add_titles("list", "My List", listed, ("On your list", "list"))

    def top_picks(self) -> None:
        chosen = top(self.score, self.free, self.config.tiles)
        heading = "Top picks for you" if self.personal else "Popular now"
        self._add("top", "top" if self.personal else "popular", heading, chosen, self._explained(chosen))

    def because_you_watched(self) -> None:
        liked = self.standing.history[self.standing.liked]
        for anchor in liked[: self.config.because_rows].tolist():
            likeness = self.model.likeness(anchor)
            chosen = top(likeness, self.free & (likeness > 0), self.config.tiles)
            name = self.model.names[anchor]
            tiles = plain_tiles(self.model, self.viewer, chosen, likeness, (f"Like {name}", "similar"))
            self._add(f"because:{self.model.ids[anchor]}", "because", f"Because you watched {name}", chosen, tiles)

    def trending(self) -> None:
        trend = self.model.popularity.trend
        chosen = top(trend, self.free & (trend > 0), self.config.tiles)
        tiles = plain_tiles(self.model, self.viewer, chosen, trend, ("Watched more than usual", "trend"))
        self._add("trending", "trending", "Trending now", chosen, tiles)

    def new(self) -> None:
        newest = top(-self.model.newest_rank, self.free, self.config.tiles * 3)
        chosen = newest[np.argsort(-self.score[newest], kind="stable")][: self.config.tiles]
        tiles = plain_tiles(self.model, self.viewer, chosen, self.score, ("New here", "new"))
        self._add("new", "new", "New", chosen, tiles)

    def genre_rows(self) -> None:
        ranked = []
        for genre, mask in self.model.genre_masks.items():
            chosen = top(self.score, self.free & mask, self.config.tiles)
            if len(chosen) >= self.config.least_tiles:
                ranked.append((-float(self.score[chosen].mean()), genre))
        for _, genre in sorted(ranked)[: self.config.genre_rows]:
            chosen = top(self.score, self.free & self.model.genre_masks[genre], self.config.tiles)
            self._add(f"genre:{genre}", "genre", genre, chosen, self._explained(chosen))

    def _explained(self, chosen: NDArray[np.intp]) -> list[Tile]:
        if self.personal:
            return because_tiles(self.model, self.viewer, self.standing, chosen)
        return plain_tiles(self.model, self.viewer, chosen, self.score, BY_POPULARITY)

    def _add_titles(self, key: str, heading: str, titles: list[object], why: tuple[str, str]) -> None:
        index = self.model.index
        positions = [p for p in (index.get(t) for t in titles) if p is not None and self.free[p]]
        chosen = np.array(positions[: self.config.tiles], np.intp)
        self._add(key, key, heading, chosen, plain_tiles(self.model, self.viewer, chosen, self.score, why), least=1)

    def _add(
        self, key: str, kind: str, heading: str, chosen: NDArray[np.intp], tiles: list[Tile], least: int | None = None
    ) -> None:
        if len(chosen) >= (self.config.least_tiles if least is None else least):
            self.free[chosen] = False
            self.rows.append(Row(key, kind, heading, tiles))

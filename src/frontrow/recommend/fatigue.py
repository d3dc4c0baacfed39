"""How often a title was shown to a viewer and left alone: what the ranker learns fatigue from.

Counts are of days, so that a part of the log says the same whenever it is counted. A title that was ever touched is in
the history, and no candidate: all its impressions were left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.signals import DAY_MS, Interactions

if TYPE_CHECKING:
    import polars as pl

COUNTED = "shown-1"
TIRING = 4
"""Impressions without a click from which on a title tires."""


@dataclass(frozen=True)
class Shown:
    """Impressions, one row a viewer, title and day; `viewer` and `title` as in the interactions they go with."""

    viewer: NDArray[np.int32]
    title: NDArray[np.int32]
    day: NDArray[np.int64]
    """Days since 1970, UTC."""
    count: NDArray[np.float32]
    n_titles: int

    def fatigue(self, viewers: NDArray[np.integer], before_ms: NDArray[np.int64]) -> NDArray[np.float32]:
        """`tired` of each title for each of `viewers` at their own moment, float32 [viewers, titles].

        The day of the moment is left out whole: nothing later is counted.
        """
        place = np.full(max(int(self.viewer.max(initial=-1)), int(viewers.max(initial=-1))) + 1, -1)
        place[viewers] = np.arange(len(viewers))
        at = place[self.viewer]
        known = (at >= 0) & (self.day < before_ms[at] // DAY_MS)
        counts = np.zeros((len(viewers), self.n_titles), np.float32)
        np.add.at(counts, (at[known], self.title[known]), self.count[known])
        return tired(counts)


def tired(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Doublings of the impressions beyond the first few."""
    return np.asarray(np.log2(1 + np.maximum(counts - TIRING, 0)), np.float32)


def count(events: pl.DataFrame) -> pl.DataFrame:
    """Impressions (seq, at_ms, member, profile, title) of a part of the log by viewer, title and day.

    Raise the number in COUNTED when this changes.
    """
    import polars as pl

    by = ("member", "profile", "title", "day")
    return (
        events.filter(pl.col("title") != "")
        .with_columns(day=pl.col("at_ms") // DAY_MS)
        .group_by(by)
        .agg(count=pl.len().cast(pl.Float32))
        .sort(by)
    )


def shown_of(counts: pl.DataFrame, titles: pl.DataFrame, interactions: Interactions) -> Shown:
    """Impressions out of parts of `count`, joined; without viewers and titles that the interactions lack."""
    import polars as pl

    keys = ("member", "profile")
    viewers = pl.DataFrame(
        interactions.viewers, schema={name: counts.schema[name] for name in keys}, orient="row"
    ).with_columns(_viewer=pl.int_range(pl.len(), dtype=pl.Int32))
    place = titles.select("title", _title=pl.int_range(pl.len(), dtype=pl.Int32))
    known = counts.join(viewers, on=keys).join(place, on="title").sort("_viewer", "_title", "day")
    return Shown(
        known["_viewer"].to_numpy(), known["_title"].to_numpy(), known["day"].to_numpy(), known["count"].to_numpy(),
        interactions.n_titles,
    )  # fmt: skip

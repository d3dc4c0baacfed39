"""What is popular in each country, and what is watched more than usual there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import popularity, signals
from frontrow.recommend.crowd import shrink
from frontrow.recommend.popularity import Popularity, PopularityConfig

if TYPE_CHECKING:
    import polars as pl

LEAST_EVENTS = 200
"""A country with fewer events is shown what trends and what is popular everywhere."""
KEPT = 100


def by_country(events: pl.DataFrame, titles: pl.DataFrame, config: PopularityConfig) -> dict[str, Popularity]:
    """Popularity in each country that enough events name."""
    import polars as pl

    counts = events.filter(pl.col("country") != "").group_by("country").len().sort("country")
    return {
        country: popularity.fit(signals.from_events(events.filter(pl.col("country") == country), titles), config)
        for country, count in counts.iter_rows()
        if count >= LEAST_EVENTS
    }


def steepest(there: Mapping[str, Popularity], titles: pl.DataFrame) -> dict[str, list[Any]]:
    """Ids of the titles that trend in each country, steepest first."""
    trending = {}
    for country, of in there.items():
        order = np.argsort(-of.trend, kind="stable")[:KEPT]
        trending[country] = titles["title"].gather(order[of.trend[order] > 0]).to_list()
    return trending


def popular(there: Mapping[str, Popularity], world: Popularity) -> dict[str, NDArray[np.float32]]:
    """`recent` and `newcomer` of each country, shrunk to the world's, float32 [2, titles]."""
    return {country: shrink(of, world) for country, of in there.items()}

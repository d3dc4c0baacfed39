"""What is watched more than usual in each country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from frontrow.recommend import popularity, signals
from frontrow.recommend.popularity import PopularityConfig

if TYPE_CHECKING:
    import polars as pl

LEAST_EVENTS = 200
"""A country with fewer events is shown what trends everywhere."""
KEPT = 100


def by_country(events: pl.DataFrame, titles: pl.DataFrame, config: PopularityConfig) -> dict[str, list[Any]]:
    """Ids of the titles that trend in each country that its viewers' events name, steepest first."""
    import polars as pl

    counts = events.filter(pl.col("country") != "").group_by("country").len().sort("country")
    trending = {}
    for country, count in counts.iter_rows():
        if count < LEAST_EVENTS:
            continue
        there = signals.from_events(events.filter(pl.col("country") == country), titles)
        trend = popularity.fit(there, config).trend
        order = np.argsort(-trend, kind="stable")[:KEPT]
        trending[country] = titles["title"].gather(order[trend[order] > 0]).to_list()
    return trending

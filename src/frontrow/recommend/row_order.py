"""How much each kind of row is liked, learnt from what was shown and what was played.

An impression far down or far right is seen less, so each counts its position's discount; a click counts one. The rate
of a kind is shrunk towards the rate of all with the weight of PRIOR discounted impressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl

PRIOR = 500.0
LIKINGS: dict[str, float] = {
    "continue": 3.0, "list": 2.0, "top": 1.0, "popular": 1.0, "because": 0.8, "trending": 0.7, "genre": 0.7, "new": 0.6,
    "leaving": 0.6, "pair": 0.6, "person": 0.6, "gems": 0.5, "again": 0.1,
}  # fmt: skip
"""How much more or less a tile is played for standing in a row of that kind, before the log has told."""


def learn(events: pl.DataFrame) -> dict[str, float]:
    """Liking of each kind of row, 1 on average, out of impressions and clicks whose props name their row.

    `events` has kind, value (an impression's position in its row) and `row` (a row's kind or key); without any, the
    defaults.
    """
    import polars as pl

    kinds = events.with_columns(row=pl.col("row").str.split(":").list.first().replace("hero", "top"))
    told = kinds.filter(pl.col("row").is_in(list(LIKINGS)))
    shown = told.filter(pl.col("kind") == str(Kind.IMPRESSION)).with_columns(
        seen=1 / (pl.col("value").fill_null(0).clip(0, 1000) + 2).log(2)
    )
    total = float(shown["seen"].sum())
    clicked = told.filter(pl.col("kind") == str(Kind.CLICK))
    if total == 0 or not len(clicked):
        return dict(LIKINGS)
    rate = len(clicked) / total
    seen_by = dict(shown.group_by("row").agg(pl.col("seen").sum()).iter_rows())
    clicks_by = dict(clicked.group_by("row").len().iter_rows())
    mean = float(np.mean(list(LIKINGS.values())))
    return {
        kind: (clicks_by.get(kind, 0) + PRIOR * rate * liking / mean) / ((seen_by.get(kind, 0.0) + PRIOR) * rate)
        for kind, liking in LIKINGS.items()
    }

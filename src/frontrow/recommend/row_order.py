"""How much each kind of row is liked, learnt from what was shown and what was played.

The outcome is a qualified play: one that went on beyond the first 5%. A click that led to none counts CLICK of one:
what is opened and left again has promised too much. A play belongs to the row of its own `props.row`, or to the row in
which its decision showed the title, or to that of the decision's last click (a series is shown, an episode is played).

An impression far right is seen less, so each counts its place's discount. On a place that exploration may fill, what is
usual there counts 1 / propensity and what was drawn counts nothing: the rate is that of pages without exploration.
The rate of a kind is shrunk towards the rate of all with the weight of PRIOR discounted impressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frontrow.recommend.signals import ABANDONED_FRACTION
from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl

PRIOR = 500.0
CLICK = 0.1
"""What a click without a qualified play is worth."""
USUAL = 0.5
"""Least propensity of what is usually at a place: exploration never takes more than half of the pages."""
KINDS = (Kind.IMPRESSION, Kind.CLICK, Kind.PLAY, Kind.PROGRESS, Kind.STOP)
COLUMNS = ("seq", "kind", "member", "title", "decision_id", "value", "props")
TALLIED = "rows-1"
LIKINGS: dict[str, float] = {
    "continue": 3.0, "list": 2.0, "top": 1.0, "popular": 1.0, "because": 0.8, "trending": 0.7, "genre": 0.7, "new": 0.6,
    "leaving": 0.6, "pair": 0.6, "person": 0.6, "gems": 0.5, "again": 0.1,
}  # fmt: skip
"""How much more or less a tile is played for standing in a row of that kind, before the log has told."""


def tally(events: pl.DataFrame) -> pl.DataFrame:
    """What a part of the log says of each kind of row: `row`, `seen` (discounted impressions), `played` (outcomes).

    `events` has COLUMNS, in the order of seq. A play in another part than the tile that led to it is missed: parts are
    as long as a segment. Raise the number in TALLIED when this changes.
    """
    import polars as pl

    props, kind, value = pl.col("props").str, pl.col("kind"), pl.col("value")
    propensity = props.json_path_match("$.propensity").cast(pl.Float64, strict=False).fill_null(1.0)
    alone = pl.col("decision_id") == ""  # cites no decision: stands for itself
    told = events.with_columns(
        row=props.json_path_match("$.row"),
        usual=pl.when((propensity >= USUAL) & (propensity <= 1)).then(1 / propensity).otherwise(0.0),
        page=pl.when(alone).then(pl.col("seq").cast(pl.String)).otherwise("decision_id"),
    )
    shown, clicked = kind == str(Kind.IMPRESSION), kind == str(Kind.CLICK)
    seen = told.filter(shown).select("row", pl.col("usual") / (value.fill_null(0).clip(0, 1000) + 2).log(2))
    furthest = value.filter(kind.is_in([str(Kind.PROGRESS), str(Kind.STOP)])).max()
    begun = (kind == str(Kind.PLAY)).any().cast(pl.Float64)
    tiles = told.group_by("member", "page", "title", maintain_order=True).agg(
        pl.col("row").drop_nulls().first(),
        usual=pl.col("usual").filter(shown).first().fill_null(1.0),
        clicked=clicked.any(),
        lasting=pl.coalesce(furthest, begun) >= ABANDONED_FRACTION,
    )
    clicks = told.filter(clicked & pl.col("row").is_not_null())
    last_click = clicks.group_by("member", "page", maintain_order=True).agg(of_page=pl.col("row").last())
    outcome = pl.when("lasting").then(1.0).when("clicked").then(CLICK).otherwise(0.0)
    played = tiles.join(last_click, on=["member", "page"], how="left", maintain_order="left").select(
        pl.coalesce("row", "of_page"), played=outcome * pl.col("usual")
    )
    template = pl.col("row").str.split(":").list.first().replace("hero", "top")
    return (
        pl.concat([seen.select("row", seen="usual", played=0.0), played.select("row", seen=0.0, played="played")])
        .with_columns(row=template)
        .filter(pl.col("row").is_in(list(LIKINGS)))
        .group_by("row", maintain_order=True)
        .agg(pl.col("seen", "played").sum())
        .sort("row")
    )


def learn(tallies: pl.DataFrame) -> dict[str, float]:
    """Liking of each kind of row, 1 on average, out of `tally` of every part of the log; without any, the defaults."""
    rows, seen, played = (tallies[name].to_list() for name in ("row", "seen", "played"))
    seen_by, played_by = dict.fromkeys(LIKINGS, 0.0), dict.fromkeys(LIKINGS, 0.0)
    for row, shown, outcomes in zip(rows, seen, played, strict=True):
        seen_by[row] += shown
        played_by[row] += outcomes
    total, outcomes = sum(seen_by.values()), sum(played_by.values())
    if total == 0 or outcomes == 0:
        return dict(LIKINGS)
    rate, mean = outcomes / total, float(np.mean(list(LIKINGS.values())))
    return {
        kind: (played_by[kind] + PRIOR * rate * liking / mean) / ((seen_by[kind] + PRIOR) * rate)
        for kind, liking in LIKINGS.items()
    }

"""What is popular and what is watched more than usual in each crowd: a country, the kids, the kids of a country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import popularity, signals
from frontrow.recommend.crowd import crowd_name, shrink
from frontrow.recommend.popularity import Popularity, PopularityConfig

if TYPE_CHECKING:
    import polars as pl

LEAST_EVENTS = 200
"""A crowd with fewer (compacted) events is shown what trends and what is popular with the next larger one."""
KEPT = 100


def by_crowd(events: pl.DataFrame, titles: pl.DataFrame, config: PopularityConfig) -> dict[str, Popularity]:
    """Popularity in each crowd that enough events tell of, larger crowds first; `events` have `kids`.

    Where kids are a crowd, those on other profiles are one too: "" is everybody, but for them.
    """
    import polars as pl

    found: dict[str, Popularity] = {}

    def add(name: str, of: pl.DataFrame) -> None:
        if len(of) >= LEAST_EVENTS:
            found[name] = popularity.fit(signals.from_events(of, titles), config)

    countries = events.filter(pl.col("country") != "")["country"].unique().sort().to_list()
    kids = events.filter(pl.col("kids"))
    add(crowd_name("", kids=True), kids)
    others = events.filter(~pl.col("kids")) if found else events
    if found:
        add("", others)
    for country in countries:
        add(country, others.filter(pl.col("country") == country))
        if found and len(kids):
            add(crowd_name(country, kids=True), kids.filter(pl.col("country") == country))
    return found


def steepest(there: Mapping[str, Popularity], titles: pl.DataFrame) -> dict[str, list[Any]]:
    """Ids of the titles that trend in each crowd, steepest first."""
    trending = {}
    for name, of in there.items():
        order = np.argsort(-of.trend, kind="stable")[:KEPT]
        trending[name] = titles["title"].gather(order[of.trend[order] > 0]).to_list()
    return trending


def popular(there: Mapping[str, Popularity], world: Popularity) -> dict[str, NDArray[np.float32]]:
    """`recent` and `newcomer` of each crowd, float32 [2, titles]: a country's shrunk to those of its kind of profile,
    these to the world's."""
    shrunk: dict[str, NDArray[np.float32]] = {}
    for kids in (False, True):
        whole, nearest = crowd_name("", kids=kids), world
        if whole in there:
            shrunk[whole] = shrink(there[whole], world)
            nearest = replace(world, recent=shrunk[whole][0], newcomer=shrunk[whole][1])
        for name, of in there.items():
            if name not in shrunk and name.endswith(crowd_name("", kids=True)) == kids:
                shrunk[name] = shrink(of, nearest)
    return shrunk

"""Popularity where the viewer is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from frontrow.data import artifacts
from frontrow.recommend import signals, trends
from frontrow.recommend.crowd import shrink
from frontrow.recommend.model import FitConfig, Model, fit
from frontrow.recommend.popularity import Popularity, PopularityConfig
from frontrow.recommend.rank import rank
from frontrow.recommend.sources import Mix
from frontrow.recommend.viewer import Viewer, Watched
from frontrow.recommend.why import explain

COLUMNS = ["seq", "at_ms", "kind", "member", "profile", "title", "value", "country"]


def counted(values: np.ndarray) -> Popularity:
    n = values.astype(np.float32)
    return Popularity(n, n, n, np.zeros_like(n))


def world_of_two(countries: tuple[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Those of one country watch titles 0 to 9 of 30, those of the other, who are more, 10 to 19."""
    rng = np.random.default_rng(0)
    rows = []
    for country, first, members in ((countries[0], 0, 40), (countries[1], 10, 60)):
        for member in range(members):
            for title in first + rng.permutation(10)[:7]:
                rows.append((len(rows), len(rows) * 1000, "play", f"{first}-{member}", "", f"t{title}", None, country))
    titles = pl.DataFrame({"title": [f"t{i}" for i in range(30)], "name": [f"Title {i}" for i in range(30)]})
    return pl.DataFrame(rows, schema=COLUMNS, orient="row"), titles


def fitted(countries: tuple[str, str]) -> Model:
    events, titles = world_of_two(countries)
    mix = Mix(weights={"taste": 0.1, "popular": 1.0})
    model = fit(signals.from_events(events, titles), titles, FitConfig(mix=mix))
    there = trends.by_crowd(events.with_columns(kids=pl.lit(False)), titles, PopularityConfig())
    return replace(model, here=trends.popular(there, model.popularity))


def first_ten(model: Model, viewer: Viewer) -> set[int]:
    return {int(tile.title[1:]) for tile in rank(model, viewer, 10, now_ms=0).tiles}


def test_a_country_that_differs_by_chance_only_is_the_world() -> None:
    rng = np.random.default_rng(1)
    world = rng.gamma(2, 500, 200)
    small = counted(rng.poisson(world / 100))
    near = shrink(small, counted(world))[0]
    alone = small.recent * (world.sum() / small.recent.sum())
    assert np.abs(near - world).sum() < 0.2 * np.abs(alone - world).sum()
    same = counted(world / 3)
    assert np.array_equal(shrink(same, counted(world))[0], counted(world).recent)


def test_the_more_viewers_a_country_has_the_more_it_is_itself() -> None:
    rng = np.random.default_rng(2)
    world = rng.gamma(2, 500, 200)
    taste = world * rng.gamma(3, 1 / 3, 200)
    taste *= world.sum() / taste.sum()
    off = [np.abs(shrink(counted(rng.poisson(taste / d)), counted(world))[0] - taste).mean() for d in (1000, 100, 1)]
    assert off[2] < off[1] < off[0] < np.abs(world - taste).mean()


@pytest.mark.parametrize("watched", [{}, {"t25": Watched(played=True, weight=0.6)}])
def test_newcomers_and_others_are_ranked_by_what_is_popular_where_they_are(watched: dict[str, Watched]) -> None:
    model = fitted(("AT", "DE"))
    here = Viewer(country="AT", watched=watched)
    assert first_ten(model, here) == set(range(10))
    here.country = "DE"  # the same viewer, abroad
    assert first_ten(model, here) == set(range(10, 20))
    nowhere, elsewhere = (rank(model, Viewer(country=c, watched=watched), 10, now_ms=0) for c in ("", "JP"))
    assert nowhere == elsewhere


def test_a_log_that_names_no_country_ranks_as_before() -> None:
    model = fitted(("", ""))
    assert model.here == {}
    assert first_ten(model, Viewer(country="AT")) == set(range(10, 20))


def test_the_share_of_popularity_in_a_reason_is_that_of_the_viewers_country() -> None:
    model = fitted(("AT", "DE"))
    share = {
        country: explain(
            model, Viewer(country=country, watched={"t1": Watched(played=True, weight=0.6)}), "t2", now_ms=0
        ).from_everybody
        for country in ("AT", "DE")
    }
    assert share["AT"] > share["DE"]


def test_countries_are_published_with_the_model(tmp_path: Path) -> None:
    model = fitted(("AT", "DE"))
    files = model.files()
    published = artifacts.publish(
        tmp_path, "recommend", files, config={}, high_water=0, rows={}, metrics={}, parents={}, now_ms=0, keep=1
    )
    opened = Model.load(published)
    for country in ("AT", "DE", ""):
        viewer = Viewer(country=country)
        assert rank(opened, viewer, 10, now_ms=0) == rank(model, replace(viewer, cache={}), 10, now_ms=0)

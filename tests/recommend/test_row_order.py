"""What the log says about rows and countries."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from frontrow.recommend import row_order, trends
from frontrow.recommend.model import Model
from frontrow.recommend.page import PageConfig, build_page
from frontrow.recommend.popularity import PopularityConfig
from frontrow.recommend.viewer import Viewer

DAY_MS = 86_400_000


def told(shown: dict[str, int], clicked: dict[str, int]) -> pl.DataFrame:
    rows = [("impression", 0.0, row) for row, n in shown.items() for _ in range(n)]
    rows += [("click", None, row) for row, n in clicked.items() for _ in range(n)]
    schema = {"kind": pl.String, "value": pl.Float64, "row": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_without_a_log_every_row_is_liked_as_before() -> None:
    assert row_order.learn(told({}, {})) == row_order.LIKINGS
    assert row_order.learn(told({"top": 50}, {})) == row_order.LIKINGS


def test_a_row_that_is_clicked_more_often_is_liked_more() -> None:
    likings = row_order.learn(told({"new": 9000, "trending": 9000}, {"new": 900, "trending": 90}))
    assert likings["new"] > 2 * likings["trending"]


def test_the_keys_of_a_template_and_the_first_pick_count_together() -> None:
    split = row_order.learn(told({"genre:War": 4000, "genre:Noir": 4000, "hero": 500}, {"genre:War": 400, "hero": 100}))
    whole = row_order.learn(told({"genre": 8000, "top": 500}, {"genre": 400, "top": 100}))
    assert split == pytest.approx(whole)


def test_few_impressions_hardly_move_a_row() -> None:
    likings = row_order.learn(told({"new": 1, "top": 10_000}, {"new": 1, "top": 1000}))
    assert likings["new"] == pytest.approx(
        row_order.LIKINGS["new"] / np.mean(list(row_order.LIKINGS.values())), rel=0.1
    )


def test_what_trends_in_a_country_is_shown_there_and_nowhere_else() -> None:
    titles = pl.DataFrame({"title": [f"t{i}" for i in range(40)], "name": ["x"] * 40})
    rng = np.random.default_rng(0)
    rows = []
    for country, hot in (("AT", range(28, 34)), ("DE", range(34, 40))):
        for member in range(40):
            for day in range(60):
                title = int(rng.choice(list(hot))) if day > 52 else int(rng.integers(28))
                rows.append((len(rows), day * DAY_MS, "play", f"{country}{member}", "", f"t{title}", None, country))
    columns = ["seq", "at_ms", "kind", "member", "profile", "title", "value", "country"]
    events = pl.DataFrame(rows, schema=columns, orient="row")
    found = trends.steepest(trends.by_country(events, titles, PopularityConfig()), titles)
    assert set(found["AT"][:6]) == {f"t{i}" for i in range(28, 34)}
    plain = Model.unfitted(titles)
    model = Model(titles, plain.parts, plain.mix, trends=found)
    config = PageConfig(tiles=4, likings={"trending": 9.0})

    def trending(country: str) -> dict[str, list[str]]:
        page = build_page(model, Viewer(country=country), now_ms=0, config=config)
        return {row.heading: [tile.title for tile in row.tiles] for row in page.rows if row.kind == "trending"}

    here, elsewhere = trending("AT"), trending("JP")
    assert list(here) == ["Trending in AT"]
    assert set(here["Trending in AT"]) <= {f"t{i}" for i in range(28, 34)}
    assert "Trending in AT" not in elsewhere

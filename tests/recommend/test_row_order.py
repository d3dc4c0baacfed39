"""What the log says about rows and countries."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from frontrow.recommend import row_order, trends
from frontrow.recommend.model import Model
from frontrow.recommend.page import PageConfig, build_page
from frontrow.recommend.popularity import PopularityConfig
from frontrow.recommend.viewer import Viewer

DAY_MS = 86_400_000


SCHEMA = {
    "seq": pl.Int64, "kind": pl.String, "member": pl.Int64, "title": pl.String, "decision_id": pl.String,
    "value": pl.Float64, "props": pl.String,
}  # fmt: skip


def log(*rows: dict) -> pl.DataFrame:
    """Events as the fit reads them; `row` and `propensity` go into the props."""
    filled = []
    for seq, row in enumerate(rows):
        props = {name: row[name] for name in ("row", "propensity") if name in row}
        event = {"seq": seq, "member": 1, "title": f"t{seq}", "decision_id": "", "value": None} | row
        filled.append({name: event[name] for name in SCHEMA if name != "props"} | {"props": json.dumps(props)})
    return pl.DataFrame(filled, schema=SCHEMA)


def learn(*parts: pl.DataFrame) -> dict[str, float]:
    return row_order.learn(pl.concat([row_order.tally(part) for part in parts]))


def told(shown: dict[str, int], clicked: dict[str, int]) -> pl.DataFrame:
    """Impressions and clicks of a log that cites no decision."""
    rows = [{"kind": "impression", "value": 0.0, "row": row} for row, n in shown.items() for _ in range(n)]
    return log(*rows, *({"kind": "click", "row": row} for row, n in clicked.items() for _ in range(n)))


def page(decision: str, row: str, *doings: dict, shown: int = 10, **impression: object) -> list[dict]:
    """One row of one page: its impressions, and what was done with its first title."""
    of = {"decision_id": decision, "title": f"{decision}-0"}
    rows: list[dict] = [
        {"kind": "impression", "row": row, "decision_id": decision, "title": f"{decision}-{at}", "value": 0.0}
        | impression
        for at in range(shown)
    ]
    return rows + [of | doing for doing in doings]


def test_without_a_log_every_row_is_liked_as_before() -> None:
    assert learn(told({}, {})) == row_order.LIKINGS
    assert learn(told({"top": 50}, {})) == row_order.LIKINGS


def test_a_row_that_is_clicked_more_often_is_liked_more() -> None:
    likings = learn(told({"new": 9000, "trending": 9000}, {"new": 900, "trending": 90}))
    assert likings["new"] > 2 * likings["trending"]


def test_a_row_that_is_clicked_but_not_watched_loses_to_one_that_is_watched() -> None:
    """Clickbait: Trending is opened on every page and left at once, New on every fifth, and then watched."""
    rows = []
    for n in range(500):
        bait = [{"kind": "click", "row": "trending"}, {"kind": "play", "value": 0.0}, {"kind": "stop", "value": 0.01}]
        rows += page(f"bait{n}", "trending", *bait)
        good = [{"kind": "click", "row": "new"}, {"kind": "play", "value": 0.0}, {"kind": "stop", "value": 0.9}]
        rows += page(f"good{n}", "new", *(good if n % 5 == 0 else []))
    likings = learn(log(*rows))
    assert likings["new"] > 1.5 * likings["trending"]
    clicks_alone = learn(log(*(row for row in rows if row["kind"] in ("impression", "click"))))
    assert clicks_alone["trending"] > 1.5 * clicks_alone["new"]


def test_a_play_belongs_to_the_row_in_which_its_decision_showed_the_title() -> None:
    watched = [{"kind": "play", "value": 0.0}, {"kind": "stop", "value": 0.5}, {"kind": "progress", "value": 0.9}]
    found = row_order.tally(log(*page("d1", "new", *watched), *page("d2", "gems", shown=3)))
    assert dict(found.select("row", "played").iter_rows()) == {"new": 1.0, "gems": 0.0}


def test_a_played_episode_belongs_to_the_row_in_which_its_series_was_opened() -> None:
    rows = page(
        "d1", "because:s", {"kind": "click", "row": "because:s"}, {"kind": "stop", "title": "episode", "value": 1.0}
    )
    found = row_order.tally(log(*rows))
    assert found["row"].to_list() == ["because"]
    assert found["played"][0] == pytest.approx(1 + row_order.CLICK)


def test_what_exploration_has_drawn_counts_neither_for_nor_against_its_row() -> None:
    usual, watched = page("d1", "top", shown=9), {"kind": "stop", "value": 0.9}
    before = row_order.tally(log(*usual))
    drawn = row_order.tally(log(*usual, *page("d2", "top", watched, shown=1, propensity=0.0001)))
    assert drawn.equals(before)
    kept = row_order.tally(log(*page("d1", "top", watched, shown=1, propensity=0.8)))
    assert kept["seen"][0] == kept["played"][0] == pytest.approx(1 / 0.8)


def test_a_place_far_right_is_forgiven_for_being_played_less() -> None:
    watched = {"kind": "stop", "value": 0.9}
    left = row_order.tally(log(*page("d1", "new", watched, value=0.0)))
    right = row_order.tally(log(*page("d1", "new", watched, value=20.0)))
    assert right["played"][0] / right["seen"][0] > 4 * left["played"][0] / left["seen"][0]


def test_parts_of_a_log_add_up() -> None:
    rows = page("d1", "new", {"kind": "click", "row": "new"}), page("d2", "top", {"kind": "stop", "value": 0.9})
    assert learn(log(*rows[0]), log(*rows[1])) == pytest.approx(learn(log(*rows[0], *rows[1])))


def test_the_keys_of_a_template_and_the_first_pick_count_together() -> None:
    split = learn(told({"genre:War": 4000, "genre:Noir": 4000, "hero": 500}, {"genre:War": 400, "hero": 100}))
    whole = learn(told({"genre": 8000, "top": 500}, {"genre": 400, "top": 100}))
    assert split == pytest.approx(whole)


def test_few_impressions_hardly_move_a_row() -> None:
    likings = learn(told({"new": 1, "top": 10_000}, {"new": 1, "top": 1000}))
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
    found = trends.steepest(
        trends.by_crowd(events.with_columns(kids=pl.lit(False)), titles, PopularityConfig()), titles
    )
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

"""The page and everything that shows titles: no rule is ever broken, and each row is what its heading says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontrow.recommend import signals
from frontrow.recommend.answer import Tile
from frontrow.recommend.model import Model, fit
from frontrow.recommend.page import PageConfig, PinnedRow, build_page
from frontrow.recommend.rank import rank, similar
from frontrow.recommend.search import search
from frontrow.recommend.viewer import KIDS_AGE, Viewer, observe, viewer_from_events, with_likes
from frontrow.recommend.welcome import choose_first
from frontrow.schema import Event, Kind

NOW_MS = 1_000_000_000_000
DAY_MS = 86_400_000
COUNTRIES = ("", "AT", "DE", "JP")
TASTE = (Kind.PLAY, Kind.STOP, Kind.RATE, Kind.DISMISS, Kind.SEEN, Kind.LIST, Kind.CLICK, Kind.IMPRESSION)

title_rows = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["movie", "movie", "series", "episode"]),
        "year": st.one_of(st.none(), st.integers(1900, 2030)),
        "genres": st.lists(st.sampled_from(["Drama", "Comedy", "Noir", "War"]), max_size=3, unique=True),
        "people": st.lists(st.sampled_from(["Ann Lee", "Bo Li", "Cy Ray"]), max_size=2, unique=True),
        "maturity": st.sampled_from([0, 0, 6, 12, 18]),
        "countries": st.lists(st.sampled_from(COUNTRIES[1:]), max_size=2, unique=True),
        "available_from_ms": st.sampled_from([None, NOW_MS - DAY_MS, NOW_MS + DAY_MS]),
        "available_until_ms": st.sampled_from([None, NOW_MS, NOW_MS - 1, NOW_MS + DAY_MS, NOW_MS + 90 * DAY_MS]),
        "added_ms": st.one_of(st.none(), st.integers(NOW_MS - 900 * DAY_MS, NOW_MS)),
    }
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A catalogue of 1 to 40 titles, and events of six members."""
    rows = draw(st.lists(title_rows, min_size=1, max_size=40))
    n = len(rows)
    for place, row in enumerate(rows):
        row |= {"title": f"t{place}", "name": f"Name {place}"}
        row["series"] = f"t{draw(st.integers(0, n - 1))}" if row["kind"] == "episode" else ""
    event = st.tuples(
        st.integers(0, 5), st.integers(0, n), st.sampled_from(TASTE), st.sampled_from([None, 0.0, 0.03, 0.4, 1.0, 5.0])
    )
    made = [
        {"seq": at, "at_ms": NOW_MS - DAY_MS * 30 + at * DAY_MS // 8, "member": member, "profile": "",
         "kind": str(kind), "title": f"t{title}", "country": "",
         "value": value if kind is Kind.RATE or value != 5.0 else 1.0}
        for at, (member, title, kind, value) in enumerate(draw(st.lists(event, max_size=80)))
    ]  # fmt: skip
    schema = {"seq": pl.Int64, "at_ms": pl.Int64, "member": pl.Int64, "profile": pl.String, "kind": pl.String,
              "title": pl.String, "value": pl.Float64, "country": pl.String}  # fmt: skip
    lists = {name: pl.List(pl.String) for name in ("genres", "people", "countries")}
    times = dict.fromkeys(("available_from_ms", "available_until_ms", "added_ms", "year"), pl.Int64)
    return pl.DataFrame(rows, schema_overrides=lists | times), pl.DataFrame(made, schema=schema)


def forbidden(row: dict[str, object], viewer: Viewer) -> str:
    """Which rule hides a title, told from the catalogue's row alone."""
    limit = min(viewer.max_maturity, KIDS_AGE) if viewer.kids else viewer.max_maturity
    if row["kind"] == "episode":
        return "episode"
    if row["countries"] and viewer.country not in row["countries"]:  # type: ignore[operator]
        return "country"
    if row["maturity"] > limit:  # type: ignore[operator]
        return "maturity"
    if row["available_from_ms"] is not None and row["available_from_ms"] > NOW_MS:  # type: ignore[operator]
        return "not yet"
    if row["available_until_ms"] is not None and row["available_until_ms"] <= NOW_MS:  # type: ignore[operator]
        return "no longer"
    return ""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    world=worlds(), country=st.sampled_from(COUNTRIES), max_maturity=st.sampled_from([0, 6, 12, 99]),
    kids=st.booleans(), rows=st.integers(1, 9), tiles=st.integers(1, 7), explore=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 99), fitted=st.booleans(),
)  # fmt: skip
def test_no_tile_breaks_a_rule_comes_twice_or_overflows_its_row(
    world: tuple[pl.DataFrame, pl.DataFrame], country: str, max_maturity: int, kids: bool, rows: int, tiles: int,
    explore: float, seed: int, fitted: bool,
) -> None:  # fmt: skip
    titles, events = world
    model = fit(signals.from_events(events, titles), titles) if fitted else Model.unfitted(titles)
    catalogue = {row["title"]: row for row in titles.iter_rows(named=True)}
    pinned = (PinnedRow("editors", "Chosen", ("t0", "t1", "t0", "t2", "gone"), at=1, sponsored=True),)
    config = PageConfig(rows, tiles, genre_rows=2, least_tiles=2, explore=explore, pinned=pinned)
    for member in range(7):  # the seventh has done nothing
        mine = events.filter(pl.col("member") == member)
        viewer = viewer_from_events(
            mine, member, country=country, kids=kids, max_maturity=max_maturity, series=model.series
        )
        page = build_page(model, viewer, now_ms=NOW_MS, config=config, seed=seed)
        lists = [row.tiles for row in page.rows]
        assert len(page.rows) <= rows
        assert all(1 <= len(each) <= tiles for each in lists)
        shown = [tile.title for each in lists for tile in each]
        assert len(shown) == len(set(shown))
        again = {tile.title for row in page.rows if row.kind == "again" for tile in row.tiles}
        for title in set(shown) - again:
            what = viewer.watched.get(title)
            assert what is None or not (what.finished or what.dismissed)
        assert not any(viewer.watched[title].dismissed for title in again)
        some = next(iter(catalogue))
        lists += [
            rank(model, viewer, tiles, now_ms=NOW_MS).tiles,
            similar(model, some, tiles, now_ms=NOW_MS, viewer=viewer).tiles,
            search(model, "name drama ann", 20, now_ms=NOW_MS, viewer=viewer).tiles,
            choose_first(model, viewer, tiles, now_ms=NOW_MS).tiles,
        ]
        liked = with_likes(viewer, [some, "gone"], NOW_MS)
        lists += [row.tiles for row in build_page(model, liked, now_ms=NOW_MS, config=config).rows]
        for each in lists:
            ids = [tile.title for tile in each]
            assert len(ids) == len(set(ids))
            for tile in each:
                assert not forbidden(catalogue[tile.title], viewer), tile
                assert np.isfinite(tile.score)
                consistent(tile, viewer, liked)


def consistent(tile: Tile, *viewers: Viewer) -> None:
    """A reason's text and what it is because of must match."""
    if tile.reason.because:
        assert tile.reason.text.endswith(tile.reason.because[0].name)
        assert tile.reason.exact
        assert any(tile.reason.because[0].title in viewer.watched for viewer in viewers)
    else:
        assert not tile.reason.text.startswith("Because")


def world_of_two_kinds() -> Model:
    """Even titles are comedies with Ann, odd ones westerns; members keep to one kind."""
    n = 120
    titles = pl.DataFrame(
        {"title": [f"t{i}" for i in range(n)], "name": [f"Name {i}" for i in range(n)], "kind": ["movie"] * n,
         "genres": [["Comedy", "Short"] if i % 2 == 0 else ["Western"] for i in range(n)],
         "people": [["Ann Lee"] if i % 4 == 0 else [] for i in range(n)],
         "available_until_ms": [NOW_MS + DAY_MS if i >= 112 else None for i in range(n)]},
        schema_overrides={"people": pl.List(pl.String), "available_until_ms": pl.Int64},
    )  # fmt: skip
    rng = np.random.default_rng(1)
    member = np.repeat(np.arange(60), 15)
    title = np.concatenate([2 * rng.permutation(50)[:15] + m % 2 for m in range(60)])
    at_ms = NOW_MS - 40 * DAY_MS + rng.integers(0, 40 * DAY_MS, len(title))
    interactions = signals.from_columns(member, np.array([f"t{t}" for t in title]), titles["title"], at_ms)
    return fit(interactions, titles)


@pytest.fixture(scope="module")
def model() -> Model:
    return world_of_two_kinds()


def viewer(*done: tuple[str, Kind, float | None]) -> Viewer:
    made = Viewer("m")
    for at, (title, kind, value) in enumerate(done):
        observe(made, Event(id="", at_ms=NOW_MS - DAY_MS + at, kind=kind, member="m", title=title, value=value))
    return made


COMEDIES = [(f"t{i}", Kind.STOP, 1.0) for i in (0, 4, 8, 12, 16, 20, 24, 28)]


def test_a_film_that_the_catalogue_has_twice_is_shown_once_and_not_again_when_seen() -> None:
    names = [f"Name {i // 2}" for i in range(12)]
    titles = pl.DataFrame({"title": [f"t{i}" for i in range(12)], "name": names, "year": [1990] * 12})
    events = pl.DataFrame(
        {
            "seq": range(24),
            "at_ms": [NOW_MS + i for i in range(24)],
            "kind": ["play"] * 24,
            "member": [i // 12 for i in range(24)],
            "profile": [""] * 24,
            "title": [f"t{i % 12}" for i in range(24)],
            "value": [None] * 24,
            "country": [""] * 24,
        },
        schema_overrides={"value": pl.Float64},
    )
    model = fit(signals.from_events(events, titles), titles)
    viewer = Viewer("m")
    observe(viewer, Event(id="", at_ms=NOW_MS, kind=Kind.STOP, member="m", title="t0", value=1.0))
    shown = [
        tile.name for row in build_page(model, viewer, now_ms=NOW_MS).rows if row.kind != "again" for tile in row.tiles
    ]
    assert sorted(shown) == sorted(set(names) - {"Name 0"})


def test_a_row_stands_on_what_was_watched_never_on_a_click(model: Model) -> None:
    page = build_page(model, viewer(*COMEDIES, ("t2", Kind.CLICK, None), ("t6", Kind.LIST, 1.0)), now_ms=NOW_MS)
    anchors = [row.key for row in page.rows if row.kind == "because"]
    assert anchors
    assert set(anchors) <= {f"because:{title}" for title, _, _ in COMEDIES}


def test_a_click_alone_gives_a_reason_that_says_so(model: Model) -> None:
    ranked = rank(model, viewer(("t2", Kind.CLICK, None)), 5, now_ms=NOW_MS)
    texts = {tile.reason.text for tile in ranked.tiles if tile.reason.because}
    assert texts == {"Because you looked at Name 2"}


def test_every_template_has_its_row_where_there_is_something_for_it(model: Model) -> None:
    who = viewer(*COMEDIES, ("t32", Kind.STOP, 0.4), ("t36", Kind.LIST, 1.0))
    page = build_page(model, who, now_ms=NOW_MS, config=PageConfig(rows=40, tiles=5, least_tiles=1))
    kinds = Counter(row.kind for row in page.rows)
    assert {"continue", "list", "top", "because", "genre", "pair", "person", "gems", "new", "leaving", "again"} <= set(
        kinds
    )
    assert [row.kind for row in page.rows[:2]] == ["continue", "list"]
    assert page.rows[0].tiles[0].played == 0.4


def test_somebody_with_few_titles_gets_no_row_and_breaks_none() -> None:
    people = [["Ann", "Bo"], ["Ann", "Bo"], [], [], ["Bo"], ["Ann"], ["Ann"], ["Ann"]]
    titles = pl.DataFrame({"title": [f"t{i}" for i in range(8)], "name": ["x"] * 8, "people": people})
    who = viewer(("t0", Kind.PLAY, None), ("t1", Kind.PLAY, None))
    config = PageConfig(tiles=2, least_tiles=1, likings={"person": 9.0})
    keys = [row.key for row in build_page(Model.unfitted(titles), who, now_ms=NOW_MS, config=config).rows]
    assert "person:Ann" in keys
    assert "person:Bo" not in keys


def test_an_episode_that_was_begun_is_its_series_to_go_on_with() -> None:
    titles = pl.DataFrame(
        {"title": ["s", "e1", "e2", "m"], "name": ["The Series", "One", "Two", "A Film"],
         "kind": ["series", "episode", "episode", "movie"], "series": ["", "s", "s", ""]}
    )  # fmt: skip
    model = Model.unfitted(titles)
    events = pl.DataFrame(
        {"at_ms": [1, 2], "kind": ["stop", "stop"], "title": ["e1", "e2"], "value": [1.0, 0.3], "country": ""}
    )
    who = viewer_from_events(events, series=model.series)
    page = build_page(model, who, now_ms=NOW_MS)
    assert [(t.title, t.played) for t in page.rows[0].tiles] == [("s", 0.3)]
    observe(who, Event(id="", at_ms=3, kind=Kind.STOP, member="", title="e2", value=1.0), model.series)
    assert who.watched["s"].finished
    assert not {"e1", "e2"} & {t.title for row in page.rows for t in row.tiles}


def test_my_list_is_a_row_until_the_title_is_taken_off(model: Model) -> None:
    on = build_page(model, viewer(*COMEDIES, ("t36", Kind.LIST, 1.0)), now_ms=NOW_MS)
    off = build_page(model, viewer(*COMEDIES, ("t36", Kind.LIST, 1.0), ("t36", Kind.LIST, 0.0)), now_ms=NOW_MS)
    assert [t.title for row in on.rows if row.kind == "list" for t in row.tiles] == ["t36"]
    assert not any(row.kind == "list" for row in off.rows)


def test_what_is_dismissed_is_gone_and_comes_back_when_that_is_taken_back(model: Model) -> None:
    best = rank(model, viewer(*COMEDIES), 1, now_ms=NOW_MS).tiles[0].title
    away = viewer(*COMEDIES, (best, Kind.DISMISS, None))
    assert best not in [t.title for row in build_page(model, away, now_ms=NOW_MS).rows for t in row.tiles]
    observe(away, Event(id="", at_ms=NOW_MS, kind=Kind.DISMISS, member="m", title=best, value=0.0))
    assert best in [t.title for row in build_page(model, away, now_ms=NOW_MS).rows for t in row.tiles]


def test_pinned_and_sponsored_rows_stand_where_they_were_put_and_say_what_they_are(model: Model) -> None:
    pinned = (PinnedRow("e", "Our choice", ("t1", "t3"), at=0), PinnedRow("s", "New at X", ("t5",), 2, sponsored=True))
    page = build_page(model, viewer(*COMEDIES), now_ms=NOW_MS, config=PageConfig(pinned=pinned))
    assert (page.rows[0].key, page.rows[0].kind) == ("e", "pinned")
    assert (page.rows[2].key, page.rows[2].kind, page.rows[2].tiles[0].reason.text) == ("s", "sponsored", "Sponsored")


def test_exploration_draws_as_often_as_it_says_and_tells_the_propensity(model: Model) -> None:
    who, config = viewer(*COMEDIES), PageConfig(tiles=6, explore=0.3)
    usual = build_page(model, who, now_ms=NOW_MS, config=PageConfig(tiles=6)).rows[0].tiles[-1].title
    drawn, told = 0, []
    for seed in range(400):
        last = next(row for row in build_page(model, who, now_ms=NOW_MS, config=config, seed=seed).rows
                    if row.kind == "top").tiles[-1]  # fmt: skip
        drawn += last.title != usual
        told.append((last.title, last.propensity))
    assert 0.22 < drawn / 400 < 0.38
    assert dict(told)[usual] == pytest.approx(0.7)
    others = {propensity for title, propensity in told if title != usual}
    assert len(others) == 1
    (each,) = others
    rest = round(0.3 / each)
    assert each * rest == pytest.approx(0.3)
    repeated = [build_page(model, who, now_ms=NOW_MS, config=config, seed=7) for _ in range(2)]
    assert repeated[0] == repeated[1]


def test_a_page_is_full_also_when_a_row_it_owes_cannot_be_filled(model: Model) -> None:
    config = PageConfig(rows=5, tiles=6, genre_rows=3, because_rows=0)
    nothing_leaves = build_page(model, viewer(*COMEDIES), now_ms=NOW_MS - 300 * DAY_MS, config=config)
    assert len(nothing_leaves.rows) == 5


def test_row_kinds_that_are_liked_more_come_first(model: Model) -> None:
    likings = dict(model.likings) | {"new": 50.0}
    page = build_page(model, viewer(*COMEDIES), now_ms=NOW_MS, config=PageConfig(likings=likings))
    assert [row.kind for row in page.rows[:2]] == ["top", "new"]


def test_three_picks_make_a_page_of_their_kind_at_once(model: Model) -> None:
    nobody = Viewer("new")
    page = build_page(model, with_likes(nobody, ["t0", "t4", "t8"], NOW_MS), now_ms=NOW_MS)
    top = next(row for row in page.rows if row.kind == "top")
    assert page.fallback == ""
    assert all(int(tile.title[1:]) % 2 == 0 for tile in top.tiles[:8])
    assert not nobody.watched


def test_the_first_picks_are_of_every_genre(model: Model) -> None:
    picks = choose_first(model, Viewer("new"), 6, now_ms=NOW_MS).tiles
    assert {genre for tile in picks for genre in tile.genres} == {"Comedy", "Short", "Western"}


def test_twenty_thousand_events_of_one_member_make_a_page(model: Model) -> None:
    busy = viewer(*((f"t{i % 200}", TASTE[i % len(TASTE)], 1.0) for i in range(20_000)))
    assert build_page(model, busy, now_ms=NOW_MS) is not None


def test_all_weights_zero_and_years_that_are_no_numbers_make_a_page() -> None:
    n = 30
    titles = pl.DataFrame({"title": list(range(n)), "name": ["x"] * n, "year": [float("nan")] * n})
    model = Model.unfitted(titles)
    page = build_page(model, Viewer("m"), now_ms=NOW_MS)
    assert sum(len(row.tiles) for row in page.rows) > 0

"""What the ranker is told of candidates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from tests.worlds.viewing import DAY_MS, catalogue

from frontrow.recommend import fatigue, ranker, tune, worlds
from frontrow.recommend.history import histories
from frontrow.recommend.model import FitConfig, Model, content_of, fit
from frontrow.recommend.parts import fit_parts
from frontrow.recommend.rank import rank
from frontrow.recommend.signals import Interactions, from_columns
from frontrow.recommend.sources import Mix
from frontrow.recommend.viewer import Viewer, Watched

NOON = np.zeros((1, 2), np.float32)
SPOKEN = ["de"] * 5 + ["fr"] * 5 + ["", None]


def features_of(**columns: object) -> dict[str, NDArray[np.float32]]:
    """Features of all twelve titles for a viewer of three German titles, one French, and one of no language."""
    told = from_columns(np.zeros(5, int), np.array([0, 1, 2, 5, 10]), list(range(12)))
    score = np.linspace(2, 1, 12, dtype=np.float32)  # the order of the titles
    personal, common = np.zeros((3, 1, 12), np.float32), np.zeros((3, 12), np.float32)
    content = content_of(catalogue(12, **columns))
    top, features = ranker.candidates(score[None], personal, common, histories(told), content, NOON, 12)
    assert top[0].tolist() == list(range(12))
    return dict(zip(ranker.FEATURES, features[0].T, strict=True))


def test_a_title_has_the_share_of_the_history_in_its_language() -> None:
    assert features_of(language=SPOKEN)["language"].tolist() == pytest.approx([0.75] * 5 + [0.25] * 5 + [0, 0])


def test_without_languages_their_feature_is_nought_and_the_others_are_as_before() -> None:
    silent, spoken = features_of(), features_of(language=SPOKEN)
    assert not silent["language"].any()
    for name in set(ranker.FEATURES) - {"language"}:
        assert np.array_equal(silent[name], spoken[name], equal_nan=True)


def test_a_feature_that_says_nothing_changes_no_ranking_and_old_rankers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranker, "TREES", 20)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 30, len(ranker.FEATURES))).astype(np.float32)
    features[..., -1] = 0
    labels = features[..., 0] + rng.normal(size=(100, 30)) > 1
    now = ranker.fit(features, labels, seed=0)
    with monkeypatch.context() as before:
        before.setattr(ranker, "FEATURES", ranker.FEATURES[:-1])  # as it was before the feature came
        old = ranker.fit(features[..., :-1], labels, seed=0)
    assert len(old.columns) == len(now.columns) - 1
    assert np.array_equal(old.scores(features), now.scores(features))


def days(by_the_hour: bool) -> Interactions:
    """Comedies (even titles of 80) in the first half of the day and westerns in the other, or both at any time."""
    rng = np.random.default_rng(5)
    rows = []
    for member in range(250):
        left = [list(rng.permutation(np.arange(genre, 80, 2))) for genre in (0, 1)]
        for day in (*np.sort(rng.integers(0, 20, 10)), 30):
            hour = int(rng.integers(24))
            for minute in range(5 if day == 30 else 1):
                genre = int(hour >= 12) if by_the_hour else int(rng.integers(2))
                rows.append((member, int(left[genre].pop()), int(day) * DAY_MS + (60 * hour + minute) * 60_000))
    member, title, at_ms = np.array(rows).T
    return from_columns(member, title, list(range(80)), at_ms)


@pytest.mark.parametrize("by_the_hour", [True, False])
def test_the_hour_is_asked_for_where_it_tells_something_and_only_there(
    by_the_hour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranker, "LEAST_VIEWERS", 100)
    monkeypatch.setattr(ranker, "TREES", 20)
    told, titles = days(by_the_hour), catalogue(80)
    world = worlds.at_clock(told, 25 * DAY_MS, 40 * DAY_MS, np.random.default_rng(0))
    config = FitConfig(mix=Mix(weights={"taste": 1.0}))
    chosen, gain = tune.choose_ranker(world, fit_parts(world.past, config), config.mix, content_of(titles), seed=0)
    if not by_the_hour:
        assert chosen is None or not chosen.hours
        return
    assert chosen is not None
    assert gain > 0.05
    model = fit(told, titles, config, ranker=chosen)
    viewer = Viewer(watched={title: Watched(played=True, weight=0.6) for title in (0, 1, 2, 3)})

    def westerns(hour: int) -> int:
        return sum(tile.title % 2 for tile in rank(model, viewer, 10, now_ms=31 * DAY_MS + hour * 3_600_000).tiles)

    assert westerns(8) <= 1
    assert westerns(20) >= 9
    files = model.files()
    assert Model.load(_Held(files)).ranker == chosen
    assert westerns(8) <= 1  # the same viewer the next morning


def impressions(rows: list[tuple[int, int, int, str]]) -> pl.DataFrame:
    """day, hour, member and title of each."""
    told = [
        (seq, day * DAY_MS + hour * 3_600_000, member, "", title) for seq, (day, hour, member, title) in enumerate(rows)
    ]
    return pl.DataFrame(told, schema=["seq", "at_ms", "member", "profile", "title"], orient="row")


def test_impressions_count_up_to_the_day_before_and_wherever_the_log_was_cut() -> None:
    told = from_columns(np.array([7, 8]), np.array(["a", "b"]), ["a", "b"])
    titles = pl.DataFrame({"title": ["a", "b"]})
    rows = (
        [(1, hour, 8, "a") for hour in range(9)]
        + [(2, hour, 8, "a") for hour in (1, 20)]
        + [(1, 1, 9, "a"), (1, 1, 8, "z")]
    )
    told_once = [fatigue.count(impressions(rows))]
    in_parts = [fatigue.count(impressions(rows)[:10]), fatigue.count(impressions(rows)[10:])]
    for parts in (told_once, in_parts):
        shown = fatigue.shown_of(pl.concat(parts), titles, told)
        by_noon = shown.fatigue(np.array([1, 0]), np.array([2, 2]) * DAY_MS + DAY_MS // 2)
        assert by_noon.tolist() == [[float(np.log2(np.float32(6))), 0], [0, 0]]
        assert shown.fatigue(np.array([1]), np.array([4]) * DAY_MS)[0, 0] > by_noon[0, 0]


def test_the_ranker_learns_how_much_people_tire_of_what_they_were_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what they have not seen, everybody was shown much, again and again, that they did not watch later either."""
    monkeypatch.setattr(ranker, "LEAST_VIEWERS", 100)
    monkeypatch.setattr(ranker, "TREES", 20)
    told, titles = days(by_the_hour=False), catalogue(80)
    world = worlds.at_clock(told, 25 * DAY_MS, 40 * DAY_MS, np.random.default_rng(0))
    assert world.who is not None
    left_alone = ~world.targets & (np.random.default_rng(1).random(world.targets.shape) < 0.7)
    row, title = np.nonzero(left_alone)
    shown = fatigue.Shown(
        world.who[row].astype(np.int32), title.astype(np.int32), np.full(len(row), 20),
        np.full(len(row), 12, np.float32), 80,
    )  # fmt: skip
    config = FitConfig(mix=Mix(weights={"taste": 1.0}))
    parts, content = fit_parts(world.past, config), content_of(titles)
    _, gain_without = tune.choose_ranker(world, parts, config.mix, content, 0)
    chosen, gain = tune.choose_ranker(world, parts, config.mix, content, 0, shown)
    assert chosen is not None and gain > gain_without + 0.05
    tired_of = dict.fromkeys(range(4, 60), 12)
    viewer = Viewer(watched={title: Watched(played=True, weight=0.6) for title in (0, 1, 2, 3)}, shown=tired_of)
    model = fit(told, titles, config, ranker=chosen)
    assert not {tile.title for tile in rank(model, viewer, 10, now_ms=31 * DAY_MS).tiles} & set(tired_of)


class _Held:
    """Files of a model that were never written."""

    def __init__(self, files: dict[str, Any]) -> None:
        self.files = files

    def array(self, file: str) -> NDArray[Any]:
        held: NDArray[Any] = self.files[file]
        return held

    def frame(self, file: str) -> pl.DataFrame:
        frame: pl.DataFrame = self.files[file]
        return frame

    def json(self, file: str) -> Any:
        return json.loads(json.dumps(self.files[file]))

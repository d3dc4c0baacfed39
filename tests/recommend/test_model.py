"""Fitting, publishing and opening a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.worlds.viewing import DAY_MS, catalogue, chain, checkerboard

from frontrow.data import artifacts
from frontrow.errors import DamagedArtifact
from frontrow.recommend import signals
from frontrow.recommend.batch import rank_all
from frontrow.recommend.model import FitConfig, Model, fit
from frontrow.recommend.popularity import activity_clock
from frontrow.recommend.sources import Mix
from frontrow.recommend.sparse import SparseConfig

TASTE = FitConfig(mix=Mix(weights={"taste": 1.0}))


def publish(root: Path, model: Model) -> artifacts.Artifact:
    return artifacts.publish(
        root, "recommend", model.files(), config={}, high_water=0, rows={}, metrics={}, parents={}, now_ms=0, keep=1
    )


@pytest.mark.parametrize("config", [TASTE, FitConfig(), FitConfig(sparse=SparseConfig(above_titles=0))])
def test_everybody_is_recommended_their_own_half_of_the_checkerboard(config: FitConfig) -> None:
    told = checkerboard()
    best = rank_all(fit(told, catalogue(), config), told, 3)
    assert np.array_equal(best.title % 2, np.repeat(np.arange(told.n_viewers)[:, None] % 2, 3, axis=1))


def test_whoever_comes_to_a_title_is_shown_what_others_went_on_to() -> None:
    told = chain()
    model = fit(told, catalogue(30), FitConfig(mix=Mix(weights={"next": 1.0})))
    order = np.random.default_rng(0)
    order.integers(0, 22, 60)
    place = order.permutation(30)  # the order of the chain
    one = signals.from_columns(np.zeros(3, int), place[[4, 5, 6]], list(range(30)))
    assert int(rank_all(model, one, 1).title[0, 0]) == place[7]


@pytest.mark.parametrize("above", [0, 100])
def test_a_published_model_ranks_as_the_fitted_one(tmp_path: Path, above: int) -> None:
    told = checkerboard()
    model = fit(told, catalogue(), FitConfig(sparse=SparseConfig(above_titles=above)))
    opened = Model.load(publish(tmp_path, model))
    ours, theirs = rank_all(model, told, 5), rank_all(opened, told, 5)
    assert np.array_equal(ours.title, theirs.title)
    assert np.array_equal(ours.score, theirs.score)


def test_the_same_interactions_give_the_same_files(tmp_path: Path) -> None:
    versions = [publish(tmp_path / name, fit(checkerboard(), catalogue())).version for name in ("one", "two")]
    assert versions[0] == versions[1]


def test_a_model_of_another_format_is_refused(tmp_path: Path) -> None:
    files = fit(checkerboard(), catalogue()).files()
    files["model.json"] = {**files["model.json"], "format": 99}
    artifact = artifacts.publish(
        tmp_path, "recommend", files, config={}, high_water=0, rows={}, metrics={}, parents={}, now_ms=0, keep=1
    )
    with pytest.raises(DamagedArtifact, match="fit it again"):
        Model.load(artifact)


@pytest.mark.parametrize("member,title", [([1], ["a"]), ([1, 1], ["a", "b"]), ([1, 2], ["a", "a"])])
def test_one_member_one_title_or_one_event_still_gives_a_model(member: list[int], title: list[str]) -> None:
    titles = pl.DataFrame({"title": ["a", "b"], "name": ["A", "B"]})
    told = signals.from_columns(np.array(member), np.array(title), titles["title"])
    best = rank_all(fit(told, titles), told, 5)
    assert np.isfinite(best.score).any() or len(set(title)) == 2


def test_with_all_weights_zero_everybody_gets_the_same_and_nothing_is_not_a_number() -> None:
    told = checkerboard()
    silent = signals.Interactions(
        told.viewer, told.title, told.at_ms, np.zeros_like(told.weight), told.viewers, told.n_titles
    )
    best = rank_all(fit(silent, catalogue()), silent, 3, keep_seen=True)
    assert np.isfinite(best.score).all()
    assert (best.title == best.title[0]).all()


def test_a_member_with_twenty_thousand_events_is_ranked_like_any_other() -> None:
    rng = np.random.default_rng(0)
    told = signals.from_columns(np.zeros(20_000, int), rng.integers(0, 300, 20_000), list(range(300)))
    assert len(told.title) == 300
    assert np.isfinite(rank_all(fit(told, catalogue(300)), told, 5, keep_seen=True).score).all()


def test_nobody_is_ranked_what_they_have_seen_unless_asked() -> None:
    told = checkerboard()
    model = fit(told, catalogue())
    best = rank_all(model, told, 20)
    seen = {(int(v), int(t)) for v, t in zip(told.viewer, told.title, strict=True)}
    shown = {
        (v, int(t))
        for v in range(told.n_viewers)
        for t, s in zip(best.title[v], best.score[v], strict=True)
        if s > -np.inf
    }
    assert not seen & shown
    assert np.isfinite(rank_all(model, told, 20, keep_seen=True).score).all()


def test_a_log_that_was_silent_for_decades_goes_on_where_it_stopped() -> None:
    days = np.array([0, 1, 2, 10_000, 10_001]) * DAY_MS
    assert activity_clock(days).tolist() == [4, 3, 2, 1, 0]


def test_a_cold_title_is_recommended_to_those_who_like_its_kind() -> None:
    told = checkerboard(viewers=200, titles=60)
    known = told.where(told.title < 58)  # 58 and 59 have just come in
    model = fit(known, catalogue(60, year=[1990 + title % 7 for title in range(60)]), TASTE)
    score = known.matrix() @ model.B
    even = np.arange(told.n_viewers) % 2 == 0
    assert (score[even, 58] > score[even, 59]).all()
    assert (score[~even, 59] > score[~even, 58]).all()
    assert model.B[58].any()  # and having watched it says something

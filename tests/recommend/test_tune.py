"""Choosing from data, and judging without leaks."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds.viewing import DAY_MS, catalogue, chain, checkerboard

from frontrow.errors import InputError
from frontrow.recommend import evaluate, leak, metrics, report, tune, worlds
from frontrow.recommend.batch import rank_all
from frontrow.recommend.calibration import calibrate, genre_kl
from frontrow.recommend.model import content_of, fit
from frontrow.recommend.signals import Interactions, from_columns


def ticking(interactions: Interactions, budget: float) -> tune.Choice:
    """Choose with a clock that counts how often it is looked at."""
    count = itertools.count()
    content = content_of(catalogue(interactions.n_titles))
    return tune.choose(interactions, content, clock_s=lambda: float(next(count)), budget_s=budget)


def timed(viewers: int = 60, titles: int = 30, seed: int = 0) -> Interactions:
    """A chain whose events have times, the viewers one after the other."""
    told = chain(viewers, titles, seed=seed)
    return replace(told, at_ms=(told.viewer * DAY_MS // 2 + np.tile(np.arange(8), viewers) * DAY_MS).astype(np.int64))


def test_the_kind_of_time_is_read_off_the_data() -> None:
    assert worlds.timing_of(timed()) == "clock"
    assert worlds.timing_of(chain()) == "order"
    told = chain()
    order = np.lexsort((told.title, told.viewer))
    assert worlds.timing_of(replace(told, title=told.title[order])) == "none"


def test_in_a_world_of_sequences_what_is_chosen_finds_what_comes_next() -> None:
    steps = ticking(chain(200), 50).steps
    assert steps[-1][1] > 0.95


def test_the_same_clock_and_seed_choose_the_same() -> None:
    assert ticking(checkerboard(), 30) == ticking(checkerboard(), 30)


def test_without_time_to_choose_or_anything_to_hold_back_the_defaults_stand() -> None:
    assert ticking(checkerboard(), 0).steps == ()
    tiny = from_columns(np.array([1]), np.array([1]), [1, 2])
    assert ticking(tiny, 30).steps == ()


@pytest.mark.parametrize("told", [timed(), chain(), checkerboard()])
def test_nothing_held_back_is_in_the_past_or_the_history(told: Interactions) -> None:
    rng = np.random.default_rng(0)
    for world in worlds.worlds(told, worlds.timing_of(told), rng):
        assert not (world.seen & world.targets).any()
        assert world.targets.any(axis=1).all()
        assert len(world.past.title) < len(told.title)


def test_a_feature_made_from_the_future_is_refused_and_one_made_from_the_past_is_not() -> None:
    told, cut = timed(), int(np.quantile(timed().at_ms, 0.7))
    rng = np.random.default_rng(0)

    def honest(given: Interactions, cut_ms: int) -> np.ndarray:
        return np.bincount(given.title[given.at_ms < cut_ms], minlength=given.n_titles)

    def peeking(given: Interactions, cut_ms: int) -> np.ndarray:
        late = given.at_ms >= cut_ms
        return np.bincount(given.title, weights=given.weight * late, minlength=given.n_titles)

    leak.refuse_leaks("honest", honest, told, cut, rng)
    with pytest.raises(leak.LeakFound, match="made from the future"):
        leak.refuse_leaks("peeking", peeking, told, cut, rng)


def test_an_evaluation_sees_that_sequences_are_followed_and_draws_it() -> None:
    count = itertools.count()
    told = chain(200)
    found = evaluate.evaluate(told, catalogue(30), clock_s=lambda: float(next(count)), budget_s=20)
    by_system = {result.system: result for result in found.results if result.segment == "returning"}
    assert by_system["frontrow"].ndcg.mean > by_system["popularity"].ndcg.mean
    assert by_system["popularity"].gain.low > 0
    page = report.html(found)
    assert page.count("<svg") == page.count("</svg>") >= 2
    assert "NDCG@20" in page


def test_too_little_to_evaluate_is_said() -> None:
    tiny = from_columns(np.array([1, 1]), np.array([1, 2]), [1, 2])
    with pytest.raises(InputError, match="too little"):
        evaluate.evaluate(tiny, catalogue(2), clock_s=lambda: 0.0, budget_s=1)


def test_ndcg_and_recall_of_known_lists() -> None:
    hits = np.array([[True, False, True], [False, False, False]])
    wanted = np.array([2, 1])
    assert metrics.ndcg(hits, wanted) == pytest.approx([(1 + 0.5) / (1 + 1 / np.log2(3)), 0])
    assert metrics.recall(hits, wanted) == pytest.approx([1, 0])


def test_calibration_brings_the_genres_of_a_list_to_those_of_the_history() -> None:
    score = np.linspace(1, 0.5, 40, dtype=np.float32)
    genre = np.zeros((40, 2), np.float32)
    genre[:30, 0], genre[30:, 1] = 1, 1
    p = np.array([0.5, 0.5], np.float32)
    plain, mixed = calibrate(score, genre, p, 20, 0.0), calibrate(score, genre, p, 20, 0.9)
    assert genre_kl(p, genre[mixed].mean(axis=0)) < 0.1 * genre_kl(p, genre[plain].mean(axis=0))
    assert len(set(mixed.tolist())) == 20


def test_the_ranker_is_kept_only_where_it_beats_the_blend() -> None:
    told = checkerboard(viewers=80)
    assert ticking(told, 30).ranker is None  # far fewer than 2,000 labelled viewers


def test_a_model_fitted_as_chosen_beats_popularity_on_the_checkerboard() -> None:
    told = checkerboard(viewers=80)
    chosen = ticking(told, 30)
    model = fit(told, catalogue(20), chosen.config)
    own = (told.matrix() @ model.B)[::2]
    assert own[:, ::2].mean() > own[:, 1::2].mean()


@st.composite
def anything(draw: st.DrawFn) -> Interactions:
    """Small data of any shape: few or many viewers, repeated pairs, ratings or none, times or none."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    rows, viewers, titles = draw(st.integers(1, 120)), draw(st.integers(1, 25)), draw(st.integers(1, 30))
    at_ms = draw(st.sampled_from([None, 1, 1000, 10 * DAY_MS]))
    return from_columns(
        rng.integers(0, viewers, rows),
        rng.integers(0, titles, rows),
        list(range(titles)),
        None if at_ms is None else rng.integers(0, 50, rows) * at_ms,
        rng.integers(1, 11, rows) / 2 if draw(st.booleans()) else None,
    )


@settings(deadline=None, max_examples=40)
@given(anything())
def test_whatever_the_data_something_is_chosen_fitted_and_ranked(told: Interactions) -> None:
    titles = catalogue(told.n_titles, year=[None if title % 3 else 1990 for title in range(told.n_titles)])
    count = itertools.count()
    chosen = tune.choose(told, content_of(titles), clock_s=lambda: float(next(count)), budget_s=12)
    best = rank_all(fit(told, titles, chosen.config, ranker=chosen.ranker), told, 10)
    assert not np.isnan(best.score).any()
    assert all(len(set(row.tolist())) == len(row) for row in best.title)

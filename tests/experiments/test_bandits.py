"""Bandits find the best arm, log exact propensities, and never stop exploring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from frontrow.errors import InputError
from frontrow.experiments import choices, logistic, thompson

RATES = np.array([0.05, 0.05, 0.2, 0.05])
Step = Callable[[np.random.Generator], tuple[np.ndarray, Callable[[np.ndarray, np.ndarray], None]]]


class BanditContract:
    """What every bandit of this room promises; `play` shows 40 batches of 50 and returns the arms shown, in order."""

    def play(self, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError

    def test_it_learns_to_show_the_best_arm(self) -> None:
        shown = self.play(np.random.default_rng(1))
        assert (shown[-500:] == 2).mean() > 0.85

    def test_the_same_seed_plays_the_same_game(self) -> None:
        np.testing.assert_array_equal(self.play(np.random.default_rng(2)), self.play(np.random.default_rng(2)))


class TestBeta(BanditContract):
    def play(self, rng: np.random.Generator) -> np.ndarray:
        model, shown = thompson.start(4), []
        for _ in range(40):
            arm = choices.pick(np.broadcast_to(model.propensities(rng), (50, 4)), rng.random(50))
            model = model.update(arm, (rng.random(50) < RATES[arm]).astype(float))
            shown.append(arm)
        return np.concatenate(shown)

    def test_monte_carlo_and_exact_propensities_agree(self) -> None:
        model = thompson.start(3).update([0, 1, 2], [10, 14, 20], [100, 100, 100])
        rng = np.random.default_rng(3)
        mean = np.mean([model.propensities(rng)[0] for _ in range(60)], axis=0)
        np.testing.assert_allclose(mean, model.exact_propensities(), atol=0.01)

    def test_two_arms_with_one_posterior_are_a_coin(self) -> None:
        np.testing.assert_allclose(thompson.start(2).exact_propensities(), 0.5)

    def test_arms_that_are_not_eligible_are_never_shown(self) -> None:
        rng = np.random.default_rng(4)
        eligible = rng.random((500, 4)) < 0.5
        eligible[:, 1] = True
        p = thompson.start(4).propensities(rng, eligible)
        assert (p[~eligible] == 0).all()
        np.testing.assert_allclose(p.sum(1), 1)
        assert eligible[np.arange(500), choices.pick(p, rng.random(500))].all()

    @pytest.mark.parametrize("reward", [[-1.0], [2.0], [np.nan]])
    def test_impossible_rewards_are_refused(self, reward: list[float]) -> None:
        with pytest.raises(InputError, match="between 0 and their trials"):
            thompson.start(2).update([0], reward)


class TestLogistic(BanditContract):
    def play(self, rng: np.random.Generator) -> np.ndarray:
        model, shown = logistic.start(np.zeros((4, 0)), 1, rng), []
        for _ in range(40):
            x = rng.normal(size=(50, 1))
            arm = choices.pick(model.propensities(x), rng.random(50))
            model = model.update(x, arm, (rng.random(50) < RATES[arm]).astype(float), rng)
            shown.append(arm)
        return np.concatenate(shown)

    def test_an_arm_never_shown_is_judged_by_its_features(self) -> None:
        rng = np.random.default_rng(5)
        arms = np.array([[1.0], [-1.0], [1.0]])  # the third looks like the first and was never shown
        model = logistic.start(arms, 1, rng)
        x = rng.choice([-1.0, 1.0], (4_000, 1))
        arm = rng.integers(2, size=4_000)
        rate = 1 / (1 + np.exp(2.0 - 1.5 * x[:, 0] * arms[arm, 0]))
        model = model.update(x, arm, (rng.random(4_000) < rate).astype(float), rng)
        likes, dislikes = model.expected([[1.0], [-1.0]])[:, 2]
        assert likes > 3 * dislikes
        assert model.propensities([[1.0]])[0, 2] > model.propensities([[1.0]])[0, 1]

    def test_the_mode_is_where_the_gradient_vanishes(self) -> None:
        rng = np.random.default_rng(6)
        model = logistic.start(rng.normal(size=(3, 2)), 2, rng)
        x, arm = rng.normal(size=(300, 2)), rng.integers(3, size=300)
        y = (rng.random(300) < 0.3).astype(float)
        after = model.update(x, arm, y, rng)
        X = np.hstack([np.ones((300, 1)), x])
        features = model._features(X, arm)
        rate = 1 / (1 + np.exp(-features @ after.mean))
        gradient = features.T @ (rate - y) + model.precision @ (after.mean - model.mean)
        assert np.abs(gradient).max() < 1e-6

    def test_counts_teach_the_same_as_their_single_outcomes(self) -> None:
        rng = np.random.default_rng(7)
        model = logistic.start(np.zeros((2, 0)), 1, rng)
        single = model.update(np.ones((10, 1)), np.zeros(10, int), np.r_[np.ones(3), np.zeros(7)], rng)
        counted = model.update([[1.0]], [0], [3.0], rng, trials=10.0)
        np.testing.assert_allclose(single.mean, counted.mean, atol=1e-8)
        np.testing.assert_allclose(single.precision, counted.precision, atol=1e-8)

    def test_no_outcomes_at_all_teach_nothing_and_no_context_gets_no_propensity(self) -> None:
        rng = np.random.default_rng(9)
        model = logistic.start(np.ones((3, 2)), 2, rng)
        after = model.update(np.zeros((0, 2)), [], [], rng)
        np.testing.assert_allclose(after.mean, model.mean, atol=1e-12)
        np.testing.assert_allclose(after.precision, model.precision)
        assert model.propensities(np.zeros((0, 2))).shape == (0, 3)

    def test_what_it_cannot_learn_from_is_refused(self) -> None:
        rng = np.random.default_rng(8)
        model = logistic.start(np.zeros((2, 1)), 1, rng)
        for context, arm, reward, message in (
            ([[np.nan]], [0], [1.0], "not a number"),
            ([[1.0, 2.0]], [0], [1.0], "has 2 values; this model knows 1"),
            ([[1.0]], [2], [1.0], "names arm 2; there are 2"),
            ([[1.0]], [0], [1.5], "between 0 and its trials"),
        ):
            with pytest.raises(InputError, match=message):
                model.update(context, arm, reward, rng)
        with pytest.raises(InputError, match="above 0"):
            logistic.start(np.zeros((2, 1)), 1, rng, logistic.LogisticConfig(spread=0.0))


@given(hnp.arrays(float, (7, 3, 16), elements=st.floats(-5, 5)), st.floats(0.001, 1))
def test_every_eligible_arm_keeps_its_floor(draws: np.ndarray, floor: float) -> None:
    p = choices.propensities(draws, floor=floor)
    np.testing.assert_allclose(p.sum(1), 1)
    assert (p >= floor / 3 - 1e-12).all()


def test_a_floor_of_zero_and_a_decision_without_arms_are_refused() -> None:
    with pytest.raises(InputError, match="exploration never ends"):
        choices.propensities(np.zeros((1, 2, 4)), floor=0.0)
    with pytest.raises(InputError, match="no eligible arm"):
        choices.propensities(np.zeros((1, 2, 4)), np.zeros((1, 2), bool))


def test_logged_propensities_are_the_frequencies_of_what_is_shown() -> None:
    rng = np.random.default_rng(9)
    p = np.array([0.05, 0.6, 0.0, 0.35])
    shown = np.bincount(choices.pick(np.broadcast_to(p, (200_000, 4)), rng.random(200_000)), minlength=4) / 200_000
    np.testing.assert_allclose(shown, p, atol=0.005)
    assert shown[2] == 0


@given(st.floats(0, 1, exclude_max=True))
def test_an_arm_of_probability_zero_is_never_picked(uniform: float) -> None:
    assert choices.pick(np.array([[0.0, 0.7, 0.3 - 1e-17, 0.0]]), uniform)[0] in (1, 2)


def test_a_choice_sticks_for_a_unit_within_its_period() -> None:
    units = [f"m{i}" for i in range(50)]
    p = np.broadcast_to(np.full(4, 0.25), (50, 4))
    week = [choices.pick(p, choices.sticky_uniforms("art", units, period)) for period in ("w1", "w1", "w2")]
    np.testing.assert_array_equal(week[0], week[1])
    assert (week[0] != week[2]).any()


def test_a_remembered_choice_is_kept_while_it_may_be_shown() -> None:
    eligible = np.array([True, False, True])
    assert choices.keep(2, eligible)
    assert not choices.keep(1, eligible)
    assert not choices.keep(None, eligible)
    assert not choices.keep(3, eligible)

"""Off-policy values are right where the truth is known, and refused where the log cannot know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frontrow.errors import InputError
from frontrow.experiments.decisions import read_decisions
from frontrow.experiments.off_policy import ESTIMATORS, Decisions, evaluate

ROWS, ACTIONS = 4_000, 5


def world(seed: int, *, rows: int = ROWS, **changes: Any) -> tuple[Decisions, float]:
    """A contextual bandit and the true value of the policy on these very contexts."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    rate = 1 / (1 + np.exp(-(x @ rng.normal(0, 0.7, (2, ACTIONS)) - 0.5)))
    logging = np.full((rows, ACTIONS), 1 / ACTIONS)
    policy = np.where(rate == rate.max(1, keepdims=True), 0.8, 0.05)
    action = rng.integers(ACTIONS, size=rows)
    index = np.arange(rows)
    given: dict[str, Any] = {
        "action": action, "reward": (rng.random(rows) < rate[index, action]).astype(float),
        "propensity": logging[index, action], "policy": policy, "features": x, "cluster": index,
        "labels": tuple("abcde"), **changes,
    }  # fmt: skip
    return Decisions(**given), float((rate * policy).sum(1).mean())


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_finds_the_true_value(estimator: str) -> None:
    errors = []
    for seed in range(8):
        decisions, truth = world(seed)
        found = evaluate(decisions, np.random.default_rng(seed), estimator=estimator)
        assert found.chosen is not None
        errors.append(found.chosen.value - truth)
    assert abs(np.mean(errors)) < 0.01


def test_intervals_cover_and_the_doubly_robust_error_is_smaller_than_that_of_ips() -> None:
    squares: dict[str, list[float]] = {"dr": [], "ips": []}
    covered = 0
    for seed in range(40):
        decisions, truth = world(seed, rows=1_500)
        found = evaluate(decisions, np.random.default_rng(seed))
        c = found.chosen
        assert c is not None
        assert c.low is not None
        assert c.high is not None
        assert c.bernstein_low is not None
        assert c.bernstein_low < c.low < c.high
        covered += c.low <= truth <= c.high
        for name in squares:
            squares[name].append((found.estimates[name].value - truth) ** 2)
    assert covered >= 35
    assert np.mean(squares["dr"]) < np.mean(squares["ips"])


def test_rows_of_one_viewer_widen_the_interval() -> None:
    base, _ = world(3)
    repeated = {
        name: np.repeat(getattr(base, name)[:400], 10, axis=0)
        for name in ("action", "reward", "propensity", "policy", "features")
    }
    widths = []
    for cluster in (np.arange(ROWS), np.repeat(np.arange(400), 10)):
        c = evaluate(Decisions(**repeated, cluster=cluster, labels=base.labels), np.random.default_rng(1)).chosen
        assert c is not None
        assert c.low is not None
        assert c.high is not None
        widths.append(c.high - c.low)
    assert widths[1] > 2 * widths[0]


def test_the_same_seed_gives_the_same_answer() -> None:
    decisions, _ = world(5)
    assert evaluate(decisions, np.random.default_rng(9)) == evaluate(decisions, np.random.default_rng(9))


def test_the_direct_method_is_never_shown_alone_and_has_no_interval() -> None:
    decisions, _ = world(1)
    with pytest.raises(InputError, match="only shown beside the others"):
        evaluate(decisions, np.random.default_rng(0), estimator="dm")
    found = evaluate(decisions, np.random.default_rng(0))
    assert set(found.estimates) == {*ESTIMATORS, "dm"}
    assert found.estimates["dm"].low is None


def test_a_small_effective_sample_is_refused() -> None:
    found = evaluate(world(1, rows=150)[0], np.random.default_rng(0))
    assert found.refused is not None
    assert "effective sample size" in found.refused
    assert found.chosen is None
    assert found.estimates == {}


def test_a_log_of_few_viewers_is_refused() -> None:
    found = evaluate(world(1, cluster=np.arange(ROWS) % 10)[0], np.random.default_rng(0))
    assert found.refused is not None
    assert "10 viewers" in found.refused


def test_propensities_that_are_not_those_of_the_draw_are_refused() -> None:
    found = evaluate(world(1, propensity=np.full(ROWS, 0.25))[0], np.random.default_rng(0))
    assert found.refused is not None
    assert "mean weight is 0.8" in found.refused


def test_actions_the_log_never_took_are_refused() -> None:
    decisions, _ = world(1)
    policy = np.hstack([decisions.policy * 0.5, np.full((ROWS, 1), 0.5)])
    found = evaluate(world(1, policy=policy, labels=tuple("abcdef"))[0], np.random.default_rng(0))
    assert found.refused is not None
    assert "50.0% of what the policy would do was never logged (most of it 'f')" in found.refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"propensity": np.r_[0.0, np.full(ROWS - 1, 0.2)]}, "row 1 has propensity 0.0"),
        ({"propensity": np.r_[np.full(ROWS - 1, 0.2), 1.2]}, "row 4000 has propensity 1.2"),
        ({"propensity": np.r_[np.nan, np.full(ROWS - 1, 0.2)]}, "propensity nan"),
        ({"reward": np.r_[np.nan, np.zeros(ROWS - 1)]}, "row 1 has reward nan"),
        ({"policy": np.full((ROWS, ACTIONS), 0.3)}, "add up to 1.5"),
    ],
)
def test_impossible_numbers_are_refused_with_their_row(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(world(1, **change)[0], np.random.default_rng(0))


LOG = {
    "item": np.array(["x", "y", "x", "y"]), "reward": np.array([0, 1, 0, 1]), "propensity": np.full(4, 0.5),
    "position": np.array([0, 0, 1, 1]), "viewer": np.array(["u", "u", "v", "v"]),
}  # fmt: skip
POLICY = {
    "item": np.array(["x", "y", "x", "y"]), "position": np.array([0, 0, 1, 1]),
    "probability": np.array([0.1, 0.9, 0.7, 0.3]),
}  # fmt: skip


def test_a_policy_is_joined_by_the_columns_it_shares_with_the_log() -> None:
    found = read_decisions(LOG, POLICY, {"action": "item"})
    assert found.labels == ("x", "y")
    np.testing.assert_allclose(found.policy, [[0.1, 0.9], [0.1, 0.9], [0.7, 0.3], [0.7, 0.3]])
    assert found.cluster.tolist() == [0, 0, 1, 1]
    by_row = read_decisions(
        LOG,
        {"item": np.tile(["x", "y"], 4), "row": np.repeat(np.arange(4), 2), "probability": np.full(8, 0.5)},
        {"action": "item"},
    )
    np.testing.assert_allclose(by_row.policy, 0.5)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({**POLICY, "country": np.array(["DE"] * 4)}, "column 'country' that the log has not"),
        ({name: column[:2] for name, column in POLICY.items()}, "nothing for the context of the log's row 3"),
        ({**POLICY, "position": np.zeros(4, int)}, "twice in one context"),
        ({**POLICY, "probability": np.array([0.1, 0.9, -0.7, 1.7])}, "probability -0.7"),
        ({"item": POLICY["item"]}, "no column 'probability'"),
    ],
)
def test_a_policy_that_cannot_be_joined_is_refused(policy: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_decisions(LOG, policy, {"action": "item"})

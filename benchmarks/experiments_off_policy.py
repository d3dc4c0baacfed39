"""Off-policy evaluation: the Open Bandit sample with true propensities, and a synthetic bandit whose value is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from frontrow.experiments.off_policy import Decisions, Evaluation, evaluate
from frontrow.experiments.reward_model import design

SEED = 20261124
RUNS = 1_000
ROWS, ACTIONS, FEATURES, ROWS_A_VIEWER = 6_000, 10, 5, 3


def run(data: Path | None) -> Iterator[Figure]:
    """Figures of the off-policy estimators."""
    yield from synthetic(SEED, RUNS)
    if data is None:
        yield Figure("open bandit sample", 0, detail="left out: needs FRONTROW_DATA")
        return
    for campaign in ("all", "men"):
        yield open_bandit(data / "artwork" / "obd", campaign)


def synthetic(seed: int, runs: int) -> Iterator[Figure]:
    """Full-information bandit: every action's reward probability is known in every context, so the value is too."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(0, 0.5, (ACTIONS, FEATURES))
    appeal = rng.normal(-1.0, 0.4, ACTIONS)
    errors: dict[str, list[float]] = {"dr": [], "ips": [], "snips": [], "dm": [], "switch-dr": []}
    covered, bernstein, refused = 0, 0, 0
    truth = float(np.mean([_context_value(rng, taste, appeal) for _ in range(40)]))
    for _ in range(runs):
        found = evaluate(_world(rng, taste, appeal), rng)
        if found.chosen is None:  # a clean log's mean weight leaves three standard errors once in 370 runs
            refused += 1
            continue
        for name, estimate in found.estimates.items():
            errors[name].append(estimate.value - truth)
        c = found.chosen
        covered += _holds(c.low, c.high, truth)
        bernstein += _holds(c.bernstein_low, c.bernstein_high, truth)
    answered = runs - refused
    rmse = {name: float(np.sqrt(np.mean(np.square(e)))) for name, e in errors.items()}
    listed = ", ".join(f"{name} {value:.4f}" for name, value in rmse.items())
    bias = float(np.mean(errors["dr"]))
    yield Figure("synthetic: |bias| of DR", abs(bias), reach=0.006, direction="at most", peer="direct method",
                 peer_value=abs(float(np.mean(errors["dm"]))), detail=f"true value {truth:.4f}")  # fmt: skip
    yield Figure(
        "synthetic: coverage of the 95% interval, at least",
        covered / answered,
        reach=0.93,
        detail=f"{runs} runs, {refused} refused",
    )
    yield Figure(
        "synthetic: coverage of the 95% interval, at most", covered / answered, reach=0.97, direction="at most"
    )
    yield Figure(
        "synthetic: RMSE of DR over IPS", rmse["dr"] / rmse["ips"], reach=0.65, direction="at most", detail=listed
    )
    yield Figure("synthetic: coverage of the empirical-Bernstein interval", bernstein / answered, reach=0.95)


def _probabilities(context: np.ndarray, taste: np.ndarray, appeal: np.ndarray) -> tuple[np.ndarray, ...]:
    """Reward probability, logging policy and policy to judge, each (rows, actions)."""
    score = context @ taste.T + appeal
    reward = 1 / (1 + np.exp(-score))
    return reward, _softmax(-0.5 * score, 0.3), _softmax(1.5 * score, 0.1)


def _softmax(score: np.ndarray, floor: float) -> np.ndarray:
    weight = np.exp(score - score.max(1, keepdims=True))
    return (1 - floor) * weight / weight.sum(1, keepdims=True) + floor / score.shape[1]


def _world(rng: np.random.Generator, taste: np.ndarray, appeal: np.ndarray) -> Decisions:
    viewer = np.repeat(np.arange(ROWS // ROWS_A_VIEWER), ROWS_A_VIEWER)
    context = rng.normal(size=(ROWS // ROWS_A_VIEWER, FEATURES))[viewer]
    reward, logging, policy = _probabilities(context, taste, appeal)
    action = (logging.cumsum(1) < rng.random((ROWS, 1))).sum(1).clip(max=ACTIONS - 1)
    rows = np.arange(ROWS)
    happened = (rng.random(ROWS) < reward[rows, action]).astype(float)
    labels = tuple(map(str, range(ACTIONS)))
    return Decisions(action, happened, logging[rows, action], policy, design(list(context.T)), viewer, labels)


def _context_value(rng: np.random.Generator, taste: np.ndarray, appeal: np.ndarray) -> float:
    reward, _, policy = _probabilities(rng.normal(size=(50_000, FEATURES)), taste, appeal)
    return float((reward * policy).sum(1).mean())


def open_bandit(folder: Path, campaign: str) -> Figure:
    """Value of Bernoulli Thompson sampling (BTS), told from the random policy's log, beside BTS's own click rate."""
    logs = {
        policy: pl.read_csv(folder / policy / campaign / f"{campaign}.csv.gz", infer_schema_length=None)
        for policy in ("random", "bts")
    }
    random, bts = logs["random"], logs["bts"]
    found = evaluate(_open_bandit_decisions(random, bts), np.random.default_rng(SEED))
    actual = float(bts["click"].mean())
    chosen = found.chosen
    covers = chosen is not None and _holds(chosen.low, chosen.high, actual)
    return Figure(
        f"open bandit '{campaign}': interval covers BTS's own click rate", float(covers), reach=1.0,
        peer="logging policy's click rate", peer_value=found.logged_value, detail=_in_words(found, actual),
    )  # fmt: skip


def _open_bandit_decisions(random: pl.DataFrame, bts: pl.DataFrame) -> Decisions:
    position, action = random["position"].to_numpy(), random["item_id"].to_numpy()
    actions = int(max(action.max(), bts["item_id"].max())) + 1
    places = np.unique(position)
    shown = np.zeros((places.size, actions))
    np.add.at(shown, (np.searchsorted(places, bts["position"].to_numpy()), bts["item_id"].to_numpy()), 1)
    policy = (shown / shown.sum(1, keepdims=True))[np.searchsorted(places, position)]
    context = [position.astype(np.str_), *(random[f"user_feature_{i}"].to_numpy().astype(np.str_) for i in range(4))]
    return Decisions(
        action, random["click"].to_numpy().astype(float), random["propensity_score"].to_numpy(), policy,
        design(context), np.arange(action.size), tuple(map(str, range(actions))),
    )  # fmt: skip


def _holds(low: float | None, high: float | None, value: float) -> bool:
    return low is not None and high is not None and low <= value <= high


def _in_words(found: Evaluation, actual: float) -> str:
    if found.chosen is None:
        return f"refused: {found.refused}"
    c = found.chosen
    return (
        f"DR {c.value:.4%} [{c.low:.4%}, {c.high:.4%}], BTS itself {actual:.4%}, ESS {found.ess:.0f}, mean weight "
        f"{found.mean_weight:.3f} ± {found.mean_weight_error:.3f}"
    )

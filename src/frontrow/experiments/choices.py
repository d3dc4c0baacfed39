"""From beliefs about arms to a choice and its propensity: the step that every bandit here shares.

The probability of an arm is how often it comes first among posterior draws, mixed with a uniform floor. The arm is
then drawn from that very distribution, so the logged propensity is exact given the draws: off-policy evaluation needs
no excuse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments.assignment import SEPARATOR, positions

Floats = NDArray[np.float64]

FLOOR = 0.01
"""Share of the decisions spread evenly over the eligible arms, for ever: what keeps the log fit for later questions."""


def propensities(
    draws: NDArray[np.floating], eligible: NDArray[np.bool_] | None = None, floor: float = FLOOR
) -> Floats:
    """Probability of each arm, shape (n, K), from posterior `draws` of its worth, shape (n, K, S).

    `eligible` (n, K) masks arms; every eligible arm gets at least floor / K. Raises InputError when none is eligible.
    """
    mask = np.broadcast_to(True if eligible is None else eligible, draws.shape[:2])
    best = (draws if eligible is None else np.where(mask[..., None], draws, -np.inf)).argmax(1)
    return mix(best, mask, floor)


def shared_propensities(draws: NDArray[np.floating], eligible: NDArray[np.bool_], floor: float = FLOOR) -> Floats:
    """The same where all n decisions share their `draws` (K, S): each draw is ranked once, not once a decision."""
    ranking = np.argsort(-draws, axis=0).T  # (S, K), best first
    first = eligible[:, ranking].argmax(-1)
    return mix(ranking[np.arange(len(ranking)), first], eligible, floor)


def mix(best: NDArray[np.intp], eligible: NDArray[np.bool_], floor: float) -> Floats:
    """How often each arm is `best` (n, S), mixed with the floor over the eligible arms (n, K)."""
    if not 0 < floor <= 1:
        raise InputError(f"floor is {floor}; it must be above 0 and at most 1: exploration never ends")
    if not eligible.any(-1).all():
        raise InputError("a decision has no eligible arm")
    decisions, arms = eligible.shape
    cells = np.arange(decisions)[:, None] * arms + best
    share = np.bincount(cells.ravel(), minlength=decisions * arms).reshape(decisions, arms) / best.shape[1]
    return np.asarray((1 - floor) * share + floor * eligible / eligible.sum(-1, keepdims=True))


def pick(probabilities: Floats, uniform: Floats | float) -> NDArray[np.intp]:
    """Index drawn from `probabilities` (..., K) by a uniform number in [0, 1) for each decision, shape (...)."""
    edges = probabilities.cumsum(-1)
    edges[..., -1] = np.inf  # rounding never leaves a gap at the end
    chosen = (edges <= np.asarray(uniform)[..., None]).sum(-1)
    # An arm of probability 0 at the very end (not eligible) is never it: step back to the last that has any.
    last = probabilities.shape[-1] - 1 - np.argmax((probabilities > 0)[..., ::-1], -1)
    return np.asarray(np.minimum(chosen, last))


def sticky_uniforms(salt: str, units: list[str], period: str) -> Floats:
    """The same number for a unit all through a period (a week, a model's version): what makes a choice stick.

    While the probabilities stay, so does the choice; they may move, so a shown choice is also remembered (`keep`).
    """
    return positions(salt, period.replace(SEPARATOR, " "), units)


def keep(previous: int | None, eligible: NDArray[np.bool_]) -> bool:
    """Whether a unit sees what it saw before: its choice is remembered and may still be shown.

    Log it with the propensity of its first showing; only the first showing counts as a draw.
    """
    return previous is not None and 0 <= previous < eligible.size and bool(eligible[previous])

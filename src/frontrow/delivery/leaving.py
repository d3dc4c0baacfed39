"""QoE weights learnt from who leaves: what a second of stall, or a change of rate, weighs against picture quality.

The log-odds of leaving in a report's period fall with the period's QoE. Beside QoE by the shipped weights, stall and
switches enter once more with coefficients that a Gaussian prior holds near zero. A weight moves only where it is more
than two standard errors from the shipped one: planning with a weight of switches that was zero by chance costs viewers
more than any learnt weight gave them. Dobrian et al. (SIGCOMM 2011) and Krishnan and Sitaraman
(IMC 2012) show that stalls drive leaving; what is learnt is an association all the same, so it is kept within a factor
of four.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from frontrow.delivery.experience import Periods
from frontrow.delivery.link import Floats
from frontrow.delivery.qoe import Weights

FEWEST_LEAVINGS = 30
WIDEST = 4.0
_SURE_Z = 2.0
_STEPS = 30


@dataclass(frozen=True)
class Learnt:
    """The weights, and how sure they are."""

    weights: Weights
    stall_sd: float
    """Standard error of the stall's weight; 0 where the shipped one stays."""
    leavings: int
    periods: int
    note: str = ""
    """Why the shipped weights stay; empty where they do not."""


def fit(told: Periods, shipped: Weights) -> Learnt:
    """Refit `shipped`'s weights of stalls and switches."""
    leavings, count = int(told.left.sum()), len(told.left)
    if leavings < FEWEST_LEAVINGS:
        note = f"{leavings} leavings, {FEWEST_LEAVINGS} needed"
        return Learnt(shipped, 0.0, leavings, count, note)
    utility = told.worth - shipped.stall * told.stall_s - shipped.switch * told.switch_mbps
    base = np.column_stack([np.ones(count), -utility])
    first, spread = _logistic(base, told.left, np.zeros(2))
    slope = first[1]
    if slope <= _SURE_Z * np.sqrt(spread[1, 1]):
        note = f"leaving does not depend on QoE in {count} periods: slope {slope:.3g}"
        return Learnt(shipped, 0.0, leavings, count, note)
    extra = np.column_stack([told.stall_s, told.switch_mbps])
    own = np.array([shipped.stall, max(shipped.switch, 0.1)])
    apart, sd = _apart(base, extra, told.left, own * slope)
    sure = np.abs(apart) > _SURE_Z * sd
    apart, sd = _apart(base, extra[:, sure], told.left, own[sure] * slope)
    weights = np.array([shipped.stall, shipped.switch])
    weights[sure] = np.clip(weights[sure] + apart, own[sure] / WIDEST, own[sure] * WIDEST)
    stall_sd = float(sd[0]) if sure[0] else 0.0
    learnt = replace(shipped, stall=float(weights[0]), switch=float(weights[1]))
    return Learnt(learnt, stall_sd, leavings, count)


def _apart(base: Floats, extra: Floats, left: Floats, prior_sd: Floats) -> tuple[Floats, Floats]:
    """How far each weight of `extra` (periods, weights) lies from the shipped one, and its standard error."""
    if not extra.shape[1]:
        return np.empty(0), np.empty(0)
    found, spread = _logistic(np.column_stack([base, extra]), left, np.array([0.0, 0.0, *(1.0 / prior_sd**2)]))
    slope = found[1]
    if slope <= 0:  # good pictures are left more often: nothing to learn from that
        return np.zeros(extra.shape[1]), np.zeros(extra.shape[1])
    gradient = np.zeros((extra.shape[1], len(found)))  # delta method
    gradient[:, 1] = -found[2:] / slope**2
    gradient[:, 2:] = np.eye(extra.shape[1]) / slope
    return found[2:] / slope, np.sqrt(np.einsum("ij,jk,ik->i", gradient, spread, gradient))


def _logistic(design: Floats, left: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Coefficients and their covariance by Newton's method, with a prior around zero of that precision."""
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max(left.mean(), 1e-6) / max(1.0 - left.mean(), 1e-6))
    curvature = np.eye(len(beta))
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -30.0, 30.0)))
        weight = chance * (1.0 - chance)
        curvature = (design.T * weight) @ design + np.diag(precision) + 1e-9 * np.eye(len(beta))
        step = np.linalg.solve(curvature, design.T @ (left - chance) - precision * beta)
        beta = beta + np.clip(step, -5.0, 5.0)
        if np.abs(step).max() < 1e-8:
            break
    return beta, np.asarray(np.linalg.inv(curvature), float)

"""Forecasts that add up: service = sum of regions = sum of titles = sum of renditions, hour by hour.

Reconciliation by MinT with variances alone (Wickramasuriya, Athanasopoulos and Hyndman 2019, JASA 114: weighted least
squares): every level is forecast by itself, then moved as little as their variances allow until all sums hold. For a
tree this needs no matrix: one pass up collects each node's best estimate from its children, one pass down shares the
rest out by variance, so a million leaves take a second. Quantiles move with their mean, keeping their width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tree:
    """`parent[i]` is the node above node i, -1 for a root; parents come before their children."""

    parent: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        late = np.flatnonzero(self.parent >= np.arange(len(self.parent)))
        if len(late):
            raise InputError(
                f"node {late[0]} comes before its parent {self.parent[late[0]]}; order the levels from the top"
            )

    @property
    def depth(self) -> npt.NDArray[np.int64]:
        """Level of each node, 0 for roots."""
        level = np.zeros(len(self.parent), np.int64)
        while True:
            below = np.where(self.parent >= 0, level[self.parent] + 1, 0)
            if (below == level).all():
                return level
            level = below


def reconcile(tree: Tree, mean: Array, variance: Array) -> Array:
    """Coherent means (nodes, steps): the closest to `mean` in units of `variance` that add up. Not below 0 if none was.

    `variance` is (nodes, steps), each above 0. Shares of a leaf that would fall below 0 are cut and the leaves scaled.
    """
    if (variance <= 0).any() or not np.isfinite(mean).all():
        raise InputError("variances must be above 0 and means finite")
    count, depth = len(tree.parent), tree.depth
    estimate, spread = mean.astype(float).copy(), variance.astype(float).copy()
    below = np.zeros_like(estimate)
    below_spread = np.zeros_like(spread)
    for level in range(int(depth.max()), -1, -1):
        nodes = np.flatnonzero(depth == level)
        inner = nodes[below_spread[nodes, 0] > 0]
        weight = below_spread[inner] / (below_spread[inner] + spread[inner])  # of the node's own forecast
        estimate[inner] = weight * estimate[inner] + (1 - weight) * below[inner]
        spread[inner] = weight * spread[inner]
        above = nodes[tree.parent[nodes] >= 0]
        np.add.at(below, tree.parent[above], estimate[above])
        np.add.at(below_spread, tree.parent[above], spread[above])
    found = estimate.copy()
    for level in range(1, int(depth.max()) + 1):
        nodes = np.flatnonzero(depth == level)
        parent = tree.parent[nodes]
        found[nodes] = estimate[nodes] + (found[parent] - below[parent]) * spread[nodes] / below_spread[parent]
    if (mean >= 0).all() and (found < 0).any():
        found = _without_negatives(tree, np.maximum(found, 0.0), depth)
    assert len(found) == count
    return found


def _without_negatives(tree: Tree, found: Array, depth: npt.NDArray[np.int64]) -> Array:
    """Scale children to their parent's sum, from the top: what was cut at 0 is taken from the siblings."""
    for level in range(1, int(depth.max()) + 1):
        nodes = np.flatnonzero(depth == level)
        total = np.zeros_like(found)
        np.add.at(total, tree.parent[nodes], found[nodes])
        parent = tree.parent[nodes]
        with np.errstate(invalid="ignore", divide="ignore"):
            found[nodes] = np.where(total[parent] > 0, found[nodes] * found[parent] / total[parent], 0.0)
    for level in range(int(depth.max()), 0, -1):  # a parent whose children are all 0 is 0
        nodes = np.flatnonzero(depth == level)
        total = np.zeros_like(found)
        np.add.at(total, tree.parent[nodes], found[nodes])
        inner = np.unique(tree.parent[nodes])
        found[inner] = total[inner]
    return found


def reconcile_quantiles(tree: Tree, mean: Array, quantiles: Array, variance: Array) -> tuple[Array, Array]:
    """Coherent means, and quantiles (nodes, steps, levels) moved with them; none below 0 where none was before."""
    coherent = reconcile(tree, mean, variance)
    moved = quantiles + (coherent - mean)[:, :, None]
    return coherent, np.maximum(moved, 0.0) if (quantiles >= 0).all() else moved


def peak_bandwidth_bps(bytes_by_step: Array, step_s: Array | float = 3600.0) -> tuple[Array, npt.NDArray[np.int64]]:
    """Bits a second in the busiest step of each row (regions, steps of `step_s`), and which step that is."""
    busiest = bytes_by_step.argmax(axis=1)
    return bytes_by_step[np.arange(len(busiest)), busiest] * 8 / step_s, busiest

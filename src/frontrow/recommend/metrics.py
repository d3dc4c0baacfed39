"""Measures of a ranking over the full catalogue; never over sampled negatives.

`targets` is a boolean viewers x titles matrix of what was watched later; `scores` has what may not be recommended at
-inf. A measure gives one value a viewer, so that means come with intervals and differences can be paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def top_hits(scores: NDArray[np.float32], targets: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """Whether each of the k best is a target, [viewers, k], best first."""
    return np.take_along_axis(targets, top_k(scores, k), axis=1)


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Positions of the k largest of each row, largest first."""
    k = min(k, scores.shape[1])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def ndcg(hits: NDArray[np.bool_], wanted: NDArray[np.integer]) -> NDArray[np.float64]:
    """NDCG@k of `hits` [viewers, k]; `wanted` is how many targets each viewer has."""
    discount = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    best = np.concatenate([[0], np.cumsum(discount)])[np.minimum(wanted, hits.shape[1])]
    return np.asarray((hits * discount).sum(axis=1) / np.maximum(best, 1e-12), np.float64)


def recall(hits: NDArray[np.bool_], wanted: NDArray[np.integer]) -> NDArray[np.float64]:
    """Recall@k divided by min(k, targets)."""
    return np.asarray(hits.sum(axis=1) / np.maximum(np.minimum(wanted, hits.shape[1]), 1), np.float64)


@dataclass(frozen=True)
class Interval:
    """A mean and its 95% bootstrap interval over viewers."""

    mean: float
    low: float
    high: float
    n: int


def bootstrap(values: NDArray[np.float64], rng: np.random.Generator, draws: int = 1000) -> Interval:
    """Mean of one value a viewer with a percentile interval; of differences it is a paired one."""
    n = len(values)
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    means = np.array([values[rng.integers(0, n, n)].mean() for _ in range(draws)])
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high), n)

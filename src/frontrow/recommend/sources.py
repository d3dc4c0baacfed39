"""The candidate sources and their blend: one score a (source, viewer, title), each on a scale of its own.

    taste      x B with the whole history          what goes with everything they like
    recent     x B with the newest few             what goes with what they like now
    next       x N with the last few               what others went on to
    popular    decayed popularity, logarithmic     what everybody watches now
    classic    all-time popularity, logarithmic    what everybody has watched
    trend      fast against slow popularity

A personal source is divided by its root mean square over the titles, so that the blend's weights mean the same for a
short and a long history. The blend stays linear in the history: its reasons are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.history import FOREVER, NEGLIGIBLE, Histories
from frontrow.recommend.popularity import Popularity

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PERSONAL = ("taste", "recent", "next")
COMMON = ("popular", "classic", "trend")
SOURCES = PERSONAL + COMMON


@dataclass(frozen=True)
class Mix:
    """How the sources are read and blended; `tune` fits it on earlier windows."""

    taste_half_life: float = FOREVER
    """Rank half-life of `taste`: a title that many places back counts half; 10 to no fading at all."""
    recent_half_life: float = 5.0
    """Rank half-life of `recent`; 2 to 20."""
    next_half_life: float = 3.0
    """Rank half-life of `next`; 1 to 10."""
    age_half_life_days: float = FOREVER
    """Age half-life of all three, days on the activity clock; 1 to no fading at all."""
    weights: Mapping[str, float] = field(
        default_factory=lambda: {"taste": 1.0, "recent": 0.3, "next": 0.2, "popular": 0.05}
    )
    """Weight of each source in the blend; those not named weigh nothing."""

    def half_life(self, source: str) -> float:
        """Rank half-life of a personal source."""
        return float(getattr(self, f"{source}_half_life"))

    def matrix_of(self, source: str) -> str:
        """Which matrix a personal source multiplies: B or N."""
        return "N" if source == "next" else "B"


def common_scores(popularity: Popularity) -> NDArray[np.float32]:
    """`popular`, `classic` and `trend`, float32 [3, titles], each with mean 0 and deviation 1."""
    scores = np.stack([np.log1p(popularity.recent), np.log1p(popularity.total), np.clip(popularity.trend, -3, 8)])
    scores = scores - scores.mean(axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(scores.std(axis=1, keepdims=True), 1e-6), np.float32)


def personal_scores(
    B: NDArray[np.float32] | csr_array, N: csr_array, histories: Histories, mix: Mix
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scaled scores of the personal sources, float32 [3, viewers, titles], and the scale of each [3, viewers]."""
    scores = np.empty((len(PERSONAL), len(histories), histories.n_titles), np.float32)
    for place, source in enumerate(PERSONAL):
        x = histories.matrix(mix.half_life(source), mix.age_half_life_days)
        product = x @ (N if mix.matrix_of(source) == "N" else B)
        scores[place] = product if isinstance(product, np.ndarray) else product.toarray()
    scale = np.sqrt(np.einsum("svi,svi->sv", scores, scores) / max(histories.n_titles, 1))
    scale[scale < 1e-12] = 1.0
    scores /= scale[:, :, None]
    return scores, scale


def of_one(
    B: NDArray[np.float32] | csr_array, N: csr_array, history: Histories, mix: Mix
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """`personal_scores` of a single viewer [3, titles], in a third of the time: B is read once.

    And what each title of the history weighs in the blend, through B and through N, float32 [history] each.
    """
    title, n, length = history.title, history.n_titles, len(history.title)
    if not isinstance(B, np.ndarray):
        scores, scale = (each[:, 0] for each in personal_scores(B, N, history, mix))
        fading = [history.fading(mix.half_life(source), mix.age_half_life_days) for source in PERSONAL]
        faded = np.stack(fading) * history.weight
    else:
        rank = np.arange(length, dtype=np.float32)
        age = history.age_days / np.float32(mix.age_half_life_days)
        x = np.exp2(-rank / np.array([[mix.half_life(s)] for s in PERSONAL], np.float32) - age)
        x[x < NEGLIGIBLE] = 0
        faded = x * history.weight
        scores = np.empty((len(PERSONAL), n), np.float32)
        by_b = [mix.matrix_of(s) == "B" for s in PERSONAL]
        scores[by_b] = faded[by_b] @ B[title]
        for place in np.flatnonzero(np.logical_not(by_b)).tolist():
            counts = x[place] > 0
            scores[place] = sparse_sum(N, title[counts], faded[place][counts])
        scale = np.sqrt(np.einsum("si,si->s", scores, scores) / max(n, 1))
        scale[scale < 1e-12] = 1.0
        scores /= scale[:, None]
    of = {"B": np.zeros(length, np.float32), "N": np.zeros(length, np.float32)}
    for source, weights, divided_by in zip(PERSONAL, faded, scale, strict=True):
        of[mix.matrix_of(source)] += np.float32(mix.weights.get(source, 0.0) / divided_by) * weights
    return scores, of["B"], of["N"]


def sparse_sum(M: csr_array, rows: NDArray[np.integer], weight: NDArray[np.float32]) -> NDArray[np.float64]:
    """Weighted sum of some rows of a sparse matrix."""
    starts, lengths = M.indptr[rows], M.indptr[rows + 1] - M.indptr[rows]
    ends = np.cumsum(lengths)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    of_column = M.data[at] * np.repeat(weight, lengths)
    return np.asarray(np.bincount(M.indices[at], weights=of_column, minlength=M.shape[1]), np.float64)


def blend(personal: NDArray[np.float32], common: NDArray[np.float32], mix: Mix) -> NDArray[np.float32]:
    """The weighted sum, float32 [viewers, titles]."""
    total = np.zeros(personal.shape[1:], np.float32)
    for source, scores in zip(PERSONAL, personal, strict=True):
        if weight := mix.weights.get(source, 0.0):
            total += np.float32(weight) * scores
    return total + common_blend(common, mix)[None, :]


def common_blend(common: NDArray[np.float32], mix: Mix) -> NDArray[np.float32]:
    """The part of the blend that is the same for everybody, float32 [titles]."""
    weights = np.array([mix.weights.get(source, 0.0) for source in COMMON], np.float32)
    return np.asarray(weights @ common, np.float32)

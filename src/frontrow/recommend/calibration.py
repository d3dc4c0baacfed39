"""A list whose genres are those of the history: H. Steck, "Calibrated recommendations" (RecSys 2018).

Greedy: each place goes to the title that maximises (1 - lambda) sum of scores - lambda KL(p || q~), with p the genre
distribution of the history, q of the list so far, and q~ = .99 q + .01 p.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.01


def genre_kl(p: NDArray[np.float32], q: NDArray[np.float32]) -> NDArray[np.float32]:
    """KL(p || q~) over the last axis, in nats; p and q sum to 1 (or to 0 where nothing is known)."""
    smooth = (1 - SMOOTHING) * q + SMOOTHING * p
    ratio = np.where(p > 0, p / np.maximum(smooth, 1e-12), 1.0)
    return np.asarray((p * np.log(ratio)).sum(axis=-1), np.float32)


def calibrate(
    score: NDArray[np.float32], genre: NDArray[np.float32], p: NDArray[np.float32], k: int, weight: float
) -> NDArray[np.intp]:
    """Order of the k best of the candidates, calibrated.

    `score` [candidates] is scaled to 0..1 within; `genre` [candidates, genres] has rows that sum to 1; `weight` is
    lambda, 0 (scores alone) to 1 (genres alone). With no known genres in `p` the order is that of the scores.
    """
    k = min(k, len(score))
    if not k or weight <= 0 or not p.any():
        return np.argsort(-score, kind="stable")[:k]
    low, high = float(score.min()), float(score.max())
    gain = (1 - weight) * (score - low) / max(high - low, 1e-12)
    chosen = np.empty(k, np.intp)
    known = p > 0  # only genres of the history count: KL has no terms elsewhere
    p = p[known]
    # what is common to all candidates is left out: KL's p log p, and the 1 / place that makes q a distribution
    held = np.ascontiguousarray(genre[:, known] * (1 - SMOOTHING))
    q, weighted_p, smooth = np.empty_like(held), weight * p, SMOOTHING * p
    so_far = np.zeros(len(p), np.float32)
    for place in range(k):
        np.add(held, so_far + smooth * (place + 1), out=q)
        np.log(q, out=q)
        best = int((q @ weighted_p + gain).argmax())
        chosen[place] = best
        so_far += held[best]
        gain[best] = -np.inf
    return chosen

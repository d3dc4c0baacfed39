"""Ranking for many viewers at once: the same scores as a page's, a block of viewers at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.history import Histories, histories
from frontrow.recommend.metrics import top_k
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import blend, personal_scores
from frontrow.recommend.standing import reorder

if TYPE_CHECKING:
    from frontrow.recommend.model import Model

CELLS = 8_000_000
"""Viewers x titles scored at once; bounds the memory."""


@dataclass(frozen=True)
class Rankings:
    """Best titles of each viewer, best first: positions [viewers, k] and scores [viewers, k] (-inf: no title left)."""

    title: NDArray[np.intp]
    score: NDArray[np.float32]


def rank_all(model: Model, interactions: Interactions, k: int, *, keep_seen: bool = False) -> Rankings:
    """Rank for every viewer of `interactions`, whose title positions are the model's.

    Titles of a history are left out unless `keep_seen`; a viewer without a history gets what is popular.
    """
    known, n = histories(interactions), len(model)
    k = min(k, n)
    starts = np.searchsorted(interactions.viewer, np.arange(len(known) + 1))
    titles, scores = np.empty((len(known), k), np.intp), np.empty((len(known), k), np.float32)
    block = max(CELLS // max(n, 1), 1)
    for start in range(0, len(known), block):
        rows = np.arange(start, min(start + block, len(known)))
        seen = None
        if not keep_seen:
            seen = np.zeros((len(rows), n), bool)
            of_block = slice(starts[start], starts[rows[-1] + 1])
            seen[interactions.viewer[of_block] - start, interactions.title[of_block]] = True
        score = score_block(model, known.select(rows), seen)
        titles[rows] = top_k(score, k)
        scores[rows] = np.take_along_axis(score, titles[rows], axis=1)
    return Rankings(titles, scores)


def score_block(
    model: Model, known: Histories, seen: NDArray[np.bool_] | None, now_ms: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """What each viewer's titles are ranked by, float32 [viewers, titles]; `seen` titles at -inf.

    Without `now_ms`, when each of them asks, all parts of the day are alike.
    """
    personal, _ = personal_scores(model.parts.B, model.parts.N, known, model.mix)
    crowd = model.crowd()
    score = blend(personal, crowd.common, model.mix)
    score[known.lengths == 0] = crowd.base_score
    if seen is not None:
        score[seen] = -np.inf
    with_history = known.lengths > 0
    if model.ranker is not None and with_history.any():
        rows = np.flatnonzero(with_history)
        score[rows] = reorder(
            model,
            known.select(rows),
            personal[:, rows],
            crowd.common,
            score[rows],
            None if now_ms is None else now_ms[rows],
        )
    return score

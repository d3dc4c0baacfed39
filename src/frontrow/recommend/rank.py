"""One ranked list: the scores of a viewer, their best titles, and the titles most like a given one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import UnknownTitle
from frontrow.recommend import rules
from frontrow.recommend.answer import Ranked
from frontrow.recommend.explain import BY_POPULARITY, because_tiles, plain_tiles
from frontrow.recommend.model import Model
from frontrow.recommend.viewer import Viewer

HISTORY = 300
"""Newest titles of a history that score; older ones count next to nothing."""


@dataclass(frozen=True)
class Standing:
    """A viewer against one model: history as positions (newest first), weights, scores and masks."""

    history: NDArray[np.int32]
    weight: NDArray[np.float32]
    score: NDArray[np.float32]
    """EDLAE scores x B, float32 [titles]; exact sums of the history's terms."""
    blocked: NDArray[np.bool_]
    """Finished or dismissed."""


def stand(model: Model, viewer: Viewer) -> Standing:
    """The viewer's standing; kept in the viewer until their next event or the next model."""
    kept = viewer.cache.get("standing")
    if kept is not None and kept[0] is model and kept[1] == viewer.changes:
        return kept[2]  # type: ignore[no-any-return]
    index = model.index
    blocked = np.zeros(len(model), bool)
    positions: list[int] = []
    weights: list[float] = []
    for title in reversed(viewer.watched):
        position = index.get(title)
        if position is None:
            continue
        watched = viewer.watched[title]
        if watched.finished or watched.dismissed:
            blocked[position] = True
        if watched.weight and len(positions) < HISTORY:
            positions.append(position)
            weights.append(watched.weight)
    history = np.array(positions, np.int32)
    weight = np.array(weights, np.float32) * np.exp2(
        -np.arange(len(positions), dtype=np.float32) / model.rank_half_life
    )
    standing = Standing(history, weight, score_history(model.B, history, weight), blocked)
    viewer.cache["standing"] = (model, viewer.changes, standing)
    return standing


def score_history(
    B: NDArray[np.float32], history: NDArray[np.int32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """x B for one viewer, float32 [titles]: a row of B for each title of the history, added without gathering."""
    from scipy.sparse import csr_array

    n = len(B)
    order = np.argsort(history)
    x = csr_array((weight[order], history[order], np.array([0, len(history)])), shape=(1, n))
    score: NDArray[np.float32] = (x @ B)[0]
    return score


def blend(model: Model, standing: Standing) -> NDArray[np.float32]:
    """What a list is ranked by: EDLAE scaled to the viewer, with a little of what everybody watches."""
    if not len(standing.history):
        return model.base_score
    scale = float(np.abs(standing.weight).sum()) or 1.0
    return standing.score / np.float32(scale) + np.float32(0.02) * model.base_score


def top(score: NDArray[np.float32], allowed: NDArray[np.bool_], k: int) -> NDArray[np.intp]:
    """The k best allowed positions, best first; ties by position, so that the answer can be repeated."""
    candidates = np.flatnonzero(allowed)
    if len(candidates) > k:
        candidates = candidates[np.argpartition(-score[candidates], k - 1)[:k]]
        candidates.sort()
    return candidates[np.argsort(-score[candidates], kind="stable")]


def rank(model: Model, viewer: Viewer, k: int, *, now_ms: int) -> Ranked:
    """The k best titles for the viewer that the rules allow and that they have not finished or dismissed."""
    standing = stand(model, viewer)
    mask = rules.allowed(model.rules, viewer.country, viewer.max_maturity, now_ms) & ~standing.blocked
    score = blend(model, standing)
    chosen = top(score, mask, k)
    if not len(standing.history):
        return Ranked(plain_tiles(model, viewer, chosen, score, BY_POPULARITY), "popular")
    return Ranked(because_tiles(model, viewer, standing, chosen, score))


def similar(model: Model, title: Any, k: int, *, now_ms: int, viewer: Viewer | None = None) -> Ranked:
    """The k titles most like `title` that the rules allow (for `viewer`, when given).

    Raises UnknownTitle.
    """
    position = model.index.get(model.series.get(title, title))
    if position is None:
        raise UnknownTitle(f"no title {title!r} in the model; is it in the catalogue, and was the model fitted since?")
    who = viewer or Viewer()
    mask = rules.allowed(model.rules, who.country, who.max_maturity, now_ms)
    mask[position] = False
    likeness = np.asarray(model.B[position], np.float32)
    fallback = ""
    if not likeness.any():  # nobody has watched it: the most popular that share its genres
        shared = np.zeros(len(model), np.float32)
        for genre in model.genres[position]:
            shared += model.genre_masks[genre]
        likeness, fallback = shared + model.base_score, "genre"
    chosen = top(likeness, mask, k)
    reason = f"Like {model.names[position]}" if not fallback else f"Shares genres with {model.names[position]}"
    return Ranked(plain_tiles(model, who, chosen, likeness, (reason, "similar" if not fallback else "genre")), fallback)

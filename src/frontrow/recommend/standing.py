"""A viewer's standing against a model: what every title scores for them, out of which history, and what is blocked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import ranker
from frontrow.recommend.crowd import Crowd
from frontrow.recommend.fatigue import TIRING, tired
from frontrow.recommend.history import Histories, one_history
from frontrow.recommend.sources import PERSONAL, of_one
from frontrow.recommend.viewer import Viewer, Watched

if TYPE_CHECKING:
    from frontrow.recommend.model import Model

FATIGUE = 0.3
"""Standard deviations that a score loses for each doubling of impressions beyond the first few."""
HISTORY = 300
"""Newest titles of a history that score on a page; older ones count next to nothing."""


@dataclass(frozen=True)
class Standing:
    """A viewer against one model.

    `score` is what lists are ranked by, float32 [titles]: the blend, its best candidates put into the ranker's order.
    The blend is linear: title j of `history` adds by_b[j] B_ji + by_n[j] N_ji to title i, beside what popularity adds.
    """

    history: NDArray[np.int32]
    by_b: NDArray[np.float32]
    by_n: NDArray[np.float32]
    liked: NDArray[np.bool_]
    score: NDArray[np.float32]
    blocked: NDArray[np.bool_]
    """Finished or dismissed."""
    crowd: Crowd
    """What popularity adds, in the viewer's crowd."""
    doings: tuple[Watched, ...] = ()
    """What the viewer did with each title of `history`."""


def stand(model: Model, viewer: Viewer, now_ms: int) -> Standing:
    """The viewer's standing; kept until their next event, another crowd, part of the day or model."""
    of = (viewer.changes, viewer.country, viewer.kids, now_ms // ranker.PART_MS)
    kept = viewer.cache.get("standing")
    if kept is not None and kept[0] is model and kept[1] == of:
        return kept[2]  # type: ignore[no-any-return]
    index, blocked = model.index, np.zeros(len(model), bool)
    positions: list[int] = []
    weights: list[float] = []
    times: list[int] = []
    doings: list[Watched] = []
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
            times.append(watched.at_ms)
            doings.append(watched)
    crowd = model.crowd(viewer.country, kids=viewer.kids)
    shown = {index[title]: count for title, count in viewer.shown.items() if count > TIRING and title in index}
    fatigue = None
    if shown:  # again and again, and never clicked
        fatigue = np.zeros(len(model), np.float32)
        fatigue[list(shown)] = tired(np.array(list(shown.values()), np.float32))
    standing = stand_on(model, one_history(positions, weights, times, len(model)), blocked, crowd, now_ms, fatigue)
    standing = replace(standing, doings=tuple(doings))
    if fatigue is not None:
        standing = replace(standing, score=standing.score - FATIGUE * standing.score.std() * fatigue)
    viewer.cache["standing"] = (model, of, standing)
    model.remember(viewer.cache)
    return standing


def stand_on(
    model: Model,
    history: Histories,
    blocked: NDArray[np.bool_],
    crowd: Crowd,
    now_ms: int,
    fatigue: NDArray[np.float32] | None = None,
) -> Standing:
    """The standing of a bare history; `fatigue` [titles] is told to the ranker."""
    mix, nothing = model.mix, np.zeros(0, np.float32)
    if not len(history.title):
        return Standing(history.title, nothing, nothing, nothing.astype(bool), crowd.base_score, blocked, crowd)
    personal, by_b, by_n = of_one(model.parts.B, model.parts.N, history, mix)
    weights = np.array([mix.weights.get(source, 0.0) for source in PERSONAL], np.float32)
    score = weights @ personal + crowd.part
    if model.ranker is not None:
        kept, score[blocked] = score[blocked], -np.inf
        row = None if fatigue is None else fatigue[None]
        score = reorder(model, history, personal[:, None], crowd.common, score[None], np.array([now_ms]), row)[0]
        score[blocked] = kept
    return Standing(history.title, by_b, by_n, history.weight > 0, score, blocked, crowd)


def reorder(
    model: Model,
    histories: Histories,
    personal: NDArray[np.float32],
    common: NDArray[np.float32],
    blended: NDArray[np.float32],
    now_ms: NDArray[np.int64] | None = None,
    fatigue: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """The blend with its best candidates in the ranker's order: they trade their scores, the others keep theirs."""
    if model.ranker is None:
        return blended
    count = min(ranker.CANDIDATES, blended.shape[1])
    hour = ranker.hour_of(model.ranker.hours, now_ms, (len(histories), model.content.genre.shape[1]))
    top, features = ranker.candidates(blended, personal, common, histories, model.content, hour, count, fatigue)
    score = np.take_along_axis(blended, top, axis=1)
    preferred = np.where(np.isfinite(score), model.ranker.scores(features), -np.inf)  # what is blocked stays last
    order = np.argsort(-preferred, axis=1, kind="stable")
    ordered = blended.copy()
    np.put_along_axis(ordered, np.take_along_axis(top, order, axis=1), score, axis=1)
    return ordered

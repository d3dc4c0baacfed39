"""One ranked list: a viewer's best titles, and the titles most like a given one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import UnknownTitle
from frontrow.recommend import rules
from frontrow.recommend.answer import Ranked
from frontrow.recommend.explain import BY_POPULARITY, make_tiles
from frontrow.recommend.history import one_history
from frontrow.recommend.standing import stand, stand_on
from frontrow.recommend.viewer import Viewer

if TYPE_CHECKING:
    from frontrow.recommend.model import Model


def top(score: NDArray[np.float32], allowed: NDArray[np.bool_], k: int) -> NDArray[np.intp]:
    """The k best allowed positions, best first; ties by position, so that the answer can be repeated."""
    candidates = np.flatnonzero(allowed)
    if len(candidates) > k:
        candidates = candidates[np.argpartition(-score[candidates], k - 1)[:k]]
        candidates.sort()
    return candidates[np.argsort(-score[candidates], kind="stable")]


def rank(model: Model, viewer: Viewer, k: int, *, now_ms: int) -> Ranked:
    """The k best titles for the viewer that the rules allow and that they have not finished or dismissed."""
    standing = stand(model, viewer, now_ms)
    mask = rules.allowed(model.rules, viewer.country, viewer.age_limit, now_ms) & ~standing.blocked
    chosen = top(standing.score, mask, k)
    personal = bool(len(standing.history))
    tiles = make_tiles(model, viewer, standing, chosen, [None if personal else BY_POPULARITY] * len(chosen))
    return Ranked(tiles, "" if personal else "popular")


def similar(model: Model, title: Any, k: int, *, now_ms: int, viewer: Viewer | None = None) -> Ranked:
    """The k titles most like `title` that the rules allow (for `viewer`, when given).

    Raises UnknownTitle.
    """
    position = model.index.get(model.series.get(title, title))
    if position is None:
        raise UnknownTitle(f"no title {title!r} in the model; is it in the catalogue, and was the model fitted since?")
    who = viewer or Viewer()
    crowd = model.crowd(who.country, kids=who.kids)
    mask = rules.allowed(model.rules, who.country, who.age_limit, now_ms)
    mask[position] = False
    likeness = model.likeness(position)
    if likeness.any():
        why, fallback = (f"Like {model.names[position]}", "similar"), ""
    else:  # nobody has watched it: the most popular that share its genres
        shared = np.zeros(len(model), np.float32)
        for genre in model.genres[position]:
            shared += model.genre_masks[genre]
        likeness, fallback = shared + crowd.base_score, "genre"
        why = (f"Shares genres with {model.names[position]}", "genre")
    chosen = top(likeness, mask, k)
    alike = replace(stand_on(model, one_history([], [], [], len(model)), mask, crowd, now_ms), score=likeness)
    return Ranked(make_tiles(model, who, alike, chosen, [why] * len(chosen)), fallback)

"""The first titles shown to somebody without a history, to pick a few from: popular, and as different as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frontrow.recommend import rules
from frontrow.recommend.answer import Ranked
from frontrow.recommend.explain import BY_POPULARITY, make_tiles
from frontrow.recommend.rank import top
from frontrow.recommend.standing import stand
from frontrow.recommend.viewer import Viewer

if TYPE_CHECKING:
    from frontrow.recommend.model import Model

WEIGHED = 400
"""Most popular titles that are chosen from: a pick must be known to say anything."""


def choose_first(model: Model, viewer: Viewer, k: int, *, now_ms: int) -> Ranked:
    """k popular titles that the rules allow; each title counts less, the more of its genres are there already."""
    standing = stand(model, viewer, now_ms)
    may = rules.allowed(model.rules, viewer.country, viewer.age_limit, now_ms) & ~standing.blocked
    popular = model.crowd(viewer.country, kids=viewer.kids).base_score
    pool = top(popular, may, WEIGHED)
    genre = model.content.genre[pool]
    base, held, chosen = popular[pool].copy(), np.zeros(genre.shape[1], np.float32), list[int]()
    for _ in range(min(k, len(pool))):
        best = int(np.argmax(base / (1 + genre @ held)))
        chosen.append(best)
        held += genre[best]
        base[best] = -np.inf
    picked = pool[chosen] if chosen else pool[:0]
    return Ranked(make_tiles(model, viewer, standing, picked, [BY_POPULARITY] * len(picked)), "popular")

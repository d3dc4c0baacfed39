"""The reason on a tile: exact for the EDLAE score, named by its source otherwise.

The score of title i is the sum over the history of x_j B_ji. The reason shows the largest of those terms as shares of
the sum of the positive ones; nothing is approximated, so the shares can be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from frontrow.recommend.answer import Because, Reason, Tile

if TYPE_CHECKING:
    from frontrow.recommend.model import Model
    from frontrow.recommend.rank import Standing
    from frontrow.recommend.viewer import Viewer

BY_POPULARITY = ("Popular now", "popularity")
SHOWN = 2
"""Titles named in a reason."""


def terms(
    B: NDArray[np.float32], history: NDArray[np.int32], weight: NDArray[np.float32], chosen: NDArray[np.intp]
) -> NDArray[np.float32]:
    """x_j B_ji, float32 [history, chosen]: what each title of the history adds to each chosen score."""
    return weight[:, None] * B[history[:, None], chosen[None, :]]


def because_tiles(
    model: Model, viewer: Viewer, standing: Standing, chosen: NDArray[np.intp], score: NDArray[np.float32]
) -> list[Tile]:
    """Tiles with the exact largest terms of their score; by popularity where no term is positive."""
    return [
        _tile(model, viewer, position, value, reason)
        for position, value, reason in zip(
            chosen.tolist(), score[chosen].tolist(), reasons(model, standing, chosen), strict=True
        )
    ]


def plain_tiles(
    model: Model, viewer: Viewer, chosen: NDArray[np.intp], score: NDArray[np.float32], why: tuple[str, str]
) -> list[Tile]:
    """Tiles whose reason is their source: `why` is (text, source)."""
    reason = Reason(*why)
    return [
        _tile(model, viewer, position, value, reason)
        for position, value in zip(chosen.tolist(), score[chosen].tolist(), strict=True)
    ]


def reasons(model: Model, standing: Standing, chosen: NDArray[np.intp]) -> list[Reason]:
    """The exact reason of each chosen position."""
    popular = Reason(*BY_POPULARITY)
    if not len(standing.history) or not len(chosen):
        return [popular] * len(chosen)
    parts = terms(model.B, standing.history, standing.weight, chosen)
    np.maximum(parts, 0, out=parts)
    total = parts.sum(axis=0)
    columns = np.arange(len(chosen))
    names, ids, history = model.names, model.ids, standing.history
    picks, shares = [], []
    for _ in range(min(SHOWN, len(history))):
        best = parts.argmax(axis=0)
        picks.append(history[best].tolist())
        shares.append((parts[best, columns] / np.maximum(total, 1e-12)).tolist())
        parts[best, columns] = 0
    answer = []
    for column in range(len(chosen)):
        because = tuple(
            Because(ids[pick[column]], names[pick[column]], round(share[column], 4))
            for pick, share in zip(picks, shares, strict=True)
            if share[column] > 0
        )
        answer.append(Reason(f"Because you watched {because[0].name}", "edlae", True, because) if because else popular)
    return answer


def _tile(model: Model, viewer: Viewer, position: int, score: float, reason: Reason) -> Tile:
    title = model.ids[position]
    watched = viewer.watched.get(title)
    played = UNSET if watched is None or not watched.unfinished else watched.fraction or 0.0
    return Tile(
        title, model.names[position], model.years[position], model.genres[position], round(score, 5), reason, played
    )

"""The reason on a tile: exact for what the history adds to its score, named by its source otherwise.

The blend is linear in the history, so title i gets exactly b_j B_ji + n_j N_ji from title j. The reason names the
largest of those terms and their shares of all that adds to the score; nothing is approximated, so it can be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray
from scipy.sparse import csr_array

from frontrow.recommend.answer import Because, Reason, Tile

if TYPE_CHECKING:
    from frontrow.recommend.model import Model
    from frontrow.recommend.rank import Standing
    from frontrow.recommend.viewer import Viewer

BY_POPULARITY = ("Popular now", "popularity")
SHOWN = 2
"""Titles named in a reason."""


def terms(model: Model, standing: Standing, chosen: NDArray[np.intp]) -> NDArray[np.float32]:
    """What each title of the history adds to each chosen score, float32 [history, chosen]."""
    parts, history = model.parts, standing.history
    if isinstance(parts.B, np.ndarray):
        added = parts.B[history[:, None], chosen[None, :]] * standing.by_b[:, None]
    else:
        added = np.zeros((len(history), len(chosen)), np.float32)
        _add_sparse(added, parts.B, history, standing.by_b, chosen)
    _add_sparse(added, parts.N, history, standing.by_n, chosen)
    return added


def _add_sparse(
    added: NDArray[np.float32],
    M: csr_array,
    history: NDArray[np.int32],
    of: NDArray[np.float32],
    chosen: NDArray[np.intp],
) -> None:
    """Add the entries of some rows and columns of a sparse matrix, without making either dense."""
    rows = np.flatnonzero(np.abs(of) > 1e-6)
    starts, lengths = M.indptr[history[rows]], M.indptr[history[rows] + 1] - M.indptr[history[rows]]
    ends = np.cumsum(lengths)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    column = np.full(M.shape[1], -1)
    column[chosen] = np.arange(len(chosen))
    column, row = column[M.indices[at]], np.repeat(rows, lengths)
    shown = column >= 0
    added[row[shown], column[shown]] += M.data[at[shown]] * of[row[shown]]


def because_tiles(model: Model, viewer: Viewer, standing: Standing, chosen: NDArray[np.intp]) -> list[Tile]:
    """Tiles with the exact largest terms of their score; by popularity where no term is positive."""
    scores = standing.score[chosen].tolist()
    return [
        make_tile(model, viewer, position, value, reason)
        for position, value, reason in zip(chosen.tolist(), scores, reasons(model, standing, chosen), strict=True)
    ]


def plain_tiles(
    model: Model, viewer: Viewer, chosen: NDArray[np.intp], score: NDArray[np.float32], why: tuple[str, str]
) -> list[Tile]:
    """Tiles whose reason is their source: `why` is (text, source)."""
    reason = Reason(*why)
    return [
        make_tile(model, viewer, position, value, reason)
        for position, value in zip(chosen.tolist(), score[chosen].tolist(), strict=True)
    ]


def reasons(model: Model, standing: Standing, chosen: NDArray[np.intp]) -> list[Reason]:
    """The exact reason of each chosen position."""
    popular = Reason(*BY_POPULARITY)
    if not len(standing.history) or not len(chosen):
        return [popular] * len(chosen)
    added = np.maximum(terms(model, standing, chosen), 0)
    from_everybody = np.maximum(model.common_part[chosen], 0)
    total = np.maximum(added.sum(axis=0) + from_everybody, 1e-12)
    columns, history = np.arange(len(chosen)), standing.history
    picks, shares = [], []
    for _ in range(min(SHOWN, len(history))):
        best = added.argmax(axis=0)
        picks.append(history[best].tolist())
        shares.append((added[best, columns] / total).tolist())
        added[best, columns] = 0
    names, ids = model.names, model.ids
    by_popularity = (from_everybody > 0.5 * total).tolist()
    answer = []
    for column in range(len(chosen)):
        because = tuple(
            Because(ids[pick[column]], names[pick[column]], round(share[column], 4))
            for pick, share in zip(picks, shares, strict=True)
            if share[column] > 0
        )
        if because and not by_popularity[column]:
            answer.append(Reason("Because you watched " + because[0].name, "edlae", True, because))
        else:
            answer.append(Reason(*BY_POPULARITY, True, because) if because else popular)
    return answer


def make_tile(model: Model, viewer: Viewer, position: int, score: float, reason: Reason) -> Tile:
    """One tile; with the played fraction where the viewer has begun the title."""
    title = model.ids[position]
    watched = viewer.watched.get(title)
    played = UNSET if watched is None or not watched.unfinished else watched.fraction or 0.0
    return Tile(
        title, model.names[position], model.years[position], model.genres[position], round(score, 5), reason, played
    )

"""The reason on a tile: exact for what the history adds to its score, named by its source otherwise.

The blend is linear in the history, so title i gets exactly b_j B_ji + n_j N_ji from title j. The reason names the
largest of those terms and their shares of all that adds to the score; nothing is approximated, so it can be checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
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

Why = tuple[str, str] | None
"""(text, source) of a reason, or None: the exact one."""
BY_POPULARITY = ("Popular now", "popularity")
SHOWN = 2
"""Titles named in a reason."""


def terms(model: Model, standing: Standing, chosen: NDArray[np.integer]) -> NDArray[np.float32]:
    """What each title of the history adds to each chosen score, float32 [history, chosen]."""
    parts, history = model.parts, standing.history
    if isinstance(parts.B, np.ndarray):
        added: NDArray[np.float32] = parts.B[history[:, None], chosen[None, :]] * standing.by_b[:, None]
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
    chosen: NDArray[np.integer],
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


def make_tiles(
    model: Model,
    viewer: Viewer,
    standing: Standing,
    chosen: NDArray[np.integer],
    why: Sequence[Why],
    propensities: Mapping[int, float] = MappingProxyType({}),
) -> list[Tile]:
    """A tile for each chosen position; `why` None asks for the exact reason of its score."""
    exact = np.array([each is None for each in why], bool)
    found = iter(reasons(model, standing, chosen[exact]))
    named: dict[tuple[str, str], Reason] = {}
    ids, names, years, genres, watched = model.ids, model.names, model.years, model.genres, viewer.watched
    scores = np.round(standing.score[chosen].astype(np.float64), 5).tolist()
    tiles = []
    for position, score, source in zip(chosen.tolist(), scores, why, strict=True):
        if source is None:
            reason = next(found)
        elif (known := named.get(source)) is not None:
            reason = known
        else:
            reason = named[source] = Reason(*source)
        title = ids[position]
        begun = watched.get(title)
        tiles.append(
            Tile(
                title,
                names[position],
                years[position],
                genres[position],
                score,
                reason,
                UNSET if begun is None or not begun.unfinished else begun.fraction or 0.0,
                propensities.get(position, UNSET),
            )
        )
    return tiles


def reasons(model: Model, standing: Standing, chosen: NDArray[np.integer]) -> list[Reason]:
    """The exact reason of each chosen position."""
    popular = Reason(*BY_POPULARITY)
    if not len(standing.history) or not len(chosen):
        return [popular] * len(chosen)
    added = np.maximum(terms(model, standing, chosen), 0)
    from_everybody = np.maximum(model.common_part[chosen], 0)
    total = np.maximum(added.sum(axis=0) + from_everybody, 1e-12)
    columns = np.arange(len(chosen))
    picks, shares = [], []
    for _ in range(SHOWN):
        best = added.argmax(axis=0)
        picks.append(standing.history[best].tolist())
        shares.append(np.round(added[best, columns].astype(np.float64) / total, 4).tolist())
        added[best, columns] = 0
    ids, names = model.ids, model.names
    by_popularity = (from_everybody > 0.5 * total).tolist()
    answer = []
    for first, second, share, next_share, everybody in zip(*picks, *shares, by_popularity, strict=True):
        if share <= 0:
            answer.append(popular)
            continue
        because: tuple[Because, ...] = (Because(ids[first], names[first], share),)
        if next_share > 0:
            because += (Because(ids[second], names[second], next_share),)
        if everybody:
            answer.append(Reason(*BY_POPULARITY, True, because))
        else:
            answer.append(Reason("Because you watched " + names[first], "edlae", True, because))
    return answer

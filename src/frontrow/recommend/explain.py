"""The reason on a tile: exact for what the history adds to its score, named by its source otherwise.

The blend is linear in the history, so title i gets exactly b_j B_ji + n_j N_ji from title j. The reason names the
largest of those terms and their shares of all that adds to the score; nothing is approximated, so it can be checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.sparse import csr_array

from frontrow.recommend.answer import Because, Reason, Tile
from frontrow.recommend.signals import FINISHED_FRACTION

if TYPE_CHECKING:
    from frontrow.recommend.model import Model
    from frontrow.recommend.standing import Standing
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
        # a flat take: three times as fast as parts.B[history[:, None], chosen], which it equals
        at = (history.astype(np.int64) * len(model))[:, None] + chosen
        added: NDArray[np.float32] = parts.B.reshape(-1).take(at, mode="wrap")
        added *= standing.by_b[:, None]
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
    if not len(chosen):
        return []
    exact = np.array([each is None for each in why], bool)
    found = iter(reasons(model, standing, chosen[exact]))
    named = {each: Reason(*each) for each in set(why) if each is not None}
    why_of = [next(found) if each is None else named[each] for each in why]
    positions = chosen.tolist()
    scores = np.round(standing.score[chosen].astype(np.float64), 5).tolist()
    tiles = list(map(Tile, *(_pick(of, positions) for of in (model.ids, model.names, model.years, model.genres)),
                     scores, why_of))  # fmt: skip
    index, place_of = model.index, {position: place for place, position in enumerate(positions)}
    for title, what in viewer.watched.items():
        if what.unfinished and (place := place_of.get(index.get(title, -1))) is not None:
            at = what.fraction or 0.0
            # between two episodes the next one begins at its beginning
            tiles[place] = replace(tiles[place], played=0.0 if at >= FINISHED_FRACTION else at)
    for position, propensity in propensities.items():
        if (place := place_of.get(position)) is not None:
            tiles[place] = replace(tiles[place], propensity=propensity)
    return tiles


def reasons(model: Model, standing: Standing, chosen: NDArray[np.integer]) -> list[Reason]:
    """The exact reason of each chosen position."""
    popular = Reason(*BY_POPULARITY)
    if not len(standing.history) or not len(chosen):
        return [popular] * len(chosen)
    added = terms(model, standing, chosen)
    np.maximum(added, 0, out=added)
    from_everybody = np.maximum(standing.crowd.part[chosen], 0)
    total = np.maximum(added.sum(axis=0) + from_everybody, 1e-12)
    columns = np.arange(len(chosen))
    named: list[list[Because]] = []
    bests, shares = [], []
    for _ in range(SHOWN):
        best = added.argmax(axis=0)
        share = np.round(added[best, columns].astype(np.float64) / total, 4)
        bests.append(best.tolist())
        positions = standing.history[best].tolist()
        named.append(list(map(Because, _pick(model.ids, positions), _pick(model.names, positions), share.tolist())))
        shares.append(share)
        added[best, columns] = 0
    said = [doing.said for doing in standing.doings]
    texts = [said[place] + each.name for place, each in zip(bests[0], named[0], strict=True)]
    answer = list(map(Reason, texts, repeat("edlae"), repeat(True), zip(*named, strict=True)))
    for place in np.flatnonzero(shares[1] <= 0).tolist():
        answer[place] = Reason(texts[place], "edlae", True, (named[0][place],))
    for place in np.flatnonzero((shares[0] <= 0) | (from_everybody > 0.5 * total)).tolist():
        answer[place] = popular
    return answer


def _pick(values: Sequence[Any], positions: list[int]) -> Sequence[Any]:
    """The values at some positions."""
    return itemgetter(*positions)(values) if len(positions) > 1 else [values[position] for position in positions]

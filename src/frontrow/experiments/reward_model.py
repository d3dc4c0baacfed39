"""The reward that is expected of an action in a context, for doubly robust evaluation: ridge, in two layers.

A shared layer learns what the context is worth whatever is shown; one small ridge an action learns how the action
departs from it, shrunk towards no departure, so that an action with ten rows stays near the average. Predictions for
a row come from the folds that its cluster is not in (cross-fitting: Chernozhukov and others 2018), or the estimate
would be biased.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

SHARED_PENALTY = 1.0  # rows' worth of belief in "the context does not matter"
DEPARTURE_PENALTY = 20.0  # rows' worth of belief in "the action is like the others", an action
MAX_LEVELS = 50  # a text column with more values than this is an identity, not a feature


def design(columns: Sequence[NDArray[np.generic]]) -> Floats:
    """Context columns as features, shape (rows, features): numbers standardised, texts as indicator columns."""
    parts: list[Floats] = []
    for column in columns:
        if column.dtype.kind in "biuf":
            number = column.astype(np.float64)
            spread = number.std()
            if spread > 0:
                parts.append(((number - number.mean()) / spread)[:, None])
        else:
            levels, code = np.unique(column, return_inverse=True)
            if 1 < levels.size <= MAX_LEVELS:
                parts.append(np.eye(levels.size)[code] - np.bincount(code) / code.size)
    if not parts:
        return np.zeros((len(columns[0]) if columns else 0, 0))
    return np.hstack(parts)


def cross_fit(features: Floats, action: Ints, reward: Floats, actions: int, fold: Ints) -> Floats:
    """Expected reward of every action in every row, shape (rows, actions), each row predicted by the other folds.

    `features` (rows, d), `action` and `fold` (rows,) as codes from 0, `reward` (rows,).
    """
    X = np.hstack([np.ones((reward.size, 1)), features])
    predicted = np.empty((reward.size, actions))
    for held in np.unique(fold):
        train, test = fold != held, fold == held
        shared = _ridge(X[train], reward[train], SHARED_PENALTY)
        rest = reward[train] - X[train] @ shared
        departure = np.zeros((actions, X.shape[1]))
        for index in np.unique(action[train]):
            rows = action[train] == index
            departure[index] = _ridge(X[train][rows], rest[rows], DEPARTURE_PENALTY, intercept_too=True)
        predicted[test] = (X[test] @ shared)[:, None] + X[test] @ departure.T
    # A linear prediction may leave the range of what was ever seen; the truth cannot.
    return np.clip(predicted, reward.min(), reward.max())


def _ridge(X: Floats, y: Floats, penalty: float, *, intercept_too: bool = False) -> Floats:
    weight = np.full(X.shape[1], penalty)
    if not intercept_too:
        weight[0] = 1e-9
    return np.asarray(np.linalg.solve(X.T @ X + np.diag(weight), X.T @ y))

"""What votes on a file's risk: boosted trees, and a ridge regression on normal scores. Both are additive in features.

Trees find limits and combinations; the line holds where few files are labelled: on the viewers' scores of LIVE-VQC the
mean of both ranks better than either. Both are plain data: LightGBM's text, arrays of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]

_KNOTS: Final = 65
"""Quantiles that a feature's distribution is kept as."""
_FAR: Final = 3.0
"""Normal scores end here: an outlier votes like the most extreme file that was labelled."""
_PENALTIES: Final = tuple(np.logspace(0, 4, 9))


@dataclass(frozen=True)
class Trees:
    """Gradient-boosted trees (LightGBM)."""

    text: str
    """LightGBM's own format."""

    @cached_property
    def booster(self) -> lightgbm.Booster:
        """The trees."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    def votes(self, x: Floats) -> Floats:
        """Raw scores (n,) of files (n, features); higher is worse."""
        return np.asarray(self.booster.predict(x, raw_score=True, num_threads=1), np.float64)

    def contributions(self, x: Floats) -> Floats:
        """What each feature adds to the raw score (n, features): SHAP values of trees (Lundberg 2018)."""
        return np.asarray(self.booster.predict(x, pred_contrib=True, num_threads=1), np.float64)[:, :-1]


@dataclass(frozen=True, eq=False)
class Line:
    """Ridge regression on each feature's normal score; missing counts as the median."""

    knots: Floats  # (features, _KNOTS) quantiles
    weights: Floats  # (features,)

    def votes(self, x: Floats) -> Floats:
        """Raw scores (n,) of files (n, features); higher is worse."""
        return np.asarray(self.scores(x) @ self.weights)

    def contributions(self, x: Floats) -> Floats:
        """What each feature adds to the raw score (n, features)."""
        return self.scores(x) * self.weights

    def scores(self, x: Floats) -> Floats:
        """Normal scores of the features' ranks, tied values in their middle."""
        from scipy.special import ndtri

        levels = np.linspace(0, 1, self.knots.shape[1])
        share = np.full(x.shape, 0.5)
        for i, knots in enumerate(self.knots):
            there = np.isfinite(x[:, i])
            value = x[there, i]
            up, down = np.interp(value, knots, levels), -np.interp(-value, -knots[::-1], -levels[::-1])
            share[there, i] = (up + down) / 2
        return np.asarray(np.clip(ndtri(share), -_FAR, _FAR))

    def as_data(self) -> dict[str, Any]:
        """Plain lists."""
        return {"knots": self.knots.tolist(), "weights": self.weights.tolist()}


def line_of(data: Mapping[str, Sequence[Any]]) -> Line:
    """The inverse of `Line.as_data`."""
    weights = np.asarray(data["weights"], np.float64)
    return Line(np.asarray(data["knots"], np.float64).reshape(len(weights), -1), weights)


def fit_line(x: Floats, y: Floats) -> Line:
    """Fit to targets (n,), higher is worse; the penalty by leave-one-out."""
    from sklearn.linear_model import RidgeCV

    levels = np.linspace(0, 1, _KNOTS)
    knots = np.array([
        np.quantile(column[np.isfinite(column)], levels) if np.isfinite(column).any() else np.zeros(_KNOTS)
        for column in x.T
    ])  # fmt: skip
    flat = Line(knots, np.zeros(x.shape[1]))
    model = RidgeCV(alphas=_PENALTIES).fit(flat.scores(x), y)
    return Line(knots, np.asarray(model.coef_, np.float64))


def fit_trees(
    x: Floats, y: Floats, seed: int, *, objective: str, trees: int, leaves: int, rate: float, least: int
) -> Trees:
    """Fit to targets (n,), higher is worse: "binary" to 0 and 1, "regression" to any number.

    One thread and one order of rows: the same files and seed give the same trees.
    """
    import lightgbm

    parameters: dict[str, Any] = {
        "objective": objective, "num_leaves": leaves, "learning_rate": rate, "min_data_in_leaf": least,
        "feature_fraction": 0.3, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 3.0, "seed": seed,
        "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(x, y, params={"min_data_in_bin": 3, "verbose": -1})
    return Trees(lightgbm.train(parameters, data, trees).model_to_string())

"""A weekly chart's next week: how many will watch a title that stays, and whether it drops out.

Both read the same facts of a title's week: how far it stands above the last place, how it fell, how long it has been
there. Views of the next week come from a ridge regression on the change in log views, dropping out from a logistic one;
both are linear, so that their reasons can be told, and were within .01 of boosted trees on either measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]
_RIDGE = 10.0
_LOGISTIC_C = 0.3
FEWEST = 40  # rows to learn from; below it the model is refused


@dataclass(frozen=True)
class Weeks:
    """One entry a title and week: `week` counted from 0, `rank` from 1, `views` above 0, `weeks_in` chart from 1."""

    week: npt.NDArray[np.int64]
    title: npt.NDArray[np.int64]
    chart: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int64]
    views: Array
    weeks_in: npt.NDArray[np.int64]


def beside(weeks: Weeks, shift: int) -> Array:
    """Log views of the same title on the same chart `shift` weeks later (NaN: not there)."""
    keys = list(zip(weeks.week.tolist(), weeks.chart.tolist(), weeks.title.tolist(), strict=True))
    index = dict(zip(keys, np.log(weeks.views), strict=True))
    return np.array([index.get((week + shift, chart, title), np.nan) for week, chart, title in keys])


def features(weeks: Weeks) -> Array:
    """What is known of a title at the end of its week: (rows, features)."""
    now, before, earlier = np.log(weeks.views), beside(weeks, -1), beside(weeks, -2)
    key = weeks.week * (int(weeks.chart.max()) + 1) + weeks.chart
    last, first = np.full(key.max() + 1, np.inf), np.full(key.max() + 1, -np.inf)
    np.minimum.at(last, key, now)
    np.maximum.at(first, key, now)
    margin, new = now - last[key], np.isnan(before)
    fall = np.nan_to_num(now - before)
    age = np.minimum(weeks.weeks_in, 8)
    ages = [(age == week).astype(float) for week in (1, 2, 3, 4)]
    return np.column_stack(
        [
            margin, now, fall, new, weeks.rank, np.log(age), *ages, weeks.chart == 0, last[key], first[key] - now,
            np.nan_to_num(before - earlier), fall * ages[1], fall * ages[2], fall * (age > 3), margin * ages[0],
            margin * ages[1], new & (weeks.weeks_in > 1),
        ]
    ).astype(float)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """Fitted on past weeks; `predict` takes rows of `features`."""

    mean: Array
    scale: Array
    views: Any
    dropping: Any

    def predict(self, rows: Array, views: Array) -> tuple[Array, Array]:
        """Expected log views of the next week if the title stays, and the probability that it drops out."""
        z = (rows - self.mean) / self.scale
        return np.log(views) + self.views.predict(z), self.dropping.predict_proba(z)[:, 1]


def fit(rows: Array, views: Array, following: Array) -> Model:
    """Learn from weeks whose next week is known: `following` is its log views, NaN where the title dropped out."""
    from sklearn.linear_model import LogisticRegression, Ridge

    stayed = ~np.isnan(following)
    if len(rows) < FEWEST or stayed.all() or not stayed.any():
        raise InputError(
            f"{len(rows)} rows of a chart are too few to learn from; {FEWEST} with some that dropped out are needed"
        )
    mean, scale = rows.mean(0), rows.std(0) + 1e-9
    z = (rows - mean) / scale
    change = following[stayed] - np.log(views[stayed])
    return Model(
        mean,
        scale,
        Ridge(_RIDGE).fit(z[stayed], change),
        LogisticRegression(C=_LOGISTIC_C, max_iter=500).fit(z, ~stayed),
    )

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


@dataclass(frozen=True)
class Outlook:
    """The week after the last: `rows` are its entries in `Weeks`; views if it stays, and how likely it drops out."""

    rows: npt.NDArray[np.int64]
    mean: Array
    quantiles: Array  # (rows, 5): p2.5, p10, p50, p90, p97.5
    drops_out: Array


_TRIED = 1 / 3  # of the weeks, the newest, that the width of intervals comes from
_LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


def forecast(weeks: Weeks) -> Outlook:
    """The next week of each title on the chart in the last one.

    Intervals are split-conformal: quantiles of the errors on the last third of the weeks, of a model of the others.
    Raises InputError where the weeks are too few to learn from.
    """
    rows, following = features(weeks), beside(weeks, 1)
    last = int(weeks.week.max())
    cut = int(last * (1 - _TRIED))
    early, tried = weeks.week < cut, (weeks.week >= cut) & (weeks.week < last) & ~np.isnan(following)
    if not tried.any():
        raise InputError(f"{last + 1} weeks of a chart are too few to learn from; {FEWEST} rows or more are needed")
    views, _ = fit(rows[early], weeks.views[early], following[early]).predict(rows[tried], weeks.views[tried])
    error = following[tried] - views
    past, now = weeks.week < last, np.flatnonzero(weeks.week == last)
    log_views, drops_out = fit(rows[past], weeks.views[past], following[past]).predict(rows[now], weeks.views[now])
    median = np.exp(log_views)
    return Outlook(
        now,
        median * float(np.exp(error).mean()),
        median[:, None] * np.exp(np.quantile(error, _LEVELS)),
        drops_out,
    )

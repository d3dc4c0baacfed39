"""What a title that nobody has seen yet will draw: day one and decay, from launches that were like it.

Titles are alike by genre, people and language; the launch is the kernel-weighted mean of theirs in log units, with more
spread the fewer and the less alike they are (a posterior between that mean and the mean of all launches).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

Array = npt.NDArray[np.float64]
_PRIOR_WEIGHT = 2.0  # launches that the mean of all counts for
_PRIOR_SD = 1.2  # of log day one, where nothing is like it
_NEIGHBOURS = 25
_LEVELS = (-1.959964, -1.281552, 0.0, 1.281552, 1.959964)
_WEIGHTS = {"genres": 1.0, "people": 2.0, "language": 0.5}  # talent says more than genre: it is rarer


@dataclass(frozen=True)
class Content:
    """What is known of a title before its launch."""

    genres: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    language: str = ""


@dataclass(frozen=True)
class Launch:
    """A launch: `day_one` with quantiles (p2.5, p10, p50, p90, p97.5), the curve after it, and whom it is like."""

    day_one: float
    quantiles: Array
    by_day: Array  # expected demand of each day since launch
    log_sd: float
    alike: tuple[int, ...]  # indices of the most similar launches, most similar first


def similarity(a: Content, b: Content) -> float:
    """0 to 1: weighted overlap (Jaccard) of genres and people, and the same language."""
    score = total = 0.0
    for name in ("genres", "people"):
        one, other = getattr(a, name), getattr(b, name)
        if one:
            total += _WEIGHTS[name]
            score += _WEIGHTS[name] * len(one & other) / len(one | other)
    if a.language:
        total += _WEIGHTS["language"]
        score += _WEIGHTS["language"] * (a.language == b.language)
    return score / total if total else 0.0


def forecast(new: Content, past: Sequence[Content], daily: Sequence[Array], days: int) -> Launch:
    """The launch of `new` from `past` launches and their `daily` demand since day one (each above 0 on day one).

    Raises InputError without any past launch: then an editor's guess is needed.
    """
    usable = [i for i, row in enumerate(daily) if len(row) and row[0] > 0]
    if not usable:
        raise InputError("no earlier launch has a day one; give an expected share (expected_daily_share) instead")
    alike = np.array([similarity(new, past[i]) for i in usable])
    first = np.log([float(daily[i][0]) for i in usable])
    best = np.argsort(-alike, kind="stable")[:_NEIGHBOURS]
    weight = alike[best] ** 2
    overall = first.mean()
    mean = (weight @ first[best] + _PRIOR_WEIGHT * overall) / (weight.sum() + _PRIOR_WEIGHT)
    scatter = (weight @ (first[best] - mean) ** 2 + _PRIOR_WEIGHT * _PRIOR_SD**2) / (weight.sum() + _PRIOR_WEIGHT)
    log_sd = float(np.sqrt(scatter * (1 + 1 / (weight.sum() + _PRIOR_WEIGHT))))
    curve = _decay([daily[usable[i]] for i in best], weight, [daily[i] for i in usable], days)
    closest = tuple(usable[i] for i in best[:5] if alike[i] > 0)
    day_one = float(np.exp(mean))
    return Launch(day_one, day_one * np.exp(log_sd * np.array(_LEVELS)), day_one * curve, log_sd, closest)


def _decay(near: list[Array], weight: Array, everything: list[Array], days: int) -> Array:
    """Demand of each day over day one: similar launches, shrunk to all; ages nobody reached go on at the last rate."""

    def ratios(rows: list[Array]) -> Array:
        table = np.full((len(rows), days), np.nan)
        for index, row in enumerate(rows):
            known = np.asarray(row[:days], float)
            table[index, : len(known)] = np.log(np.maximum(known, 1e-9 * row[0]) / row[0])
        return table

    def mean(table: Array, weights: Array) -> tuple[Array, Array]:
        known = ~np.isnan(table)
        total = (known * weights[:, None]).sum(0)
        return np.nansum(np.where(known, table, 0) * weights[:, None], axis=0), total

    sum_all, n_all = mean(ratios(everything), np.ones(len(everything)))
    base = np.divide(sum_all, n_all, out=np.full(days, np.nan), where=n_all > 0)
    base[0] = 0.0
    for day in range(1, days):
        if np.isnan(base[day]):
            base[day] = base[day - 1] + min((base[day - 1] - base[0]) / max(day - 1, 1), 0.0)
    sum_near, n_near = mean(ratios(near), weight)
    return np.asarray(np.exp((sum_near + _PRIOR_WEIGHT * base) / (n_near + _PRIOR_WEIGHT)))


def guess_shares(counts: Array, launch_day: npt.NDArray[np.int64], guess: Array, content: Sequence[Content]) -> Array:
    """Expected share on day one of every launch that has none: from launches that lie wholly before it.

    `counts` is (days, titles) of requests, `launch_day` counts from its first row, `guess` is NaN where nobody guessed.
    The first launches, with none before them, stay without.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    filled = guess.copy()
    launched = np.flatnonzero((launch_day > 0) & (launch_day < len(counts)))
    for title in np.flatnonzero((launch_day > 0) & np.isnan(guess)):
        day = int(launch_day[title])
        earlier = launched[launch_day[launched] < day]
        daily = [shares[launch_day[other] : day, other] for other in earlier]
        if any(len(row) and row[0] > 0 for row in daily):
            filled[title] = forecast(content[int(title)], [content[int(other)] for other in earlier], daily, 1).day_one
    return filled

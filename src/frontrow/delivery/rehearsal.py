"""A log lived through night by night: forecast, plan, push, serve, and learn from the day.

Nothing of a day is known before it: the forecast, the shares of renditions and the split of the disk come from the days
before. The split (how much of the plan is pinned, how fast counts fade, whether what a day has shown so far is heeded)
is fitted on shadow disks that see one title in eight (Waldspurger et al., USENIX ATC 2017: miniature simulations).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from frontrow.delivery import lagrangian
from frontrow.delivery.demand import Demand, DemandConfig, begin
from frontrow.delivery.network import Array, Cache, Offer
from frontrow.delivery.reactive import RESIDENCE_SHARE, Disk
from frontrow.delivery.requests import DAY_S, Files, Log, file_shares, title_counts


class Forecaster(Protocol):
    """Expected share of each title on a day, from what was known the night before; None: nothing is known yet.

    With `today`, the day's requests of each title so far, they are taken in too.
    """

    def __call__(self, day: int, today: Array | None = None) -> Array | None: ...


_SAMPLE = 8
_FEW_REQUESTS = 300_000  # a log this short is seen whole: a sample of its titles would be noise
FIRST_DAY = 10.0  # counts fade slowly before the first forecast: in thrice the requests of the first filling
_MEMORY = 0.8  # a day, of the shadows' hits
_LOOK_S = 4 * 3600  # between looks at the day in progress; one hour brings .0001 more on seeds 0 to 2
Split = tuple[float, float, bool]
"""Days that counts fade in, share of the disk that is pinned, and whether the disk heeds looks at the day."""
SPLITS: tuple[Split, ...] = (
    (1.0, 0.0, True), (2.0, 0.0, True), (1.0, 0.5, True),
    (1.0, 0.0, False), (0.5, 0.0, False), (0.5, 0.5, False), (2.0, 0.5, False), (0.03, 0.0, False),
)  # fmt: skip


@dataclass(frozen=True)
class Rehearsal:
    """What a log would have met: one bool a request, and by night what was pushed and how the disk was split."""

    hits: npt.NDArray[np.bool_]
    fill_bytes: npt.NDArray[np.int64]
    splits: list[Split] = field(default_factory=list)
    prices: list[lagrangian.Prices] = field(default_factory=list)


def forecaster(
    log: Log, files: Files, *, launch_day: npt.NDArray[np.int64] | None = None, guess: Array | None = None,
    config: DemandConfig | None = None, error: Array | None = None,
) -> Forecaster:  # fmt: skip
    """One-day-ahead forecasts of the log by the demand model, its drift chosen anew each night; call it day by day.

    `launch_day` is a day number as in the log; `guess` the expected share on it. `error`, for drills, is put on the
    logarithm of each title's forecast before the day begins.
    """
    config = config or DemandConfig()
    counts = title_counts(log, files)
    launches = np.full(files.titles, -999) if launch_day is None else launch_day
    known = launches > log.first_day
    relative = np.where(known, launches - log.first_day, -999)
    guesses = np.full(files.titles, np.nan) if guess is None else guess
    states = [
        begin(files.titles, config, drift_sd=sd, launch_day=relative, guess=guesses, first_weekday=log.first_day % 7)
        for sd in config.drift_sd
    ]

    def forecast(day: int, today: Array | None = None) -> Array | None:
        for state in states:
            while state.day < day:
                state.update(counts[state.day])
        state = best(states)
        if error is not None:
            state = replace(state, mean=state.mean + np.outer(error, [1.0, 0.0, 0.0]))
        if today is not None:
            return state.so_far(today)
        return state.forecast(day)[0] if day > 0 else None

    return forecast


def best(states: list[Demand]) -> Demand:
    """The state that has predicted best so far."""
    return max(states, key=lambda state: state.log_likelihood)


def plan_alone(log: Log, files: Files, cache: Cache, forecast: Forecaster) -> Rehearsal:
    """Only planned files lie on the disk; each night the plan is made anew from what lies there."""
    hits = np.zeros(len(log.object), np.bool_)
    fills, prices = np.zeros(log.days, np.int64), []
    present = np.zeros(len(files.size), np.bool_)
    for day in range(log.days):
        share = forecast(day)
        if share is not None:
            plan = _plan(
                cache, files, share[files.title] * file_shares(log.object[: log.day(day).start], files), present
            )
            fills[day] = files.size[plan.filled].sum()
            prices.append(plan.prices)
            present = plan.keep
        hits[log.day(day)] = present[log.object[log.day(day)]]
    return Rehearsal(hits, fills, prices=prices)


def planned_and_reactive(
    log: Log, files: Files, cache: Cache, forecast: Forecaster, *, dies_at_s: int | None = None
) -> Rehearsal:
    """The plan is pushed at night and pinned in part, and the disk reacts by day. At `dies_at_s` the disk is lost.

    Every few hours the forecast takes in what was asked for since midnight, and the counts are set anew by it.
    """
    first = FIRST_DAY if log.days > 1 else RESIDENCE_SHARE
    disk = Disk(files.size, cache.disk_bytes, group=files.title, residence_share=first)
    sample = 1 if len(log.object) <= _FEW_REQUESTS else _SAMPLE
    sampled = files.title % sample == 0
    in_sample = np.arange(files.titles) % sample == 0
    shadow_cache = Cache(cache.name, cache.disk_bytes // sample, cache.fill_bytes // sample, fill_cost=cache.fill_cost)
    shadows = {
        split: Disk(files.size, shadow_cache.disk_bytes, group=files.title, residence_share=first) for split in SPLITS
    }
    score = dict.fromkeys(SPLITS, 0.0)
    hits = np.zeros(len(log.object), np.bool_)
    fills, splits, prices = np.zeros(log.days, np.int64), [], []
    for day in range(log.days):
        today = log.day(day)
        a_day = log.day(day - 1).stop - log.day(day - 1).start if day else 0
        split = max(SPLITS, key=lambda one: score[one])
        for part in _parts(log, day):
            night = part.start == today.start
            share = forecast(day) if night else _so_far(log, files, forecast, day, slice(today.start, part.start))
            if share is not None:
                of_title = file_shares(log.object[: part.start], files)
                asked_a_day = max(a_day, part.start - today.start)
                if night:
                    fills[day], price = _night(disk, cache, files, share, of_title, split, asked_a_day)
                    splits.append(split)
                    prices.append(price)
                else:
                    _look(disk, cache, files, share, of_title, split, asked_a_day)
                step = _night if night else _look
                theirs = np.where(in_sample, share, 0.0)
                for one, shadow in shadows.items():
                    step(shadow, shadow_cache, files, theirs, of_title, one, asked_a_day)
            hits[part] = _serve(disk, log, part, dies_at_s)
            if dies_at_s is not None and part.stop > part.start and log.at_s[part.stop - 1] >= dies_at_s:
                dies_at_s = None  # it has happened
            seen = log.object[part][sampled[log.object[part]]]
            for one, shadow in shadows.items():
                served = float(files.size[seen[shadow.serve(seen)]].sum())
                score[one] = score[one] * (_MEMORY if night else 1.0) + served
    return Rehearsal(hits, fills, splits, prices)


def _parts(log: Log, day: int) -> list[slice]:
    """The requests of a day between two looks at it, the first from its beginning; a log of one day has one part."""
    today = log.day(day)
    if log.days == 1:
        return [today]
    since = (log.first_day + day) * DAY_S
    edges = np.searchsorted(log.at_s, np.arange(since + _LOOK_S, since + DAY_S, _LOOK_S))
    starts = [today.start, *dict.fromkeys(int(edge) for edge in edges if today.start < edge < today.stop)]
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], today.stop], strict=True)]


def _so_far(log: Log, files: Files, forecast: Forecaster, day: int, seen: slice) -> Array | None:
    counts = np.bincount(files.title[log.object[seen]], minlength=files.titles).astype(float)
    return forecast(day, counts)


def _plan(cache: Cache, files: Files, rate: Array, present: npt.NDArray[np.bool_]) -> lagrangian.FillPlan:
    return lagrangian.place(cache, Offer(files.size, rate * files.size, present))


def _night(
    disk: Disk, cache: Cache, files: Files, share: Array, of_title: Array, split: Split, a_day: int
) -> tuple[int, lagrangian.Prices]:
    """Seed the counts, push what the plan fills and pin its best part; bytes pushed and the plan's prices."""
    fade_days, pinned, _ = split
    disk.seed(share, of_title, fade_days * max(a_day, 1))
    rate = share[files.title] * of_title
    plan = _plan(cache, files, rate, disk.cached)
    order = np.argsort(-rate, kind="stable")
    order = order[plan.keep[order]]
    pushed = disk.push(order, int(cache.fill_limit))
    disk.pin(order[np.cumsum(files.size[order]) <= pinned * cache.disk_bytes])
    return pushed, plan.prices


def _look(disk: Disk, cache: Cache, files: Files, share: Array, of_title: Array, split: Split, a_day: int) -> None:
    """Set the counts by what the day has shown so far, if this split heeds it; nothing is pushed."""
    fade_days, pinned, heeds = split
    if not heeds:
        return
    disk.seed(share, of_title, fade_days * max(a_day, 1))
    if pinned:
        held = np.flatnonzero(disk.cached)
        order = held[np.argsort(-(share[files.title] * of_title)[held], kind="stable")]
        disk.pin(order[np.cumsum(files.size[order]) <= pinned * cache.disk_bytes])


def _serve(disk: Disk, log: Log, part: slice, dies_at_s: int | None) -> npt.NDArray[np.bool_]:
    objects = log.object[part]
    if not len(objects):
        return np.zeros(0, np.bool_)
    if dies_at_s is None or log.at_s[part.stop - 1] < dies_at_s:
        return np.asarray(disk.serve(objects))
    until = int(np.searchsorted(log.at_s[part], dies_at_s))
    before = disk.serve(objects[:until])
    disk.clear()
    return np.concatenate([before, disk.serve(objects[until:])])


def plan_files(cache: Cache, files: Files, rate: Array) -> npt.NDArray[np.int64]:
    """Files of a full disk by `rate`, most asked for first: where fills of many nights lead to."""
    plan = _plan(
        Cache(cache.name, cache.disk_bytes, int(files.size.sum()), churn=np.inf),
        files,
        rate,
        np.zeros(len(rate), np.bool_),
    )
    order = np.argsort(-rate, kind="stable")
    return np.asarray(order[plan.keep[order]])


@dataclass(frozen=True)
class WhatIf:
    """Prices of tomorrow's plan, and (factor, share of the bytes served) of disks and nights' fills so scaled."""

    prices: lagrangian.Prices
    disk: list[tuple[float, float]]
    fill: list[tuple[float, float]]


def what_if(cache: Cache, files: Files, rate: Array, factors: tuple[float, ...]) -> WhatIf:
    """What other disks would serve once they are full, and other fills after one night.

    `rate` is the expected requests of each file in a day. Fill is judged on a night in which every tenth file of the
    best set is not there yet.
    """
    nothing = np.zeros(len(files.size), np.bool_)
    total = float(rate @ files.size)

    def full(factor: float) -> lagrangian.FillPlan:
        disk = int(factor * cache.disk_bytes)
        return _plan(Cache(cache.name, disk, int(files.size.sum()), churn=np.inf), files, rate, nothing)

    def night(factor: float) -> lagrangian.FillPlan:
        wider = replace(cache, fill_bytes=int(factor * cache.fill_bytes), churn=factor * cache.churn)
        return _plan(wider, files, rate, tonight)

    best = full(1.0)
    tonight = best.keep & (np.arange(len(files.size)) % 10 > 0)
    prices = lagrangian.Prices(best.prices.disk, night(1.0).prices.fill, best.prices.egress)
    share = 1 / total if total else 0.0
    return WhatIf(
        prices,
        [(factor, full(factor).value * share) for factor in factors],
        [(factor, night(factor).value * share) for factor in (0.0, *factors)],
    )

"""From logged rows to one row a unit: the first exposure enters, and only outcomes inside its window count.

Nothing is dropped in silence: what is left out is counted under its reason, and what cannot be right is refused by
name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments.definition import Definition
from frontrow.experiments.log import Floats, Ints, Log, Sample, Texts, Trace

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class _Units:
    """Who was exposed: units in the order of their names."""

    names: Texts
    code: Ints  # of each exposure row
    first: Ints  # row of each unit's first exposure
    time: Ints  # of each row: milliseconds, or its number where the log has no times
    exposed_ms: Ints | None  # of each unit


def collect(log: Log, definition: Definition, now_ms: int | None = None) -> Sample:
    """One row a unit out of `log`. `now_ms` is when the log was taken; default: its newest time.

    Raises InputError for an arm that nobody planned, a planned arm without exposures, exposures before the start or
    after `now_ms`, outcomes before the exposure, values that are not finite, and a log of another version of the
    experiment.
    """
    _refuse_foreign(log, definition)
    arm = _arm_index(log.arm, definition)
    now_ms = _newest_ms(log) if now_ms is None else now_ms
    _refuse_times(log, definition, now_ms)
    units = _first_exposures(log)
    left_out: Counter[str] = Counter()
    kept = _without_repeats(log) if log.wide else np.ones(log.unit.size, bool)
    left_out["repeated rows"] = int(log.unit.size - kept.sum())
    if not log.wide:
        left_out["later exposures"] = log.unit.size - units.names.size
    crossed = np.zeros(units.names.size, bool)
    crossed[units.code[arm != arm[units.first][units.code]]] = True
    left_out["units seen in two arms"] = int(crossed.sum())
    immature = _immature(units, definition, now_ms) & ~crossed
    left_out["units whose outcome window is still open"] = int(immature.sum())

    values, early = {}, {}
    for source in definition.sources:
        values[source], early[source] = _sum_outcomes(log, source, units, kept, definition, left_out)
    covariates, after = {}, 0
    for source in {m.covariate_source: None for m in definition.metrics if m.covariate}:
        covariates[source], count = _mean_covariate(log, source, units)
        after += count

    chosen = np.flatnonzero(~(crossed | immature))
    chosen = chosen[np.argsort(units.time[units.first[chosen]], kind="stable")]
    row = units.first[chosen]
    if not chosen.size:
        raise InputError("no unit is left to analyse: " + "; ".join(f"{n} {what}" for what, n in left_out.items() if n))
    return Sample(
        arm=arm[row],
        unit=units.names[chosen],
        exposed_ms=None if units.exposed_ms is None else units.exposed_ms[chosen],
        values={k: v[chosen] for k, v in values.items()},
        early={k: v[chosen] for k, v in early.items() if v is not None},
        covariates={k: v[chosen] for k, v in covariates.items()},
        segments={k: v[row] for k, v in log.segments.items()},
        also={k: v[row] for k, v in log.also.items()},
        left_out={what: count for what, count in left_out.items() if count},
        trace=Trace(
            duplicates=left_out["repeated rows"],
            rows=log.unit.size,
            crossed=int(crossed.sum()),
            crossed_by_device=_crossed_by_device(log, units.code, crossed, arm),
            shared_owners=_shared_owners(log, units),
            late=_late(log, arm),
            covariates_after=after,
        ),
    )


def _newest_ms(log: Log) -> int | None:
    times = (log.at_ms, *(r.at_ms for r in log.outcomes.values()))
    return max((int(t.max()) for t in times if t is not None and t.size), default=None)


def _first_exposures(log: Log) -> _Units:
    names, code = np.unique(log.unit, return_inverse=True)
    time = log.at_ms if log.at_ms is not None else np.arange(log.unit.size, dtype=np.int64)
    order = np.lexsort((np.arange(time.size), time, code))
    first = order[np.r_[True, np.diff(code[order]) > 0]]
    return _Units(names, code, first, time, None if log.at_ms is None else log.at_ms[first])


def _immature(units: _Units, definition: Definition, now_ms: int | None) -> Rows:
    """Units whose outcome window is still open."""
    if units.exposed_ms is None or not definition.window_ms or now_ms is None:
        return np.zeros(units.names.size, bool)
    return np.asarray(units.exposed_ms + definition.window_ms > now_ms)


def _refuse_foreign(log: Log, definition: Definition) -> None:
    if log.hash is None:
        return
    for found in np.unique(log.hash):
        if found and found != definition.hash:
            count = int((log.hash == found).sum())
            raise InputError(
                f"{count} exposures were logged under definition {found}, this one is {definition.hash}: experiment "
                f"{definition.name!r} was edited after it started; analyse each version with its own definition"
            )


def _arm_index(arm: Texts, definition: Definition) -> NDArray[np.int8]:
    planned = list(definition.arms)
    index = np.full(arm.size, -1, np.int8)
    for number, name in enumerate(planned):
        index[arm == name] = number
    if (index < 0).any():
        stray = arm[index < 0]
        raise InputError(
            f"arm {str(stray[0])!r} was never planned ({stray.size} exposures); planned are {', '.join(planned)}"
        )
    for number, name in enumerate(planned):
        if not (index == number).any():
            raise InputError(f"arm {name!r} was planned but has no exposure in the log; is its logging broken?")
    return index


def _refuse_times(log: Log, definition: Definition, now_ms: int | None) -> None:
    if log.at_ms is None:
        return
    for label, times in (("exposure", log.at_ms), *((f"{s!r} outcome", r.at_ms) for s, r in log.outcomes.items())):
        if times is None or not times.size:
            continue
        if np.abs(times).max() < 100_000_000_000:
            raise InputError(f"the times of the {label}s look like seconds ({times[0]}); they are UTC milliseconds")
        if now_ms is not None and times.max() > now_ms:
            hours = (int(times.max()) - now_ms) / 3_600_000
            raise InputError(f"an {label} lies {hours:.1f} hours in the future: is a clock in the wrong zone?")
    if definition.started_ms is not None and log.at_ms.min() < definition.started_ms:
        early = log.at_ms < definition.started_ms
        hours = (definition.started_ms - int(log.at_ms.min())) / 3_600_000
        raise InputError(
            f"{int(early.sum())} exposures lie before the start of {definition.name!r}, the first by {hours:.1f} "
            "hours: is a clock in the wrong zone?"
        )


def _without_repeats(log: Log) -> Rows:
    """False for rows that repeat an earlier one of the same unit, device and time (a wide row holds its outcomes)."""
    parts = [np.unique(log.unit, return_inverse=True)[1]]
    if log.device is not None:
        parts.append(np.unique(log.device, return_inverse=True)[1])
    if log.at_ms is not None:
        parts.append(log.at_ms)
    elif log.device is None:
        return np.isin(np.arange(log.unit.size), np.unique(log.unit, return_index=True)[1])
    order = np.lexsort([np.arange(log.unit.size), *parts])
    same = np.ones(log.unit.size - 1, bool)
    for part in parts:
        same &= part[order][1:] == part[order][:-1]
    kept = np.ones(log.unit.size, bool)
    kept[order[1:][same]] = False
    return kept


def _sum_outcomes(
    log: Log, source: str, units: _Units, kept: Rows, definition: Definition, left_out: Counter[str]
) -> tuple[Floats, Floats | None]:
    """Each unit's sum over its window, and the part of it in the window's first half where that can be told."""
    readings = log.outcomes.get(source)
    if readings is None:
        raise InputError(f"the log has no outcome {source!r}; it has {', '.join(sorted(log.outcomes)) or 'none'}")
    names, exposed = units.names, units.exposed_ms
    unit, value, at_ms = readings.unit, readings.value, readings.at_ms
    if log.wide:
        unit, value = unit[kept], value[kept]
    _refuse_not_finite(unit, value, source)
    place = np.minimum(np.searchsorted(names, unit), names.size - 1)
    known = names[place] == unit
    left_out["outcomes of units never exposed"] += int((~known).sum())
    inside = known.copy()
    first_half = None
    if at_ms is not None and exposed is not None:
        since = at_ms - exposed[place]
        if (since[known] < 0).any():
            early = since[known] < 0
            who = unit[known][early][0]
            raise InputError(
                f"{int(early.sum())} {source!r} outcomes lie before their unit's exposure, first that of unit "
                f"{str(who)!r} by {-int(since[known][early][0]) / 3_600_000:.2f} hours: is exposure logged late, or a "
                "clock in the wrong zone? Rows of the pre-period have kind 'pre'"
            )
        if definition.window_ms:
            over = known & (since >= definition.window_ms)
            left_out["outcomes after the window"] += int(over.sum())
            inside &= ~over
            half = inside & (since < definition.window_ms / 2)
            first_half = _sums(place[half], value[half], names.size)
    return _sums(place[inside], value[inside], names.size), first_half


def _mean_covariate(log: Log, source: str, units: _Units) -> tuple[Floats, int]:
    """Each unit's mean pre-period reading (NaN without one), and how many readings came after the exposure."""
    readings = log.covariates.get(source)
    if readings is None:
        raise InputError(f"the log has no covariate {source!r}; it has {', '.join(sorted(log.covariates)) or 'none'}")
    names, exposed = units.names, units.exposed_ms
    good = ~np.isnan(readings.value)
    unit, value = readings.unit[good], readings.value[good]
    _refuse_not_finite(unit, value, source)
    place = np.minimum(np.searchsorted(names, unit), names.size - 1)
    known = names[place] == unit
    after = 0
    if readings.at_ms is not None and exposed is not None:
        after = int((known & (readings.at_ms[good] >= exposed[place])).sum())
    count = np.bincount(place[known], minlength=names.size)
    total = _sums(place[known], value[known], names.size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), after


def _sums(place: NDArray[np.intp], value: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(place, value, size), np.float64)


def _refuse_not_finite(unit: Texts, value: Floats, source: str) -> None:
    bad = ~np.isfinite(value)
    if bad.any():
        raise InputError(
            f"metric {source!r} is {value[bad][0]} for unit {str(unit[bad][0])!r} ({int(bad.sum())} such values); "
            "write 0 where nothing happened, and mend what is not a number"
        )


def _crossed_by_device(log: Log, code: Ints, crossed: Rows, arm: NDArray[np.int8]) -> int:
    """Crossed units of which each device saw one arm only: the device was assigned, not the unit."""
    if log.device is None or not crossed.any():
        return 0
    rows = np.flatnonzero(crossed[code])
    pair = np.unique(log.device[rows], return_inverse=True)[1] + code[rows] * (rows.size + 1)
    _, pair = np.unique(pair, return_inverse=True)
    lowest, highest = np.full(pair.max() + 1, 127, np.int8), np.full(pair.max() + 1, -1, np.int8)
    np.minimum.at(lowest, pair, arm[rows])
    np.maximum.at(highest, pair, arm[rows])
    mixed = (lowest != highest)[pair]
    return int(crossed.sum() - np.unique(code[rows][mixed]).size)


def _shared_owners(log: Log, units: _Units) -> int:
    """Owners (members) that hold more than one unit (device): then the unit of the log is not what was meant."""
    if log.owner is None:
        return 0
    _, count = np.unique(log.owner[units.first], return_counts=True)
    return int((count > 1).sum())


def _late(log: Log, arm: NDArray[np.int8]) -> tuple[float, float] | None:
    """Share of exposures logged over an hour after their decision: in the control, and elsewhere."""
    if log.decided_ms is None or log.at_ms is None:
        return None
    late = log.at_ms - log.decided_ms > 3_600_000
    return float(late[arm == 0].mean()), float(late[arm > 0].mean())

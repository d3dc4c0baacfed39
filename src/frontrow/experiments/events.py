"""The event log as an experiment's log: exposures out of `exposure` events, outcomes out of any other kind.

Works on the frame of `data.replay` as it is, by its columns; members are the log's inner ids. A metric's column names
an event kind ("play": how many), a kind's value ("play.value": added up) or a number among its props ("qoe.stall_s");
the covariate "pre" is the same before exposure.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from frontrow.errors import InputError
from frontrow.experiments.definition import Definition
from frontrow.experiments.log import DAY_MS, UNKNOWN, Log, Readings
from frontrow.schema import EventColumn as C
from frontrow.schema import Kind

SEGMENTS = (C.DEVICE, C.COUNTRY)


def read_events(frame: Any, definition: Definition) -> Log:
    """Exposures and outcomes of one experiment out of a frame of events.

    Outcomes before a member's first exposure are the pre-period here, not a fault, and outcomes of members never
    exposed belong to other members' lives: neither is an exclusion. Raises InputError for an unknown kind, or no
    exposure at all.
    """
    kind = frame[C.KIND]
    met = frame.filter(kind == Kind.EXPOSURE.value)
    props = [msgspec.json.decode(text) if text else {} for text in met[C.PROPS].to_list()]
    mine = np.array([p.get("experiment") == definition.name for p in props], bool)
    if not mine.any():
        raise InputError(
            f"the log holds no exposure of experiment {definition.name!r}; is its name spelt as in the events?"
        )
    ours = [p for p, chosen in zip(props, mine, strict=True) if chosen]
    member, at_ms = met[C.MEMBER].to_numpy(), met[C.AT_MS].to_numpy()
    unit = member[mine].astype(np.str_)
    names, first = _first_exposures(unit, at_ms[mine])
    outcomes, covariates = {}, {}
    for source in definition.sources:
        readings = _readings(frame, kind, source)
        place = np.minimum(np.searchsorted(names, readings.unit), names.size - 1)
        known = names[place] == readings.unit
        assert readings.at_ms is not None
        since = readings.at_ms - first[place]
        outcomes[source] = _chosen(readings, known & (since >= 0))
        pre = known & (since < 0) & (since >= -definition.pre_days * DAY_MS)
        covariates[f"pre {source}"] = _totals(_chosen(readings, pre), names)
    for metric in definition.metrics:
        if metric.covariate and metric.covariate_source not in covariates:
            raise InputError(
                f"metric {metric.name!r} has covariate {metric.covariate!r}; in the event log it can be 'pre'"
            )
    texts = {
        name: np.array([x or UNKNOWN for x in met[name].to_list()], np.str_)[mine]
        for name in SEGMENTS
        if name in definition.segments or name == C.DEVICE
    }
    return Log(
        unit=unit,
        arm=np.array([str(p.get("arm", "")) for p in ours], np.str_),
        at_ms=at_ms[mine],
        device=texts[C.DEVICE],
        hash=np.array([str(p.get("hash") or "") for p in ours], np.str_),
        segments={name: texts[name] for name in definition.segments if name in texts},
        also=_other_experiments(props, member, definition.name, unit),
        outcomes=outcomes,
        covariates=covariates,
    )


def _first_exposures(unit: Any, at_ms: Any) -> tuple[Any, Any]:
    names, code = np.unique(unit, return_inverse=True)
    first = np.full(names.size, np.iinfo(np.int64).max)
    np.minimum.at(first, code, at_ms)
    return names, first


def _readings(frame: Any, kind: Any, source: str) -> Readings:
    name, _, field = source.partition(".")
    if name not in set(Kind):
        raise InputError(
            f"metric column {source!r} is no event kind; use one of {', '.join(Kind)}, KIND.value, or KIND.NAME for a "
            "number among its props"
        )
    rows = frame.filter(kind == name)
    if field in ("", "value"):
        value = rows[C.VALUE].fill_null(0.0).to_numpy() if field else np.ones(rows.height)
    else:
        found = [_prop(text, field) for text in rows[C.PROPS].to_list()]
        if all(number is None for number in found):
            raise InputError(f"metric column {source!r}: no event of kind {name!r} holds a number {field!r}")
        value = np.array([number or 0.0 for number in found], np.float64)
    return Readings(rows[C.MEMBER].to_numpy().astype(np.str_), value.astype(np.float64), rows[C.AT_MS].to_numpy())


def _prop(text: str | None, name: str) -> float | None:
    """A number among an event's props; None where it has none of that name."""
    value = msgspec.json.decode(text).get(name) if text else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _chosen(readings: Readings, rows: Any) -> Readings:
    assert readings.at_ms is not None
    return Readings(readings.unit[rows], readings.value[rows], readings.at_ms[rows])


def _totals(readings: Readings, names: Any) -> Readings:
    """One reading a unit: the total of its pre-period, 0 where nothing happened."""
    total = np.bincount(np.searchsorted(names, readings.unit), readings.value, names.size)
    return Readings(names, np.asarray(total, np.float64))


def _other_experiments(props: list[dict[str, Any]], member: Any, mine: str, unit: Any) -> dict[str, Any]:
    """By other experiment: the arm that each of our exposed members met there, or UNKNOWN."""
    arms: dict[str, dict[str, str]] = {}
    for p, who in zip(props, member.tolist(), strict=True):
        if (other := p.get("experiment")) and other != mine:
            arms.setdefault(str(other), {}).setdefault(str(who), str(p.get("arm", "")))
    return {other: np.array([met.get(u, UNKNOWN) for u in unit.tolist()], np.str_) for other, met in arms.items()}

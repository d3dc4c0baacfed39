"""Logs as tables: the columns that a file may have, and how they become exposures and outcomes.

A *wide* table has one row an exposed unit (or device of one): `unit, arm[, at]` and a column for each metric. A
*long* table has a column `kind`: rows of kind "exposure" (`unit, arm, at`), "outcome" (`unit, at, metric, value`) and
"pre" (the same, before the exposure). COLUMNS explains each; a definition's `columns` may give a file's own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments.definition import Definition, instant_ms
from frontrow.experiments.log import UNKNOWN, Floats, Ints, Log, Readings, Texts

Columns = Mapping[str, NDArray[Any]]

COLUMNS: Final = {
    "unit": "what was assigned (the definition's `unit`, by default a member); rows of one unit are added up",
    "arm": "the arm that was met; every one must be planned in the definition",
    "at": "when: UTC milliseconds, or ISO 8601 with a zone; without it the order of the rows is the time",
    "kind": "only in a long table: exposure, outcome or pre",
    "metric": "long table: which outcome or covariate a row holds",
    "value": "long table: its value; added up over the unit's outcome window",
    "decided_at": "when the arm was decided, if it was logged; tells late exposure logging",
    "device": "the device, where a unit has several; tells double logging from a second device",
    "member": "(or another name of the definition's `unit`) beside `unit`: tells devices assigned instead of members",
    "hash": "the definition's hash that the logging code knew; tells an edit after the start",
    "also_<name>": "the unit's arm in another experiment; tells interference",
}


def read_log(columns: Columns, definition: Definition) -> Log:
    """Exposures and outcomes out of a table's columns, all of one length.

    Raises InputError for a missing column, an empty unit, a time without a zone, or an unknown kind.
    """
    named = {definition.columns.get(name, name): name for name in (*COLUMNS, *definition.columns)}
    table = {named.get(name, name): column for name, column in columns.items()}
    for needed in ("unit", "arm"):
        if needed not in table:
            written = definition.columns.get(needed, needed)
            raise InputError(f"the log has no column {written!r}; it has {', '.join(columns)}")
    return _long(table, definition) if "kind" in table else _wide(table, definition)


def _wide(table: Columns, definition: Definition) -> Log:
    unit = _units(table["unit"])
    outcomes = {source: Readings(unit, _numbers(table, source)) for source in definition.sources}
    covariates = {
        source: Readings(unit, _numbers(table, source))
        for source in (m.covariate_source for m in definition.metrics if m.covariate)
    }
    return _log(table, unit, np.ones(unit.size, bool), definition, outcomes, covariates, wide=True)


def _long(table: Columns, definition: Definition) -> Log:
    for needed in ("at", "metric", "value"):
        if needed not in table:
            raise InputError(f"a long log (one with a column 'kind') needs the column {needed!r} too")
    unit, kind, metric = _units(table["unit"]), texts(table["kind"]), texts(table["metric"])
    for found in np.unique(kind):
        if found not in ("exposure", "outcome", "pre"):
            raise InputError(f"kind is {str(found)!r}; it must be exposure, outcome or pre")
    at_ms, value = _times(table["at"], "at"), _numbers(table, "value")

    def readings(rows: NDArray[np.bool_]) -> dict[str, Readings]:
        return {
            str(name): Readings(unit[m], value[m], at_ms[m])
            for name in np.unique(metric[rows])
            for m in [rows & (metric == name)]
        }

    outcomes, covariates = readings(kind == "outcome"), readings(kind == "pre")
    nothing = Readings(unit[:0], value[:0], at_ms[:0])
    for source in definition.sources:  # what never happened yet has no rows, which means 0 for everyone
        outcomes.setdefault(source, nothing)
    unwanted = set(outcomes) - set(definition.sources)
    if unwanted:
        raise InputError(f"the log has outcomes of {sorted(unwanted)[0]!r}, which no metric of the definition names")
    return _log(table, unit, kind == "exposure", definition, outcomes, covariates, wide=False)


def _log(
    table: Columns, unit: Texts, rows: NDArray[np.bool_], definition: Definition, outcomes: dict[str, Readings],
    covariates: dict[str, Readings], *, wide: bool,
) -> Log:  # fmt: skip
    def optional(name: str) -> Texts | None:
        return texts(table[name])[rows] if name in table else None

    for name in definition.segments:
        if name not in table:
            raise InputError(f"the log has no column {name!r}, which the definition lists as a segment")
    return Log(
        unit=unit[rows],
        arm=texts(table["arm"])[rows],
        at_ms=_times(table["at"][rows], "at") if "at" in table else None,
        decided_ms=_times(table["decided_at"][rows], "decided_at") if "decided_at" in table else None,
        device=optional("device"),
        owner=optional(definition.unit) if definition.unit != "unit" else None,
        hash=optional("hash"),
        segments={name: np.where((t := texts(table[name])[rows]) == "", UNKNOWN, t) for name in definition.segments},
        also={name[5:]: texts(table[name])[rows] for name in table if name.startswith("also_")},
        outcomes=outcomes,
        covariates=covariates,
        wide=wide,
    )


def texts(column: NDArray[Any]) -> Texts:
    """As text, "" where there is nothing; whole numbers without a decimal point."""
    if column.dtype.kind == "f":
        empty = np.isnan(column)
        filled = np.where(empty, 0.0, column)
        whole = bool((filled == np.round(filled)).all())  # a column of whole numbers that has gaps was read as floats
        return np.where(empty, "", (filled.astype(np.int64) if whole else filled).astype(np.str_))
    if column.dtype.kind == "O":
        column = np.array(["" if x is None else str(x) for x in column])
    return column.astype(np.str_)


def _units(column: NDArray[Any]) -> Texts:
    unit = texts(column)
    empty = np.flatnonzero(unit == "")
    if empty.size:
        raise InputError(f"row {int(empty[0]) + 1} has no unit ({empty.size} such rows); every row needs one")
    return unit


def _numbers(table: Columns, name: str) -> Floats:
    if name not in table:
        raise InputError(f"the log has no column {name!r}; it has {', '.join(table)}")
    column = table[name]
    if column.dtype.kind in "bif" or column.dtype.kind == "u":
        return column.astype(np.float64)
    text = texts(column)
    try:
        return np.array([float(x) if x else np.nan for x in text], np.float64)
    except ValueError as error:
        raise InputError(f"column {name!r} must hold numbers: {error}") from None


def _times(column: NDArray[Any], name: str) -> Ints:
    if column.dtype.kind == "M":
        raise InputError(f"column {name!r} holds times without a zone; store them in UTC, with the zone")
    if column.dtype.kind in "iu":
        return column.astype(np.int64)
    if column.dtype.kind == "f":
        if not np.isfinite(column).all():
            raise InputError(f"column {name!r} is empty in {int((~np.isfinite(column)).sum())} rows; each needs a time")
        return column.astype(np.int64)
    text = texts(column)
    return np.array([instant_ms(int(x) if x.isdigit() else x, f"column {name!r}") for x in text.tolist()], np.int64)

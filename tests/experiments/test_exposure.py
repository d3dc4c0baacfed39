"""One row a unit, nothing dropped in silence, nothing impossible let in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.errors import InputError
from frontrow.experiments.definition import Definition, parse
from frontrow.experiments.exposure import collect
from frontrow.experiments.log import DAY_MS, Sample
from frontrow.experiments.tables import read_log

T0 = 1_772_409_600_000  # 2026-03-02 UTC


def definition(**changes: Any) -> Definition:
    spec = {
        "name": "x", "arms": {"a": 0.5, "b": 0.5}, "planned_units": 1_000, "outcome_days": 7.0, "started": T0,
        "metrics": [{"name": "play", "kind": "binary"}, {"name": "minutes", "role": "secondary"}],
    }  # fmt: skip
    return parse({**spec, **changes})


def long(*rows: tuple[str, str, str | None, float, str | None, float | None]) -> dict[str, np.ndarray]:
    """Rows of (kind, unit, arm, days after T0, metric, value)."""
    kind, unit, arm, days, metric, value = zip(*rows, strict=True)
    at = np.array([T0 + round(d * DAY_MS) for d in days])
    return {
        "kind": np.array(kind), "unit": np.array(unit), "arm": np.array([a or "" for a in arm]), "at": at,
        "metric": np.array([m or "" for m in metric]), "value": np.array([np.nan if v is None else v for v in value]),
    }  # fmt: skip


EXPOSED = (("exposure", "u", "a", 1.0, None, None), ("exposure", "v", "b", 2.0, None, None))
LAST = ("outcome", "v", None, 20.0, "minutes", 1.0)  # makes the log long enough for both windows


def taken(*rows: Any, now: float | None = None, **changes: Any) -> Sample:
    d = definition(**changes)
    return collect(read_log(long(*rows), d), d, None if now is None else T0 + round(now * DAY_MS))


def test_only_the_first_exposure_enters() -> None:
    sample = taken(*EXPOSED, ("exposure", "u", "a", 3.0, None, None), LAST)
    assert sample.exposed_ms is not None
    assert sample.unit.tolist() == ["u", "v"]
    assert sample.exposed_ms[0] == T0 + DAY_MS
    assert sample.left_out["later exposures"] == 1


def test_outcomes_count_from_the_exposure_to_the_end_of_the_window_and_no_further() -> None:
    sample = taken(
        *EXPOSED, ("outcome", "u", None, 1.0, "minutes", 5.0), ("outcome", "u", None, 7.99, "minutes", 7.0),
        ("outcome", "u", None, 8.0, "minutes", 100.0), LAST,
    )  # fmt: skip
    assert sample.values["minutes"].tolist() == [12.0, 0.0]
    assert sample.early["minutes"].tolist() == [5.0, 0.0]
    assert sample.left_out["outcomes after the window"] == 2


def test_units_whose_window_is_still_open_are_left_out_and_counted() -> None:
    sample = taken(*EXPOSED, now=8.5)
    assert sample.unit.tolist() == ["u"]
    assert sample.left_out["units whose outcome window is still open"] == 1


def test_outcomes_of_units_never_exposed_are_counted() -> None:
    sample = taken(*EXPOSED, ("outcome", "stranger", None, 3.0, "play", 1.0), LAST)
    assert sample.left_out["outcomes of units never exposed"] == 1


def test_units_seen_in_two_arms_are_left_out_and_counted() -> None:
    sample = taken(*EXPOSED, ("exposure", "w", "a", 2.0, None, None), ("exposure", "w", "b", 3.0, None, None), LAST)
    assert sample.unit.tolist() == ["u", "v"]
    assert sample.left_out["units seen in two arms"] == 1
    assert sample.trace.crossed == 1


@given(st.permutations(range(6)))
def test_the_order_of_the_rows_of_a_timed_log_does_not_matter(order: list[int]) -> None:
    rows = (
        *EXPOSED, ("exposure", "u", "a", 3.0, None, None), ("outcome", "u", None, 4.0, "play", 1.0),
        ("outcome", "u", None, 5.0, "minutes", 2.0), LAST,
    )  # fmt: skip
    straight, shuffled = taken(*rows), taken(*(rows[i] for i in order))
    assert straight.unit.tolist() == shuffled.unit.tolist()
    assert straight.values["minutes"].tolist() == shuffled.values["minutes"].tolist()
    assert straight.left_out == shuffled.left_out


def wide(**columns: Any) -> Sample:
    d = definition(outcome_days=0.0)
    return collect(read_log({name: np.array(column) for name, column in columns.items()}, d), d)


def test_device_rows_collapse_to_the_member() -> None:
    sample = wide(
        unit=["u", "u", "v"], arm=["a", "a", "b"], device=["tv", "phone", "tv"], play=[0, 1, 0], minutes=[3, 4, 5]
    )
    assert sample.unit.tolist() == ["u", "v"]
    assert sample.values["minutes"].tolist() == [7.0, 5.0]
    assert sample.trace.duplicates == 0


def test_a_row_logged_twice_counts_once_and_is_counted() -> None:
    sample = wide(
        unit=["u", "u", "v"], arm=["a", "a", "b"], device=["tv", "tv", "tv"], play=[1, 1, 0], minutes=[3, 3, 5]
    )
    assert sample.values["minutes"].tolist() == [3.0, 5.0]
    assert sample.left_out["repeated rows"] == 1
    assert sample.trace.duplicates == 1


def test_an_arm_that_depends_on_the_device_is_told_from_a_unit_that_moved() -> None:
    by_device = wide(unit=["u", "u", "v", "w"], arm=["a", "b", "b", "a"], device=["tv", "phone", "tv", "tv"],
                     play=[0, 0, 0, 0], minutes=[0, 0, 0, 0])  # fmt: skip
    assert (by_device.trace.crossed, by_device.trace.crossed_by_device) == (1, 1)
    d = definition()
    rows = long(*EXPOSED, ("exposure", "w", "a", 2.0, None, None), ("exposure", "w", "b", 3.0, None, None), LAST)
    moved = collect(read_log({**rows, "device": np.full(rows["unit"].size, "tv")}, d), d)
    assert (moved.trace.crossed, moved.trace.crossed_by_device) == (1, 0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (((*EXPOSED[0][:2], "c", *EXPOSED[0][3:]), *EXPOSED), "arm 'c' was never planned"),
        (EXPOSED[:1], "arm 'b' was planned but has no exposure"),
        ((*EXPOSED, ("outcome", "u", None, 0.5, "play", 1.0)), "before their unit's exposure.*12.00 hours"),
        ((*EXPOSED, ("exposure", "w", "a", -0.25, None, None)), "before the start.*6.0 hours.*wrong zone"),
        ((*EXPOSED, ("outcome", "u", None, 3.0, "minutes", None)), "metric 'minutes' is nan for unit 'u'"),
        ((*EXPOSED, ("outcome", "u", None, 3.0, "minutes", np.inf)), "metric 'minutes' is inf"),
        ((*EXPOSED, ("outcome", "u", None, 3.0, "clicks", 1.0)), "no metric of the definition names"),
        ((*EXPOSED, ("exposed", "w", "a", 2.0, None, None)), "kind is 'exposed'"),
        ((*EXPOSED, ("exposure", "", "a", 2.0, None, None)), "row 3 has no unit"),
        (EXPOSED, "no unit is left to analyse: 2 units whose outcome window"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        taken(*rows)


def test_an_exposure_in_the_future_is_a_clock_in_the_wrong_zone() -> None:
    with pytest.raises(InputError, match=r"exposure lies 24.0 hours in the future.*wrong zone"):
        taken(*EXPOSED, now=1.0)


def test_times_in_seconds_and_times_without_a_zone_are_refused() -> None:
    d, table = definition(), long(*EXPOSED)
    with pytest.raises(InputError, match="look like seconds"):
        collect(read_log({**table, "at": table["at"] // 1_000}, d), d)
    with pytest.raises(InputError, match="without a zone"):
        read_log({**table, "at": np.array(["2026-03-03T00:00:00"] * 2)}, d)
    with pytest.raises(InputError, match="without a zone"):
        read_log({**table, "at": table["at"].astype("datetime64[ms]")}, d)


def test_exposures_of_an_edited_definition_are_refused() -> None:
    d, table = definition(), long(*EXPOSED, LAST)
    same = {**table, "hash": np.array([d.hash, d.hash, ""])}
    assert collect(read_log(same, d), d).arm.size == 2
    with pytest.raises(InputError, match=r"1 exposures were logged under definition 0123.*edited after it started"):
        collect(read_log({**table, "hash": np.array([d.hash, "0123", ""])}, d), d)


@pytest.mark.parametrize("missing", ["unit", "arm", "at", "value"])
def test_a_missing_column_is_named(missing: str) -> None:
    table = long(*EXPOSED)
    with pytest.raises(InputError, match=f"'{missing}'"):
        read_log({name: column for name, column in table.items() if name != missing}, definition())


def test_arms_that_are_numbers_keep_their_names_beside_rows_without_an_arm() -> None:
    d, table = definition(arms={"0": 0.5, "1": 0.5}), long(*EXPOSED, LAST)
    sample = collect(read_log({**table, "arm": np.array([0.0, 1.0, np.nan])}, d), d)
    assert sample.arm.tolist() == [0, 1]
    with pytest.raises(InputError, match="row 2 has no unit"):
        read_log({**table, "unit": np.array([7.0, np.nan, 8.0])}, d)

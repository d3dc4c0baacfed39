"""A definition is checked whole, and an edit shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from frontrow.errors import InputError
from frontrow.experiments.definition import instant_ms, parse

GOOD: dict[str, Any] = {
    "name": "billboard", "arms": {"control": 0.5, "treatment": 0.5}, "planned_units": 10_000,
    "metrics": [{"name": "play", "kind": "binary"}],
}  # fmt: skip
METRIC = GOOD["metrics"][0]


def test_the_hash_changes_with_all_that_could_change_a_verdict_and_with_nothing_else() -> None:
    base = parse(GOOD).hash
    for change in (
        {"planned_units": 10_001}, {"alpha": 0.01}, {"salt": "s"}, {"outcome_days": 7.0}, {"version": 2},
        {"arms": {"treatment": 0.5, "control": 0.5}}, {"metrics": [{**METRIC, "direction": "down"}]},
    ):  # fmt: skip
        assert parse({**GOOD, **change}).hash != base
    assert parse({**GOOD, "description": "why", "ramp": [0.1, 1.0], "columns": {"unit": "userid"}}).hash == base


def test_an_experiment_edited_after_it_was_frozen_is_refused_and_a_new_version_is_named() -> None:
    frozen = {**GOOD, "hash": parse(GOOD).hash}
    assert parse(frozen).name == "billboard"
    with pytest.raises(InputError, match=r"edited after it was frozen.*start version 2 with"):
        parse({**frozen, "planned_units": 20_000})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": {"a": 1.0}}, "share of 1.0|two arms"),
        ({"arms": {"a": 0.5, "b": 0.4}}, "add up to 0.9"),
        ({"arms": {"a": 0.5, "b": "half"}}, "'half'"),
        ({"arms": ["a", "b"]}, "must be a table"),
        ({"planned_units": 10}, "planned_units is 10"),
        ({"planned_units": 1e4}, "whole number"),
        ({"alpha": 0.9}, "alpha is 0.9"),
        ({"alpha": None}, "alpha is empty"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"metrics": []}, "no metric is primary"),
        ({"metrics": ["play"]}, "each metric is a table"),
        ({"metrics": [{"kind": "mean"}]}, "no name"),
        ({"metrics": [METRIC, METRIC]}, "two metrics have one name"),
        ({"metrics": [{**METRIC, "kind": "median"}]}, "kind 'median'"),
        ({"metrics": [{**METRIC, "role": "boss"}]}, "role 'boss'"),
        ({"metrics": [{**METRIC, "cap": 3.0}]}, "needs no cap"),
        ({"metrics": [{**METRIC, "kind": "ratio"}]}, "denominator"),
        ({"metrics": [METRIC, {"name": "g", "role": "guardrail"}]}, "margin above 0"),
        ({"metrics": [{**METRIC, "min_effect": float("nan")}]}, "finite number"),
        ({"slice": [0.6, 0.5]}, "slice"),
        ({"dispersion": 0.5}, "dispersion is 0.5"),
        ({"started": datetime(2026, 3, 1)}, "time without a zone"),
        ({"started": "2026-03-01T00:00:00"}, "time without a zone"),
        ({"started": 1_770_000_000}, "looks like seconds"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse({**GOOD, **change})


def test_a_missing_key_is_named() -> None:
    with pytest.raises(InputError, match="no 'arms'"):
        parse({key: value for key, value in GOOD.items() if key != "arms"})


def test_zones_are_honoured() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert instant_ms("2026-03-01T14:00:00+02:00", "at") == instant_ms(noon, "at") == 1_772_366_400_000

"""Assignment never changes its mind."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.errors import InputError
from frontrow.experiments.assignment import assign, assign_many, held_out, position, refuse_overlap
from frontrow.experiments.definition import Definition, parse

GOLDEN = Path(__file__).with_name("golden_hashes.csv")
UNITS = [f"member-{i}" for i in range(20_000)]


def experiment(**changes: object) -> Definition:
    spec = {"name": "x", "arms": {"a": 0.5, "b": 0.3, "c": 0.2}, "planned_units": 1_000, "metrics": [{"name": "m"}]}
    return parse({**spec, **changes})


def test_a_thousand_golden_hashes_are_what_they_were() -> None:
    with GOLDEN.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1_000
    for row in rows:
        found = position(row["salt"], row["layer"], row["unit"])
        assert int(found * 2**53) == int(row["position_times_2_to_53"])


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=40))
def test_a_position_lies_in_the_half_open_unit_interval(salt: str, layer: str, unit: str) -> None:
    assert 0 <= position(salt, layer, unit) < 1


def test_arms_get_their_shares() -> None:
    counts = np.bincount(assign_many(experiment(), UNITS)) / len(UNITS)
    np.testing.assert_allclose(counts, [0.5, 0.3, 0.2], atol=0.012)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_growing_ramp_adds_units_and_moves_none(one: float, other: float) -> None:
    small, large = sorted((one, other))
    before, after = (assign_many(experiment(slice=[0.2, 0.9]), UNITS[:500], ramp=r) for r in (small, large))
    inside = before >= 0
    assert (after[inside] == before[inside]).all()


def test_one_unit_and_many_get_the_same_answer() -> None:
    d = experiment(slice=[0.1, 0.6])
    many = assign_many(d, UNITS[:200], ramp=0.7, holdout=0.1)
    arms = [None if i < 0 else list(d.arms)[i] for i in many]
    assert [assign(d, unit, ramp=0.7, holdout=0.1) for unit in UNITS[:200]] == arms


def test_disjoint_slices_of_one_layer_never_share_a_unit() -> None:
    one, other = experiment(slice=[0.0, 0.5]), experiment(name="y", slice=[0.5, 1.0])
    both = (assign_many(one, UNITS) >= 0) & (assign_many(other, UNITS) >= 0)
    assert not both.any()
    refuse_overlap([one, other])
    with pytest.raises(InputError, match="overlap in layer"):
        refuse_overlap([one, experiment(name="z", slice=[0.4, 0.6])])


def test_experiments_of_different_layers_are_independent() -> None:
    one = assign_many(experiment(layer="home"), UNITS)
    other = assign_many(experiment(name="y", layer="artwork"), UNITS)
    table = np.zeros((3, 3))
    np.add.at(table, (one, other), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0) / len(UNITS)
    assert ((table - expected) ** 2 / expected).sum() < 18.5  # chi-square, 4 degrees, p .001


def test_the_global_holdout_meets_no_experiment_and_grows_without_releasing_anyone() -> None:
    small, large = held_out(UNITS, 0.02), held_out(UNITS, 0.05)
    assert (small <= large).all()
    assert 0.04 < large.mean() < 0.06
    for d in (experiment(), experiment(name="y", layer="artwork")):
        assert (assign_many(d, UNITS, holdout=0.05)[large] == -1).all()


def test_a_new_version_draws_anew() -> None:
    same = assign_many(experiment(), UNITS) == assign_many(experiment(version=2), UNITS)
    assert same.mean() < 0.5


def test_a_ramp_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"ramp is 1.5"):
        assign(experiment(), "u", ramp=1.5)

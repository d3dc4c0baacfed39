"""The verdict: who wins, who waits, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frontrow.experiments.analysis import Analysis, analyse
from frontrow.experiments.definition import parse
from frontrow.experiments.exposure import collect
from frontrow.experiments.tables import read_log

N = 10_000


def look(
    metrics: list[dict[str, Any]], columns: dict[str, np.ndarray], arms: tuple[str, ...] = ("a", "b"), **spec: Any
) -> Analysis:
    shares = {name: 1 / len(arms) for name in arms}
    d = parse({"name": "x", "arms": shares, "planned_units": N, "metrics": metrics, **spec})
    arm = np.array(arms)[np.arange(len(next(iter(columns.values())))) % len(arms)]
    return analyse(collect(read_log({"unit": np.arange(arm.size), "arm": arm, **columns}, d), d), d)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def odd(size: int = N) -> np.ndarray:
    return np.arange(size) % 2


def test_a_worse_primary_loses_and_down_can_be_better(rng: np.random.Generator) -> None:
    y = rng.normal(size=N) - 0.2 * odd()
    assert look([{"name": "y"}], {"y": y}).state == "loser"
    assert look([{"name": "y", "direction": "down"}], {"y": y}).state == "winner"


def test_nothing_is_said_while_it_collects(rng: np.random.Generator) -> None:
    found = look([{"name": "y"}], {"y": rng.normal(size=N // 2)})
    assert found.state == "collecting"
    assert "5,000 of 10,000" in found.sentence


def test_rare_outcomes_get_no_interval_and_the_sentence_says_how_many_are_missing() -> None:
    y = np.zeros(N)
    y[:140] = 1
    found = look([{"name": "y", "kind": "binary"}], {"y": y})
    assert found.state == "collecting"
    assert (found.results[0].low, found.results[0].high) == (None, None)
    assert "70 non-zero outcomes in the smaller arm for y; 100 are needed" in found.sentence


def test_a_disaster_stops_early_by_the_exact_test() -> None:
    y = np.zeros(4_000)
    y[0:240:2] = 1  # 120 of the control's, none of the treatment's
    found = look([{"name": "y", "kind": "binary"}], {"y": y})
    assert found.state == "loser"
    assert "by an exact test" in found.sentence


def test_at_the_planned_sample_without_a_difference_there_is_no_effect(rng: np.random.Generator) -> None:
    assert look([{"name": "y"}], {"y": rng.normal(size=N)}).state == "no effect"


def test_an_interval_inside_the_smallest_effect_ends_early(rng: np.random.Generator) -> None:
    found = look([{"name": "y", "min_effect": 0.5}], {"y": rng.normal(size=N // 2)})
    assert found.state == "no effect"


def test_a_guardrail_that_is_not_known_to_be_safe_holds_the_winner_back(rng: np.random.Generator) -> None:
    y, crash = rng.normal(size=N) + 0.2 * odd(), rng.random(N) < 0.2
    guard = {"name": "crash", "kind": "binary", "role": "guardrail", "direction": "down"}
    assert look([{"name": "y"}, {**guard, "margin": 0.05}], {"y": y, "crash": crash}).state == "winner"
    waits = look([{"name": "y"}, {**guard, "margin": 0.005}], {"y": y, "crash": crash})
    assert waits.state == "collecting"
    assert "guardrail crash" in waits.sentence


def test_a_guardrail_harmed_beyond_its_margin_loses(rng: np.random.Generator) -> None:
    y, crash = rng.normal(size=N) + 0.2 * odd(), rng.random(N) < 0.1 + 0.1 * odd()
    guard = {"name": "crash", "kind": "binary", "role": "guardrail", "direction": "down", "margin": 0.02}
    found = look([{"name": "y"}, guard], {"y": y, "crash": crash})
    assert found.state == "loser"
    assert "harms the guardrail crash" in found.sentence


def test_holm_lets_a_second_primary_win_that_bonferroni_would_not(rng: np.random.Generator) -> None:
    strong, weak = rng.normal(size=N), rng.normal(size=N)
    for y, z in ((strong, 8.0), (weak, 3.06)):  # 3.06 standard errors: enough alone, not at half of alpha
        y -= y[odd() == 1].mean() * odd() + y[odd() == 0].mean() * (1 - odd())
        y += odd() * z * np.sqrt(y[odd() == 1].var(ddof=1) / (N / 2) + y[odd() == 0].var(ddof=1) / (N / 2))
    found = look([{"name": "s"}, {"name": "w"}], {"s": strong, "w": weak})
    by_name = {r.metric.name: r for r in found.results}
    assert by_name["w"].verdict == "better"
    assert by_name["w"].p_holm == pytest.approx(by_name["w"].p)
    assert by_name["s"].p_holm == pytest.approx(2 * by_name["s"].p)


def test_one_of_several_treatments_may_win(rng: np.random.Generator) -> None:
    arm = np.arange(N) % 3
    found = look([{"name": "y"}], {"y": rng.normal(size=N) + 0.3 * (arm == 2)}, arms=("a", "b", "c"))
    assert found.state == "winner"
    assert found.sentence.startswith("Arm c wins")
    assert {r.arm: r.verdict for r in found.results}["c"] == "better"


def test_dispersion_widens_the_interval(rng: np.random.Generator) -> None:
    y = rng.normal(size=N)
    widths = []
    for factor in (1.0, 1.8):
        r = look([{"name": "y"}], {"y": y}, dispersion=factor).results[0]
        assert r.low is not None
        assert r.high is not None
        widths.append(r.high - r.low)
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(1.8))


def test_a_ratio_whose_denominator_is_empty_says_nothing_and_breaks_nothing() -> None:
    found = look([{"name": "y", "kind": "ratio", "denominator": "d"}], {"y": np.zeros(400), "d": np.zeros(400)})
    assert found.state == "collecting"


def test_windows_that_cannot_be_judged_are_said(rng: np.random.Generator) -> None:
    found = look([{"name": "y"}], {"y": rng.normal(size=400)}, outcome_days=7.0)
    assert "no exposure times" in found.warnings[0]

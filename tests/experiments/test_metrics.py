"""Estimators agree with the textbook and with statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from frontrow.experiments.definition import parse
from frontrow.experiments.exposure import collect
from frontrow.experiments.intervals import difference_variance
from frontrow.experiments.metrics import Estimate, estimate
from frontrow.experiments.tables import read_log

N = 4_000


def measure(metric: dict[str, Any], **columns: np.ndarray) -> Estimate:
    d = parse({"name": "x", "arms": {"a": 0.5, "b": 0.5}, "planned_units": N, "metrics": [{"name": "y", **metric}]})
    arm = np.where(np.arange(N) % 2 == 0, "a", "b")
    return estimate(collect(read_log({"unit": np.arange(N), "arm": arm, **columns}, d), d), d.metrics[0], 1)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_a_mean_has_welch_variance(rng: np.random.Generator) -> None:
    y = rng.gamma(2, 3, N) + (np.arange(N) % 2)
    found = measure({}, y=y)
    oracle = CompareMeans(DescrStatsW(y[1::2]), DescrStatsW(y[::2]))
    assert found.effect == pytest.approx(y[1::2].mean() - y[::2].mean())
    assert found.variance == pytest.approx(oracle.std_meandiff_separatevar**2)


def test_a_small_arm_short_of_its_rare_large_outcomes_does_not_look_certain() -> None:
    # Control: 10,000 units of variance 100. Treatment: 500 units without any of the large outcomes, variance 1.
    variance = float(difference_variance((100.0, 1.0), (10_000, 500)))
    assert variance == pytest.approx(100 / 10_000 + (100 * 10_000 + 500) / 10_500 / 500)
    # The other way round a small arm of larger variance keeps its own.
    assert float(difference_variance((1.0, 100.0), (10_000, 500))) == pytest.approx(1 / 10_000 + 100 / 500)


def test_cuped_cuts_the_variance_by_the_squared_correlation_and_keeps_the_effect(rng: np.random.Generator) -> None:
    x = rng.normal(size=N)
    y = 0.7 * x + np.sqrt(0.51) * rng.normal(size=N) + 0.3 * (np.arange(N) % 2)
    found = measure({"covariate": "x"}, y=y, x=x)
    assert found.variance_cut == pytest.approx(0.49, abs=0.03)
    assert found.effect == pytest.approx(0.3, abs=4 * np.sqrt(found.variance))


def test_a_weak_covariate_is_left_alone(rng: np.random.Generator) -> None:
    y = rng.normal(size=N)
    found = measure({"covariate": "x"}, y=y, x=rng.normal(size=N))
    assert found.variance_cut == 0
    assert found.effect == pytest.approx(y[1::2].mean() - y[::2].mean())


def test_units_without_a_pre_period_stay_in(rng: np.random.Generator) -> None:
    x = rng.normal(size=N)
    y = 0.9 * x + 0.3 * rng.normal(size=N)
    found = measure({"covariate": "x"}, y=y, x=np.where(rng.random(N) < 0.2, np.nan, x))
    assert sum(found.n) == N
    assert 0.3 < found.variance_cut < 0.89


def test_the_delta_method_agrees_with_the_bootstrap(rng: np.random.Generator) -> None:
    views = rng.poisson(5, N) + 1.0
    clicks = rng.binomial(views.astype(int), 0.2).astype(float)
    found = measure({"kind": "ratio", "denominator": "views"}, y=clicks, views=views)
    assert found.control == pytest.approx(clicks[::2].sum() / views[::2].sum())
    ratios = []
    for arm in (slice(0, None, 2), slice(1, None, 2)):
        pick = rng.integers(N // 2, size=(2_000, N // 2))
        ratios.append(clicks[arm][pick].sum(1) / views[arm][pick].sum(1))
    assert found.variance == pytest.approx((ratios[1] - ratios[0]).var(), rel=0.1)


def test_winsorising_caps_a_whale(rng: np.random.Generator) -> None:
    y = rng.gamma(2, 3, N)
    y[1] = 1e6
    found = measure({"cap": 50.0}, y=y)
    assert found.capped >= 1
    assert found.treatment < 7


def test_a_binary_metric_asks_whether_not_how_often(rng: np.random.Generator) -> None:
    y = rng.poisson(0.5, N).astype(float)
    assert measure({"kind": "binary"}, y=y).control == pytest.approx((y[::2] > 0).mean())


def test_without_its_heaviest_unit_the_effect_is_that_of_the_others(rng: np.random.Generator) -> None:
    y = rng.normal(size=N)
    y[1] = 500.0
    found = measure({}, y=y)
    assert found.extreme == 1
    assert found.without_extreme[0] == pytest.approx(y[3::2].mean() - y[::2].mean())

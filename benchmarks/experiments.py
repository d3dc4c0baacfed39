"""Always-valid analysis under continuous peeking: type I error, power, coverage, CUPED, sample ratio, assignment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import special

from benchmarks.figure import Figure
from frontrow.experiments import intervals, srm
from frontrow.experiments.analysis import analyse
from frontrow.experiments.assignment import assign_many
from frontrow.experiments.checks import count_by_arm
from frontrow.experiments.definition import parse
from frontrow.experiments.exposure import collect
from frontrow.experiments.metrics import estimate
from frontrow.experiments.power import plan
from frontrow.experiments.tables import read_log

SEED = 20261124
RUNS, LOOKS = 2_000, 200
ALPHA = 0.05
SHARES = {"50/50": 0.5, "90/10": 0.1, "95/5": 0.05}
# name: (rate of non-zero outcomes, binary)
METRICS = {"normal": (1.0, False), "Bernoulli 5%": (0.05, True), "Bernoulli 2%": (0.02, True),
           "Bernoulli .5%": (0.005, True), "zero-inflated lognormal, sigma 1": (0.1, False),
           "zero-inflated lognormal, sigma 2": (0.1, False)}  # fmt: skip
NONZERO_AT_END = 1_000  # in the smaller arm, so that the guard opens at a tenth of the looks


@dataclass(frozen=True)
class Looks:
    """Cumulative sums at every look: arrays of shape (runs, looks) for (control, treatment)."""

    n: tuple[np.ndarray, np.ndarray]
    total: tuple[np.ndarray, np.ndarray]
    square: tuple[np.ndarray, np.ndarray]
    nonzero: tuple[np.ndarray, np.ndarray]

    def effect(self) -> np.ndarray:
        (c, t), (nc, nt) = self.total, self.n
        return t / np.maximum(nt, 1) - c / np.maximum(nc, 1)

    def variance(self) -> np.ndarray:
        """The production variance of the difference."""
        return intervals.difference_variance(self.spread(), self.n)

    def welch(self) -> np.ndarray:
        """The textbook's."""
        (a, b), (na, nb) = self.spread(), self.n
        return np.where((na > 1) & (nb > 1), a / np.maximum(na, 1) + b / np.maximum(nb, 1), np.inf)

    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Variance within each arm."""
        control, treatment = (
            np.maximum(square - total**2 / np.maximum(n, 1), 0) / np.maximum(n - 1, 1)
            for n, total, square in zip(self.n, self.total, self.square, strict=True)
        )
        return control, treatment


def run(data: Path | None) -> Iterator[Figure]:
    """All figures of this capability that need no bandit and no off-policy log."""
    yield from false_verdicts(SEED, RUNS)
    yield from power_and_coverage(SEED + 1, RUNS)
    yield cuped(SEED + 2)
    yield from sample_ratio(SEED + 3, RUNS)
    yield assignment()
    if data is None:
        yield Figure("Cookie Cats", 0, detail="left out: needs FRONTROW_DATA")
    else:
        yield from cookie_cats(data / "campaigns" / "cookie_cats.csv.gz")


def simulate(metric: str, share: float, units: int, rng: np.random.Generator, *, runs: int, lift: float = 0.0) -> Looks:
    """A/A runs (A/B with `lift` on the mean), each unit assigned by its own coin, outcomes added up look by look."""
    step = units // LOOKS
    treated = rng.binomial(step, share, (runs, LOOKS))
    sides = [_outcomes(metric, size, rng, extra) for size, extra in ((step - treated, 0.0), (treated, lift))]
    n = [np.cumsum(x, 1).astype(float) for x in (step - treated, treated)]
    pairs = [(np.cumsum(a, 1), np.cumsum(b, 1)) for a, b in zip(*sides, strict=True)]
    return Looks((n[0], n[1]), *pairs)


def _outcomes(metric: str, size: np.ndarray, rng: np.random.Generator, lift: float) -> list[np.ndarray]:
    """Sum, sum of squares and number of non-zero outcomes of `size` units in each cell."""
    rate, binary = METRICS[metric]
    if binary:
        hits = rng.binomial(size, rate + lift).astype(float)
        return [hits, hits, hits]
    if metric == "normal":
        mean = rng.normal(0, 1, size.shape) / np.sqrt(np.maximum(size, 1))
        square = np.where(size > 1, rng.chisquare(np.maximum(size - 1, 1)), 0.0) + size * mean**2
        total = size * mean * (size > 0)
        return [total + size * lift, square * (size > 0) + 2 * lift * total + size * lift**2, size.astype(float)]
    hits = rng.binomial(size, rate)
    values = rng.lognormal(0.0, float(metric[-1]), int(hits.sum())) + lift / rate
    edges = np.concatenate([[0], np.cumsum(hits.ravel())])
    sums = [np.diff(np.concatenate([[0.0], np.cumsum(v)])[edges]).reshape(size.shape) for v in (values, values**2)]
    return [*sums, hits.astype(float)]


def judged(looks: Looks, share: float, units: int, *, binary: bool, alpha: float = ALPHA) -> dict[str, np.ndarray]:
    """The production rule at every look."""
    return intervals.judge(
        looks.effect(), looks.variance(), looks.n[0] + looks.n[1], looks.nonzero, n_planned=units, alpha=alpha,
        binary_share=share if binary else None,
    )  # fmt: skip


def unguarded(looks: Looks, units: int) -> float:
    """Share of A/A runs that the same formula calls at some look when it may speak from the first one."""
    variance = looks.welch()
    ratio = intervals.information_ratio(looks.n[0] + looks.n[1], units, ALPHA)
    called = np.abs(looks.effect()) > intervals.critical_z(ratio, ALPHA) * np.sqrt(variance)
    return float((called & np.isfinite(variance) & (variance > 0)).any(1).mean())


def false_verdicts(seed: int, runs: int) -> Iterator[Figure]:
    """Share of A/A runs with a verdict at any of 200 looks, and two rules that fail in the same runs."""
    limit = (runs * ALPHA + 1.645 * np.sqrt(runs * ALPHA * (1 - ALPHA))) / runs
    for metric, (rate, binary) in METRICS.items():
        for label, share in SHARES.items():
            rng = np.random.default_rng([seed, list(METRICS).index(metric), round(share * 100)])
            units = round(NONZERO_AT_END / (rate * share))
            looks = simulate(metric, share, units, rng, runs=runs)
            wrong = float(judged(looks, share, units, binary=binary)["decided"].any(1).mean())
            yield Figure(
                f"false verdicts, {metric}, {label}", wrong, reach=0.05, direction="at most", peer="unguarded formula",
                peer_value=unguarded(looks, units), detail=f"{units:,} units; binomial limit {limit:.3f}",
            )  # fmt: skip
    rng = np.random.default_rng([seed, 99])
    looks = simulate("normal", 0.5, 20_000, rng, runs=runs)
    t = np.abs(looks.effect()) > 1.96 * np.sqrt(looks.welch())
    yield Figure(
        "counter-example: t-test looked at 200 times", float(t.any(1).mean()), reach=0.35, detail="fails by design"
    )
    looks = simulate("Bernoulli .5%", 0.1, 20_000, rng, runs=runs)
    yield Figure(
        "counter-example: unguarded formula, 90/10, .5%, 20,000 units", unguarded(looks, 20_000), reach=0.2,
        peer="guarded, same runs", detail="fails by design",
        peer_value=float(judged(looks, 0.1, 20_000, binary=True)["decided"].any(1).mean()),
    )  # fmt: skip


def power_and_coverage(seed: int, runs: int) -> Iterator[Figure]:
    """A test with one look has power .80 at N units; here the horizon is 2N, with 200 looks."""
    needed = special.ndtri(1 - ALPHA / 2) + special.ndtri(0.8)
    for metric, share, effect in (
        ("normal", 0.5, 0.05), ("normal", 0.1, 0.05), ("Bernoulli 5%", 0.5, 0.005), ("Bernoulli .5%", 0.1, 0.001),
    ):  # fmt: skip
        rate, binary = METRICS[metric]
        rng = np.random.default_rng([seed, round(effect * 1e4), round(share * 100)])
        planned = (
            plan(baseline=rate, effect=effect, share=share) if binary else plan(sd=1.0, effect=effect, share=share)
        )
        fixed = planned.variance * (needed / effect) ** 2
        units = round(2 * fixed)
        looks = simulate(metric, share, units, rng, runs=runs, lift=effect)
        found = judged(looks, share, planned.planned_units, binary=binary)
        called = found["decided"]
        first = np.where(called.any(1), called.argmax(1) + 1, LOOKS)
        label = f"{metric}, share {share:g}"
        yield Figure(f"power at 2N, {label}", float(called.any(1).mean()), reach=0.85, detail=f"N = {fixed:,.0f}")
        yield Figure(f"mean stop over N, {label}", float(first.mean()) / LOOKS * 2, reach=1.25, direction="at most",
                     peer="planned", peer_value=planned.expected_units / fixed)  # fmt: skip
        holds = (found["low"] <= effect) & (effect <= found["high"])
        yield Figure(f"coverage at all looks, {label}", float(holds.all(1).mean()), reach=0.95)


def cuped(seed: int) -> Figure:
    """Variance that a pre-period column of correlation .7 takes away, by the production estimator."""
    rng = np.random.default_rng(seed)
    definition = parse({"name": "cuped", "arms": {"a": 0.5, "b": 0.5}, "planned_units": 20_000,
                        "metrics": [{"name": "y", "covariate": "x"}]})  # fmt: skip
    cuts = []
    for _ in range(20):
        x = rng.normal(size=20_000)
        y = 0.7 * x + np.sqrt(1 - 0.49) * rng.normal(size=20_000)
        arm = np.where(rng.random(20_000) < 0.5, "a", "b")
        sample = collect(read_log({"unit": np.arange(20_000), "arm": arm, "y": y, "x": x}, definition), definition)
        cuts.append(estimate(sample, definition.metrics[0], 1).variance_cut)
    return Figure(
        "CUPED at rho .7: variance cut", float(np.mean(cuts)), reach=0.47, peer="rho squared", peer_value=0.49
    )


def sample_ratio(seed: int, runs: int) -> Iterator[Figure]:
    """Sequential mismatch test: 500 looks of clean data, then 49/51."""
    rng = np.random.default_rng(seed)
    looks, step = 500, 100
    seen = step * np.arange(1, looks + 1)
    worst = {}
    for name, share in (("clean", 0.5), ("shifted", 0.49)):
        first = rng.binomial(step, share, (runs, looks)).cumsum(1)
        worst[name] = srm.e_value(np.stack([first, seen - first], -1), [0.5, 0.5]).max(1)
        if name == "clean":
            expected = seen / 2
            p = special.chdtrc(1, 2 * (first - expected) ** 2 / expected)
            peeked = float((p.min(1) < 0.01).mean())
    warned, invalid = (float((worst["clean"] > bound).mean()) for bound in (srm.WARNS, srm.INVALIDATES))
    yield Figure("sample ratio, clean: warnings under 500 looks", warned, reach=0.05, direction="at most",
                 peer="chi-square at .01, peeked", peer_value=peeked)  # fmt: skip
    yield Figure("sample ratio, clean: invalidations", invalid, reach=0.01, direction="at most")
    yield Figure("sample ratio, 49/51: found by 50,000 units", float((worst["shifted"] > srm.WARNS).mean()), reach=0.85)


def assignment() -> Figure:
    """Units a second, best of five."""
    definition = parse({"name": "speed", "arms": {"a": 0.5, "b": 0.5}, "planned_units": 1_000, "slice": [0.0, 0.5],
                        "metrics": [{"name": "y"}]})  # fmt: skip
    units = [f"member-{i}" for i in range(200_000)]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assign_many(definition, units, ramp=0.5, holdout=0.05)
        times.append(time.perf_counter() - started)
    return Figure("assignment with layer, ramp and holdout", len(units) / min(times), "units/s", reach=150_000)


def cookie_cats(path: Path) -> Iterator[Figure]:
    """The published A/B test, read as a user would."""
    frame = pl.read_csv(path)
    definition = parse({
        "name": "cookie cats", "arms": {"gate_30": 0.5, "gate_40": 0.5}, "planned_units": frame.height,
        "columns": {"unit": "userid", "arm": "version"}, "metrics": [{"name": "retention_7", "kind": "binary"}],
    })  # fmt: skip
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    sample = collect(read_log(columns, definition), definition)
    found = analyse(sample, definition)
    result = found.results[0]
    assert result.low is not None
    assert result.high is not None
    ratio = srm.compare(count_by_arm(sample.arm, definition), definition.arms)
    yield Figure("Cookie Cats: fixed-sample p of the ratio", ratio.p_fixed, detail="; ".join(found.warnings))
    yield Figure("Cookie Cats: retention_7, low", result.low * 100, "points", reach=-1.61, direction="at most",
                 detail=found.sentence)  # fmt: skip
    yield Figure("Cookie Cats: retention_7, high, below 0", result.high * 100, "points", reach=0.0, direction="at most")
    yield Figure("Cookie Cats: retention_7, high, not tighter than -.03", result.high * 100, "points", reach=-0.03)

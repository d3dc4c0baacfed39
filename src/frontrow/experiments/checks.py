"""Reasons not to believe a result. Answers: ok, warning (a winner is hidden), invalid (everything is).

Checks that compare the arms on something the treatment cannot have changed use a threshold of .001, so that a clean
experiment, looked at now and then, rarely trips one by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from frontrow.experiments import srm
from frontrow.experiments.definition import Definition, Metric
from frontrow.experiments.intervals import critical_z, information_ratio
from frontrow.experiments.log import DAY_MS, Sample
from frontrow.experiments.metrics import Estimate

Floats = NDArray[np.float64]

RARE: Final = 0.001
SMALL_SHARE: Final = 0.01  # of rows or units that a fault may touch before it invalidates
MIN_CELL: Final = 100  # units an arm and cell needs before two cells are compared


@dataclass(frozen=True)
class Check:
    """One check and its answer."""

    name: str
    level: str  # ok, warning, invalid
    detail: str

    @property
    def passed(self) -> bool:
        """Whether there is nothing to say against the result."""
        return self.level == "ok"


def run(
    sample: Sample, definition: Definition, estimates: Mapping[tuple[str, int], Estimate], decided: set[tuple[str, int]]
) -> list[Check]:
    """All checks. `estimates` by (metric, arm number); `decided` are those whose interval excludes 0."""
    checks = [sample_ratio(sample, definition)]
    checks += segment_ratios(sample, definition)
    checks += [_duplicates(sample), _reassigned(sample), _unit_mismatch(sample, definition), _late_logging(sample)]
    for metric in definition.metrics:
        if metric.covariate:
            checks.append(_covariate(sample, metric))
    for metric in definition.metrics:
        for number in range(1, len(definition.arms)):
            if metric.role == "primary" and (metric.name, number) in decided:
                found = estimates[metric.name, number]
                label = metric.name if len(definition.arms) == 2 else f"{metric.name}:{list(definition.arms)[number]}"
                if metric.kind != "binary":  # one unit is one conversion at most
                    checks.append(_one_unit(found, sample, definition, label))
                checks.append(_novelty(found, sample, metric, number, label))
                checks += _interference(found, sample, number, label)
    checks += _entangled(sample)
    checks.append(_dispersion(definition))
    return checks


def sample_ratio(sample: Sample, definition: Definition) -> Check:
    """The arms hold their planned shares of the units (always-valid)."""
    test = srm.compare(count_by_arm(sample.arm, definition), definition.arms)
    counts = ", ".join(f"{arm} {n:,}" for arm, n in zip(definition.arms, test.counts, strict=True))
    detail = f"{counts}; e-value {test.e_value:.3g} (above {srm.WARNS:g} warns, above {srm.INVALIDATES:g} invalidates)"
    return Check("sample ratio", test.level, detail)


def fixed_ratio_note(sample: Sample, definition: Definition) -> str | None:
    """A sentence when the chi-square of a single look would be alarmed; no check, for it is not valid under peeking."""
    test = srm.compare(count_by_arm(sample.arm, definition), definition.arms)
    if test.p_fixed >= srm.FIXED_P:
        return None
    return (
        f"sample ratio: fixed-sample p = {test.p_fixed:.4f}, a warning if this is the only look "
        f"(e-value over all looks {test.e_value:.3g})"
    )


def count_by_arm(arm: NDArray[np.int8], definition: Definition) -> dict[str, int]:
    """Units in each arm."""
    counts = np.bincount(arm, minlength=len(definition.arms))
    return dict(zip(definition.arms, counts.tolist(), strict=True))


def segment_ratios(sample: Sample, definition: Definition) -> Iterator[Check]:
    """The same within each value of device, country and day of exposure, thresholds times the number of values."""
    columns: dict[str, NDArray[Any]] = dict(sample.segments)
    if sample.exposed_ms is not None:
        columns["day"] = sample.exposed_ms // DAY_MS
    for name, column in columns.items():
        values, code = np.unique(column, return_inverse=True)
        if values.size > min(1_000, max(2, column.size // 20)):
            yield Check(f"sample ratio by {name}", "ok", f"{values.size} values are too many for {column.size} units")
            continue
        counts = np.zeros((values.size, len(definition.arms)))
        np.add.at(counts, (code, sample.arm), 1)
        e = srm.e_value(counts, list(definition.arms.values()))
        worst = int(np.argmax(e))
        shown = "/".join(str(int(n)) for n in counts[worst])
        where = values[worst] if name != "day" else np.datetime64(int(values[worst]), "D")
        detail = f"worst of {values.size}: {where} with {shown}, e-value {e[worst]:.3g}"
        yield Check(f"sample ratio by {name}", srm.level(float(e[worst]), values.size), detail)


def _graded(name: str, count: int, total: int, what: str) -> Check:
    if not count:
        return Check(name, "ok", f"no {what}")
    share = count / total
    level = "invalid" if share > SMALL_SHARE else "warning"
    return Check(name, level, f"{count:,} {what} ({share:.2%} of {total:,})")


def _duplicates(sample: Sample) -> Check:
    return _graded("duplicate units", sample.trace.duplicates, sample.trace.rows, "exposure rows logged twice")


def _reassigned(sample: Sample) -> Check:
    trace = sample.trace
    count = trace.crossed - trace.crossed_by_device
    return _graded("reassignment", count, sample.arm.size + trace.crossed, "units moved to another arm")


def _unit_mismatch(sample: Sample, definition: Definition) -> Check:
    trace = sample.trace
    if trace.shared_owners:
        what = f"{definition.unit}s with several units: something smaller than a {definition.unit} was assigned"
        return _graded("unit mismatch", trace.shared_owners, sample.arm.size, what)
    what = f"{definition.unit}s with another arm on another device, as if devices were assigned"
    return _graded("unit mismatch", trace.crossed_by_device, sample.arm.size + trace.crossed, what)


def _late_logging(sample: Sample) -> Check:
    """Exposures are logged when they happen, in every arm alike."""
    name = "late exposure logging"
    late = sample.trace.late
    if late is not None and max(late) > SMALL_SHARE:
        level = "invalid" if abs(late[0] - late[1]) > SMALL_SHARE else "warning"
        return Check(name, level, f"{late[0]:.1%} of control and {late[1]:.1%} of other exposures over an hour late")
    if sample.exposed_ms is None:
        return Check(name, "ok", "the log has no exposure times; nothing to compare")
    # Chance alone decides the arm, so exposure times have one distribution in all arms; ranks need no shape.
    rank = _ranks(sample.exposed_ms)
    for number in range(1, int(sample.arm.max()) + 1):
        z = _difference(rank, sample.arm == number, sample.arm == 0)
        p = float(2 * special.ndtr(-abs(z)))
        if p < RARE:
            when = "later" if z > 0 else "earlier"
            return Check(name, "warning", f"exposures of arm {number} are logged {when} than the control's (p {p:.2g})")
    return Check(name, "ok", "exposure times agree between the arms")


def _covariate(sample: Sample, metric: Metric) -> Check:
    """A pre-period column cannot differ between the arms, nor be measured after the exposure."""
    name = f"covariate of {metric.name}"
    if sample.trace.covariates_after:
        return Check(name, "invalid", f"{sample.trace.covariates_after:,} readings were taken after the exposure")
    x = sample.covariates[metric.covariate_source]
    known = ~np.isnan(x)
    tests = [
        (what, _difference(values, chosen & (sample.arm == number), chosen & (sample.arm == 0)))
        for number in range(1, int(sample.arm.max()) + 1)
        for what, values, chosen in (
            ("its mean", x, known),
            ("how often it is missing", known.astype(float), np.ones(x.size, bool)),
        )
    ]
    what, z = max(tests, key=lambda test: abs(test[1]))
    p = float(2 * special.ndtr(-abs(z))) * len(tests)
    if p < RARE:
        return Check(name, "invalid", f"{what} differs between the arms (p {p:.2g}): measured after the exposure?")
    return Check(name, "ok", f"the same in all arms; missing for {int((~known).sum()):,} of {x.size:,} units")


def _one_unit(found: Estimate, sample: Sample, definition: Definition, label: str) -> Check:
    """The verdict does not hang on one unit."""
    effect, variance = found.without_extreme
    z = critical_z(information_ratio(sum(found.n), definition.planned_units, definition.alpha), definition.alpha)
    moved = (abs(found.effect) - abs(effect)) / abs(found.effect)
    flips = moved > 0 and abs(effect) <= float(z) * np.sqrt(variance)
    who = str(sample.unit[found.extreme]) if found.extreme >= 0 else "?"
    detail = f"without unit {who!r} the effect is {effect:.4g} instead of {found.effect:.4g}"
    return Check(f"weight of one unit in {label}", "warning" if flips or moved > 0.5 else "ok", detail)


def _novelty(found: Estimate, sample: Sample, metric: Metric, number: int, label: str) -> Check:
    """The effect does not fade: between the halves of the outcome window, else between early and late units."""
    name = f"novelty of {label}"
    treated, control = sample.arm == number, sample.arm == 0
    if metric.source in sample.early and metric.kind == "mean":
        early = sample.early[metric.source]
        late = sample.values[metric.source] - early
        first, second = (float(v[treated].mean() - v[control].mean()) for v in (early, late))
        z = _difference(early - late, treated, control)
        what = "first and second half of the outcome window"
    else:
        sides = [np.arange(parts.size) < parts.size / 2 for parts in found.contributions]
        if min(parts.size for parts in found.contributions) < 2 * MIN_CELL:
            return Check(name, "ok", "too few units to compare early with late ones")
        (c, t), (c_early, t_early) = found.contributions, sides
        first = found.effect + t[t_early].mean() - c[c_early].mean()
        second = found.effect + t[~t_early].mean() - c[~c_early].mean()
        spread = sum(x[s].var(ddof=1) / s.sum() for x, e in ((c, c_early), (t, t_early)) for s in (e, ~e))
        z = (first - second) / np.sqrt(spread)
        what = "units exposed early and late"
    fades = abs(second) < abs(first) / 2 or first * second < 0
    decays = fades and z * np.sign(first) > -special.ndtri(RARE)
    return Check(name, "warning" if decays else "ok", f"effect {first:.4g} and {second:.4g} in {what}")


def _interference(found: Estimate, sample: Sample, number: int, label: str) -> Iterator[Check]:
    """The effect is the same whichever arm of another experiment a unit is in."""
    control, treated = np.flatnonzero(sample.arm == 0), np.flatnonzero(sample.arm == number)
    for other, arms in sample.also.items():
        effects = []
        for arm in np.unique(arms):
            c = found.contributions[0][arms[control] == arm]
            t = found.contributions[1][arms[treated] == arm]
            if min(c.size, t.size) >= MIN_CELL:
                variance = c.var(ddof=1) / c.size + t.var(ddof=1) / t.size
                effects.append((str(arm), found.effect + t.mean() - c.mean(), variance))
        if len(effects) < 2:
            continue
        low, high = min(effects, key=lambda e: e[1]), max(effects, key=lambda e: e[1])
        pairs = len(effects) * (len(effects) - 1) / 2
        p = pairs * 2 * special.ndtr(-(high[1] - low[1]) / np.sqrt(low[2] + high[2]))
        detail = f"effect {low[1]:.4g} in its arm {low[0]!r}, {high[1]:.4g} in {high[0]!r} (p {min(1.0, p):.2g})"
        yield Check(f"interference of {other!r} with {label}", "warning" if p < RARE else "ok", detail)


def _entangled(sample: Sample) -> Iterator[Check]:
    """Arms of another experiment are spread evenly over ours."""
    for other, arms in sample.also.items():
        names, code = np.unique(arms, return_inverse=True)
        table = np.zeros((int(sample.arm.max()) + 1, names.size))
        np.add.at(table, (sample.arm, code), 1)
        expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
        chi = float(((table - expected) ** 2 / np.where(expected > 0, expected, np.inf)).sum())
        freedom = (table.shape[0] - 1) * (names.size - 1)
        p = float(special.chdtrc(freedom, chi)) if freedom else 1.0
        yield Check(f"independence of {other!r}", "invalid" if p < RARE / 10 else "ok", f"chi-square p {p:.2g}")


def _dispersion(definition: Definition) -> Check:
    """Says what the intervals take for granted; the factor itself was fixed before the start, from A/A comparisons."""
    if definition.dispersion > 1:
        return Check(
            "over-dispersion", "ok", f"every variance is multiplied by {definition.dispersion:g}, from A/A tests"
        )
    return Check("over-dispersion", "ok", f"{definition.unit}s are taken to be independent of each other")


def _difference(values: Floats, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Welch z of the means; 0 where it cannot be told."""
    a, b = values[one], values[other]
    if min(a.size, b.size) < MIN_CELL:
        return 0.0
    variance = a.var(ddof=1) / a.size + b.var(ddof=1) / b.size
    return float((a.mean() - b.mean()) / np.sqrt(variance)) if variance > 0 else 0.0


def _ranks(times: NDArray[np.int64]) -> Floats:
    _, code, count = np.unique(times, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - count / 2)[code])

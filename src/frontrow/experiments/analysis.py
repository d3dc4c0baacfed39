"""What an experiment says, at whatever moment somebody looks.

States: *collecting* (nothing may be said yet), *winner*, *loser*, *no effect* and *invalid* (a check forbids to say
anything). Primaries are held to alpha together by Holm's rule over always-valid p-values; guardrails are one-sided
and may veto a winner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from frontrow.experiments import checks, intervals, metrics
from frontrow.experiments.checks import Check
from frontrow.experiments.definition import Definition, Metric
from frontrow.experiments.log import Sample
from frontrow.experiments.metrics import Estimate

COLLECTING, WINNER, LOSER, NO_EFFECT, INVALID = "collecting", "winner", "loser", "no effect", "invalid"


@dataclass(frozen=True)
class Result:
    """One metric of one treatment against the control. `low` and `high` are None while no interval is allowed yet."""

    metric: Metric
    arm: str
    estimate: Estimate
    low: float | None
    high: float | None
    p: float  # always-valid, two-sided; one-sided non-inferiority for guardrails
    p_holm: float  # over the primaries and treatments; equal to p elsewhere
    verdict: str  # better, worse, no effect, open; guardrails: safe, harmed, open

    @property
    def n(self) -> int:
        """Units in the two arms."""
        return sum(self.estimate.n)


@dataclass(frozen=True)
class Look:
    """What an earlier look saw of the first primary."""

    units: int
    exposed_ms: int | None  # newest exposure
    effect: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Analysis:
    """The whole answer."""

    state: str
    sentence: str  # the verdict in plain words
    results: list[Result]
    checks: list[Check]
    warnings: list[str]
    left_out: dict[str, int]
    looks: list[Look] = field(default_factory=list)


def analyse(sample: Sample, definition: Definition, *, looks: int = 0) -> Analysis:
    """Judge `sample`; `looks` asks for that many earlier looks, evenly spaced in units, for a picture."""
    results = _results(sample, definition)
    estimates = {(r.metric.name, list(definition.arms).index(r.arm)): r.estimate for r in results}
    decided = {(r.metric.name, list(definition.arms).index(r.arm)) for r in results if r.verdict in ("better", "worse")}
    found = checks.run(sample, definition, estimates, decided)
    warnings = [checks.fixed_ratio_note(sample, definition)]
    if sample.exposed_ms is None and definition.window_ms:
        warnings.append("the log has no exposure times: units whose outcome window is still open could not be left out")
    state, sentence = _verdict(results, found, sample, definition)
    return Analysis(
        state, sentence, results, found, [w for w in warnings if w], dict(sample.left_out),
        [_look(sample.upto(n), definition) for n in _steps(sample.arm.size, looks)],
    )  # fmt: skip


def _results(sample: Sample, definition: Definition) -> list[Result]:
    drafts: list[tuple[Metric, str, Estimate, dict[str, float | bool]]] = []
    primaries = sum(m.role == "primary" for m in definition.metrics) * len(definition.treatments)
    for metric in definition.metrics:
        alpha = definition.alpha / primaries if metric.role == "primary" else definition.alpha
        for number, arm in enumerate(definition.treatments, start=1):
            found = metrics.estimate(sample, metric, number, dispersion=definition.dispersion)
            drafts.append((metric, arm, found, _judge(found, metric, arm, definition, alpha)))
    # Each primary's p is measured against its own Bonferroni alpha; Holm multiplies by how many are still in the race.
    order = sorted((i for i, d in enumerate(drafts) if d[0].role == "primary"), key=lambda i: float(drafts[i][3]["p"]))
    holm, running = {}, 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, float(drafts[i][3]["p"]) * (primaries - rank)))
        holm[i] = running
    done = sample.arm.size >= definition.planned_units
    return [_result(*draft, holm.get(i), definition.alpha, done) for i, draft in enumerate(drafts)]


def _judge(found: Estimate, metric: Metric, arm: str, definition: Definition, alpha: float) -> dict[str, float | bool]:
    share = definition.arms[definition.control] + definition.arms[arm]
    planned = definition.planned_units * share
    if metric.role == "guardrail":
        return _non_inferior(found, metric, planned, alpha)
    judged = intervals.judge(
        found.effect, found.variance, sum(found.n), found.nonzero, n_planned=planned, alpha=alpha,
        binary_share=definition.arms[arm] / share if metric.kind == "binary" and definition.dispersion == 1 else None,
    )  # fmt: skip
    return {key: value.item() for key, value in judged.items()}


def _non_inferior(found: Estimate, metric: Metric, planned: float, alpha: float) -> dict[str, float | bool]:
    """One-sided: is the harm surely below the margin (p small), or surely above it? Bounds at alpha to each side."""
    ready = min(found.nonzero) >= intervals.MIN_NONZERO and found.variance > 0
    if not ready:
        return {"ready": False, "low": -math.inf, "high": math.inf, "p": 1.0, "decided": False}
    ratio = float(intervals.information_ratio(sum(found.n), planned, alpha))
    error = math.sqrt(found.variance)
    reach = intervals.critical_z_one_sided(ratio, alpha) * error
    p = intervals.p_value_one_sided((metric.sign * found.effect + metric.margin) / error, ratio)
    return {"ready": True, "low": found.effect - reach, "high": found.effect + reach, "p": p, "decided": p <= alpha}


def _result(
    metric: Metric, arm: str, found: Estimate, judged: dict[str, float | bool], holm: float | None, alpha: float,
    done: bool,
) -> Result:  # fmt: skip
    low, high, p = float(judged["low"]), float(judged["high"]), float(judged["p"])
    benefit = sorted((metric.sign * low, metric.sign * high))
    if metric.role == "guardrail":
        verdict = "safe" if p <= alpha else "harmed" if benefit[1] < -metric.margin else "open"
    elif (p if holm is None else holm) <= alpha:
        verdict = "better" if metric.sign * found.effect > 0 else "worse"
    elif (-metric.min_effect < low and high < metric.min_effect) or (done and judged["ready"]):
        verdict = "no effect"
    else:
        verdict = "open"
    bounded = bool(judged["ready"])
    return Result(
        metric, arm, found, low if bounded else None, high if bounded else None, p, p if holm is None else holm, verdict
    )


def _verdict(results: list[Result], found: list[Check], sample: Sample, definition: Definition) -> tuple[str, str]:
    """State and sentence. The best treatment speaks for the experiment."""
    broken = [c for c in found if c.level == "invalid"]
    if broken:
        return INVALID, f"Invalid: nothing can be concluded, because of {broken[0].name} ({broken[0].detail})."
    ranked = [_arm_verdict(results, arm, found) for arm in definition.treatments]
    state, sentence = min(ranked, key=lambda v: (WINNER, COLLECTING, NO_EFFECT, LOSER).index(v[0]))
    if state == COLLECTING:
        short = [r for r in results if r.metric.role == "primary" and min(r.estimate.nonzero) < intervals.MIN_NONZERO]
        seen = f" {sample.arm.size:,} of {definition.planned_units:,} planned {definition.unit}s are in."
        if short and sentence.startswith("Still"):
            r = short[0]
            sentence += (
                f" There are {min(r.estimate.nonzero)} non-zero outcomes in the smaller arm for {r.metric.name}; "
                f"{intervals.MIN_NONZERO} are needed."
            )
        sentence += seen
    return state, sentence


def _arm_verdict(results: list[Result], arm: str, found: list[Check]) -> tuple[str, str]:
    mine = [r for r in results if r.arm == arm]
    primaries = [r for r in mine if r.metric.role == "primary"]
    harmed = [r for r in mine if r.verdict == "harmed"]
    worse = [r for r in primaries if r.verdict == "worse"]
    better = [r for r in primaries if r.verdict == "better"]
    if worse:
        return LOSER, f"Arm {arm} loses: {_in_words(worse[0])}."
    if harmed:
        return LOSER, f"Arm {arm} loses: it harms the guardrail {harmed[0].metric.name} by more than is tolerated."
    if better:
        warned = [c for c in found if c.level == "warning"]
        waiting = [r for r in mine if r.metric.role == "guardrail" and r.verdict == "open"]
        if warned:
            return COLLECTING, f"A lead of arm {arm} is hidden: {warned[0].name} ({warned[0].detail})."
        if waiting:
            unsafe = waiting[0].metric.name
            return COLLECTING, f"Arm {arm} leads, but the guardrail {unsafe} is not known to be safe yet."
        return WINNER, f"Arm {arm} wins: {_in_words(better[0])}."
    if all(r.verdict == "no effect" for r in primaries):
        r = primaries[0]
        return NO_EFFECT, f"Arm {arm} makes no difference that was found: {_in_words(r)}."
    return COLLECTING, f"Still collecting: arm {arm} and the control cannot be told apart yet."


def _in_words(r: Result) -> str:
    direction = "more" if r.estimate.effect > 0 else "less"
    size = f"{abs(r.estimate.effect):.4g} {direction}"
    if r.metric.kind == "binary":
        size = f"{abs(r.estimate.effect) * 100:.2f} percentage points {direction}"
    elif r.estimate.control:
        size += f" ({r.estimate.effect / abs(r.estimate.control):+.1%})"
    if r.low is None or r.high is None:
        return f"{r.metric.name} is {size} than in the control, by an exact test (p {r.p_holm:.2g})"
    low, high = (f"{v * 100:+.2f}" if r.metric.kind == "binary" else f"{v:+.4g}" for v in (r.low, r.high))
    return f"{r.metric.name} is {size} than in the control, between {low} and {high} whenever one looks"


def _steps(total: int, looks: int) -> list[int]:
    return [int(n) for n in np.unique(np.linspace(total / looks, total, looks).round())] if looks else []


def _look(sample: Sample, definition: Definition) -> Look:
    """The first primary and treatment at this look."""
    metric = next(m for m in definition.metrics if m.role == "primary")
    newest = None if sample.exposed_ms is None else int(sample.exposed_ms[-1])
    empty = len(np.unique(sample.arm[sample.arm < 2])) < 2
    if empty:
        return Look(sample.arm.size, newest, math.nan, None, None)
    primaries = sum(m.role == "primary" for m in definition.metrics) * len(definition.treatments)
    arm = definition.treatments[0]
    found = metrics.estimate(sample, metric, 1, dispersion=definition.dispersion)
    judged = _judge(found, metric, arm, definition, definition.alpha / primaries)
    low, high = (float(judged[k]) if judged["ready"] else None for k in ("low", "high"))
    return Look(sample.arm.size, newest, found.effect, low, high)

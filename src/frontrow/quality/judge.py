"""The learnt judge: what a reviewer would say of a file, how sure that is, and why. Fitted by `learning`.

Its members vote, the mean of their votes is calibrated to a risk, and thresholds that keep a promise (`conformal`) make
the risk a decision. A judge without members goes by rules, and what they leave open goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from frontrow.quality import conformal
from frontrow.quality.conformal import Costs, Labelled, Promise, Thresholds
from frontrow.quality.features import RULES, Features, code_of, of_code, table
from frontrow.quality.findings import CODES, GROUP_OF, Finding
from frontrow.quality.members import Floats, Line, Trees, line_of
from frontrow.quality.risk import REASONS, strongest
from frontrow.quality.verdict import Decision

NAME: Final = "quality-judge"
"""Name of the published artifact."""
_LEAST_WEIGHT: Final = 0.02
"""Log-odds below which nothing is a reason."""
_SURE: Final = 0.5
"""Confidence from which an error alone rejects, where only rules speak."""


@dataclass(frozen=True)
class JudgeConfig:
    """How the judge is fitted."""

    promise: Promise = field(default_factory=Promise)
    """What the thresholds keep."""
    costs: Costs | None = None
    """What outcomes cost, where the thresholds should be stricter for their sake; None: the promise alone decides."""
    bad_share: float | None = None
    """Share of bad files among deliveries, 0-1, where the labelled files are no fair sample of them (a rehearsal is
    mostly damage); None takes them for one."""
    least_bad: int = 30
    """Rejected files needed before anything is learnt; fewer and a fold has five."""
    least_good: int = 30
    """The same of accepted files."""
    folds: int = 5
    """Parts of the films, 2 or more; five leave four fifths to learn from."""
    trees: int = 200
    """Trees a member; more did not help on LIVE-VQC."""
    leaves: int = 11
    """Leaves a tree: combinations of three or four features."""
    rate: float = 0.05
    """Learning rate of the trees, 0-1."""
    least_in_leaf: int = 10
    """Files in a leaf, so that no leaf is one film's."""
    least_defect: int = 20
    """Files with and without a defect before its probability is learnt; below, the detector's own confidence stands."""


@dataclass(frozen=True)
class Calibration:
    """Votes to a probability: 1 / (1 + exp(-(slope * vote + offset)))."""

    slope: float
    offset: float

    def __call__(self, votes: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * votes + self.offset, -40, 40))))


@dataclass(frozen=True)
class DefectJudge:
    """How likely one defect is truly there."""

    trees: tuple[Trees, ...]
    calibration: Calibration

    def probability(self, x: Floats) -> Floats:
        """(n,) of files (n, features)."""
        return self.calibration(np.mean([member.votes(x) for member in self.trees], axis=0))


@dataclass(frozen=True)
class Judged:
    """One file, judged."""

    risk: float
    """Probability that a reviewer would reject it."""
    decision: Decision
    weights: Mapping[str, float]
    """Finding code, or measurement, to what it adds to the risk (log-odds), the strongest first."""
    defects: Mapping[str, float]
    """Probability that each defect is truly there, for those that were found or are likely."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A fitted judge; without members it goes by rules."""

    config: JudgeConfig
    names: tuple[str, ...]
    """Features, in the order of the members' columns."""
    usual: Floats
    """Median of each feature among the labelled files."""
    members: tuple[tuple[Line | Trees, ...], ...]
    """Of each fold: the line, the trees of the verdict, and those of the score where files had one."""
    centre: Floats
    spread: Floats
    """Mean and standard deviation of each member's out-of-fold votes, so that all count alike."""
    calibration: Calibration
    thresholds: Thresholds
    labelled: Labelled
    """Out-of-fold risks of the files it was fitted on: what another promise is made from."""
    defects: Mapping[str, DefectJudge]
    films: frozenset[str]
    """Films that it was fitted on: what it may not be compared on."""
    told: Mapping[str, float] = field(default_factory=dict)
    """Out-of-fold figures of the fit."""

    def risk(self, rows: Sequence[Features]) -> Floats:
        """Probability that a reviewer would reject, (n,)."""
        if not self.members:
            return np.array([row.get(RULES, 0.0) for row in rows], np.float64)
        x = table(rows, self.names)
        return self.calibration(np.mean([self._votes(fold, x) for fold in self.members], axis=0))

    def promising(self, promise: Promise, costs: Costs | None = None) -> Judge:
        """The same judge under another promise, without fitting anew."""
        thresholds = conformal.fit(self.labelled, promise, costs)
        return replace(self, config=replace(self.config, promise=promise, costs=costs), thresholds=thresholds)

    def judge(self, row: Features) -> Judged:
        """The verdict on one file."""
        risk = float(self.risk([row])[0])
        decision = self.thresholds.decide(risk) if self.members else by_rules(row)
        if any(row.get(of_code(code)[-1], 0.0) > 2 for code in CODES["file"]):
            decision = by_rules(row)  # what cannot be read is nothing that verdicts on films tell of
        return Judged(risk, decision, self._weights(row), self._defects(row))

    def _votes(self, fold: tuple[Line | Trees, ...], x: Floats) -> Floats:
        votes = np.array([member.votes(x) for member in fold])
        return np.asarray(((votes - self.centre[:, None]) / self.spread[:, None]).mean(axis=0))

    def _weights(self, row: Features) -> dict[str, float]:
        if not self.members:
            return {}
        x = table([row], self.names)
        scale = self.calibration.slope / (self.spread * len(self.spread) * len(self.members))
        added = sum(
            (member.contributions(x)[0] * by for fold in self.members for member, by in zip(fold, scale, strict=True)),
            np.zeros(len(self.names)),
        )
        grouped: dict[str, float] = {}
        for name, value in zip(self.names, added, strict=True):
            key = code_of(name) or name
            grouped[key] = grouped.get(key, 0.0) + float(value)
        return dict(sorted(grouped.items(), key=lambda item: (-abs(item[1]), item[0])))

    def _defects(self, row: Features) -> dict[str, float]:
        found = {}
        x = table([row], self.names)
        for code in GROUP_OF:
            learnt = self.defects.get(code)
            share = float(learnt.probability(x)[0]) if learnt else row.get(of_code(code)[2], 0.0)
            if share >= 0.05 or row.get(of_code(code)[2], 0.0) > 0:
                found[code] = share
        return found

    def files(self) -> dict[str, Any]:
        """As plain data to publish; `open_files` is the inverse."""
        import msgspec

        body = {
            "config": msgspec.to_builtins(self.config),
            "names": list(self.names),
            "usual": [None if np.isnan(value) else value for value in self.usual.tolist()],
            "centre": self.centre.tolist(),
            "spread": self.spread.tolist(),
            "calibration": msgspec.to_builtins(self.calibration),
            "thresholds": [*_finite(self.thresholds.approve_below, self.thresholds.reject_above),
                           self.thresholds.approved_bad_bound, self.thresholds.rejected_good_bound,
                           self.thresholds.n_bad, self.thresholds.n_good],
            "lines": [[member.as_data() for member in fold if isinstance(member, Line)] for fold in self.members],
            "defects": {code: msgspec.to_builtins(learnt.calibration) for code, learnt in self.defects.items()},
            "labelled": [array.tolist() for array in (self.labelled.risk, self.labelled.bad, self.labelled.weight)],
            "films": sorted(self.films),
            "told": dict(self.told),
        }  # fmt: skip
        trees = {
            "members": [[member.text for member in fold if isinstance(member, Trees)] for fold in self.members],
            "defects": {code: [member.text for member in learnt.trees] for code, learnt in self.defects.items()},
        }
        return {"judge.json": body, "trees.json": trees}


def open_files(body: Mapping[str, Any], trees: Mapping[str, Any]) -> Judge:
    """The judge out of the published "judge.json" and "trees.json"."""
    import msgspec

    approve, reject, approved_bad, rejected_good, n_bad, n_good = body["thresholds"]
    members: tuple[tuple[Line | Trees, ...], ...] = tuple(
        (*map(line_of, lines), *map(Trees, texts)) for lines, texts in zip(body["lines"], trees["members"], strict=True)
    )
    risk, bad, weight = body["labelled"]
    thresholds = Thresholds(
        -np.inf if approve is None else approve, np.inf if reject is None else reject,
        approved_bad, rejected_good, n_bad, n_good,
    )  # fmt: skip
    return Judge(
        config=msgspec.convert(body["config"], JudgeConfig),
        names=tuple(body["names"]),
        usual=np.array([np.nan if value is None else value for value in body["usual"]], np.float64),
        members=members,
        centre=np.asarray(body["centre"], np.float64),
        spread=np.asarray(body["spread"], np.float64),
        calibration=Calibration(**body["calibration"]),
        thresholds=thresholds,
        labelled=Labelled(np.asarray(risk, np.float64), np.asarray(bad, bool), np.asarray(weight, np.float64)),
        defects={
            code: DefectJudge(tuple(map(Trees, trees["defects"][code])), Calibration(**calibration))
            for code, calibration in body["defects"].items()
        },
        films=frozenset(body["films"]),
        told=body["told"],
    )


def by_rules(row: Features) -> Decision:
    """What findings alone say: a sure error rejects, any other error or warning is for a person."""
    worst = {code: row.get(of_code(code)[3], 0.0) for code in GROUP_OF}
    if any(worst[code] > 2 and row[of_code(code)[2]] >= _SURE for code in GROUP_OF):
        return "reject"
    return "review" if any(value > 1 for value in worst.values()) else "approve"


def reasons(
    judge: Judge, judged: Judged, row: Features, findings: Sequence[Finding], most: int = REASONS
) -> tuple[str, ...]:
    """The strongest reasons in words: what speaks for the decision, findings with their place, measurements beside
    their usual value. A judge without members names the worst findings."""
    if not judge.members:
        return strongest(findings, most)
    against = judged.decision != "approve"
    said = []
    for what, weight in judged.weights.items():
        if (weight > 0) != against or abs(weight) < _LEAST_WEIGHT:
            continue
        own = strongest([finding for finding in findings if finding.code == what], 1)
        if what in GROUP_OF:
            words = own[0] if own else f"no {what.replace('_', ' ')}" if weight < 0 else ""
        else:
            words = _measurement(what, row.get(what, np.nan), float(judge.usual[judge.names.index(what)]))
        if words:
            said.append(words)
    return tuple(said[:most]) or strongest(findings, most)


def _measurement(name: str, value: float, usual: float) -> str:
    if name == RULES:
        return f"the findings together: risk {value:.2f} by rules (usually {usual:.2f})"
    words = name.replace(".", " ").replace("_", " ")
    return f"{words} {value:.3g} (usually {usual:.3g})" if np.isfinite(value) else f"{words} is missing"


def _finite(*values: float) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]

"""How a judge does on verdicts that it has not seen, and whether a new one may take the place of the current one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from frontrow.quality.findings import GROUP_OF
from frontrow.quality.judge import Judge
from frontrow.quality.learning import Example, auc
from frontrow.quality.members import Floats
from frontrow.quality.review import interval

FEWEST: Final = 10
"""Bad and good files without which a comparison says nothing."""
_EDGE: Final = 1e-6
_RULES_SURE: Final = 0.02
"""Rules give no probability: in a comparison they are never surer than this, or one certain error decides it all."""


@dataclass(frozen=True)
class Report:
    """A judge on held-back files."""

    files: int
    bad: int
    auc: float
    """Probability that a bad file is judged riskier than a good one; nan without both kinds."""
    log_loss: float
    """Of the risk as a probability, nats a file."""
    approved: float
    """Share of all files approved unseen."""
    rejected: float
    bad_approved: float
    """Share of the bad files approved; nan without any."""
    bad_approved_low: float
    bad_approved_high: float
    """95% interval of it (Clopper and Pearson 1934)."""
    good_rejected: float
    defects: Mapping[str, float]
    """AUC of the probability of each defect that is there in some of the files and not in others."""


def evaluate(judge: Judge, examples: Sequence[Example]) -> Report:
    """The judge's figures on files that it was not fitted on."""
    bad = np.array([example.rejected for example in examples], bool)
    judged = [judge.judge(example.features) for example in examples]
    risk = np.array([one.risk for one in judged])
    approved = np.array([one.decision == "approve" for one in judged], bool)
    rejected = np.array([one.decision == "reject" for one in judged], bool)
    low, high = interval(int((approved & bad).sum()), int(bad.sum()))
    known = [i for i, example in enumerate(examples) if example.defects is not None]
    defects = {}
    for code in GROUP_OF:
        there = np.array([code in (examples[i].defects or ()) for i in known], bool)
        if there.any() and not there.all():
            defects[code] = auc(np.array([judged[i].defects.get(code, 0.0) for i in known]), there)
    return Report(
        files=len(bad),
        bad=int(bad.sum()),
        auc=auc(risk, bad),
        log_loss=float(_losses(risk, bad).mean()) if len(bad) else float("nan"),
        approved=_share(approved),
        rejected=_share(rejected),
        bad_approved=_share(approved[bad]),
        bad_approved_low=low,
        bad_approved_high=high,
        good_rejected=_share(rejected[~bad]),
        defects=defects,
    )


def hold_back(
    examples: Sequence[Example], share: float, rng: np.random.Generator, seen: frozenset[str] = frozenset()
) -> tuple[list[Example], list[Example]]:
    """(to learn from, to compare on), by film; a film that the current judge has `seen` is never compared on."""
    films = sorted({example.film for example in examples} - seen)
    held = set(rng.permutation(films)[: round(share * len(films))].tolist())
    return [x for x in examples if x.film not in held], [x for x in examples if x.film in held]


@dataclass(frozen=True)
class Comparison:
    """A new judge beside the current one on the same files."""

    passed: bool
    reason: str
    """In words, with the figures."""


def compare(candidate: Judge, current: Judge | None, held: Sequence[Example]) -> Comparison:
    """Whether the candidate may be published.

    It may not when it breaks its promise beyond chance, or when its risks are worse than the current judge's (the
    first: than those of rules alone) by more than one standard error over films. `held`: films that neither has seen.
    Few files refuse nobody: what they say is noise, and the promise does not rest on them.
    """
    report = evaluate(candidate, held)
    if min(report.bad, report.files - report.bad) < FEWEST:
        good = report.files - report.bad
        return Comparison(
            True, f"not compared: {report.bad} bad and {good} good files held back, {FEWEST} needed of each"
        )
    alpha = candidate.config.promise.alpha
    if report.bad_approved_low > alpha:
        return Comparison(
            False,
            f"it approves {report.bad_approved:.1%} of {report.bad} bad files (95% interval from "
            f"{report.bad_approved_low:.1%}); at most {alpha:.1%} was promised",
        )
    name = "the current judge" if current else "rules alone"
    current = current or replace(candidate, members=())  # without members it goes by rules
    bad = np.array([example.rejected for example in held], bool)
    films, film = np.unique([example.film for example in held], return_inverse=True)
    rows = [example.features for example in held]
    worse = _losses(_careful(candidate, candidate.risk(rows)), bad) - _losses(
        _careful(current, current.risk(rows)), bad
    )
    of_film = np.bincount(film, worse) / len(bad)
    mean, error = float(of_film.sum()), float(np.sqrt(len(films)) * of_film.std())
    said = f"log loss {mean:+.4f} nats a file against {name} (standard error {error:.4f}, {len(films)} films)"
    return Comparison(mean <= error, said)


def _careful(judge: Judge, risk: Floats) -> Floats:
    return risk if judge.members else np.clip(risk, _RULES_SURE, 1 - _RULES_SURE)


def _losses(risk: Floats, bad: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Log loss of each file, nats."""
    sure = np.clip(risk, _EDGE, 1 - _EDGE)
    return np.asarray(-np.log(np.where(bad, sure, 1 - sure)), np.float64)


def _share(hits: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")

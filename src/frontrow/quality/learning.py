"""How the judge learns from files that people have judged.

    labelled files ──folds by film──> a line and trees a fold ──out-of-fold votes──> calibrated risk ──> thresholds

Each fold's members are fitted without the fold's films; their votes on those films calibrate the risk (Platt 1999) and
set the thresholds, and the mean of all folds' members judges new files: so every label both teaches and calibrates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.quality import conformal
from frontrow.quality.conformal import Labelled, Thresholds
from frontrow.quality.features import Features, names_of, table
from frontrow.quality.findings import GROUP_OF
from frontrow.quality.judge import Calibration, DefectJudge, Judge, JudgeConfig
from frontrow.quality.members import Floats, Line, Trees, fit_line, fit_trees

Bools = NDArray[np.bool_]
Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(frozen=True)
class Example:
    """One file that people have judged."""

    features: Features
    rejected: bool
    film: str
    """What the file was made from: files of one film are never on both sides of a fold."""
    defects: frozenset[str] | None = None
    """Codes that are truly there; None where nobody looked for them."""
    unsure: frozenset[str] = frozenset()
    """Codes that may be there as well: nothing is learnt of them from this file."""
    weight: float = 1.0
    """How many deliveries it stands for when thresholds are set: 1 over the share of its kind that people look at. An
    audited approval stands for all those that were not drawn."""
    score: float | None = None
    """How good people found it, higher is better, on any one scale; used when every example has one: an order teaches
    more than a yes and no."""


def fit(examples: Sequence[Example], config: JudgeConfig | None = None, *, rng: np.random.Generator) -> Judge:
    """Learn from judged files. Too few of them, or of their films, give a judge that goes by rules.

    Raises InputError when a feature holds an infinite value.
    """
    config = config or JudgeConfig()
    rows = [example.features for example in examples]
    bad = np.array([example.rejected for example in examples], bool)
    films = np.array([example.film for example in examples], np.str_)
    names = names_of(rows)
    x = table(rows, names)
    if np.isinf(x).any():
        raise InputError(f"feature '{names[int(np.argwhere(np.isinf(x))[0][1])]}' of a labelled file is infinite")
    few = bad.sum() < config.least_bad or (~bad).sum() < config.least_good
    if few or min(len(set(films[bad])), len(set(films[~bad]))) < config.folds:
        return _rules_alone(config, bad, films)
    targets = _targets(examples, bad)
    parts = folds(bad, films, config.folds, rng)
    seeds = rng.integers(2**31, size=len(parts))
    members = tuple(
        _members(x[learn], [target[learn] for target in targets], config, int(seed))
        for (learn, _), seed in zip(parts, seeds, strict=True)
    )
    votes = np.empty((len(members[0]), len(bad)))
    for (_, test), fold in zip(parts, members, strict=True):
        votes[:, test] = [member.votes(x[test]) for member in fold]
    centre, spread = votes.mean(axis=1), np.maximum(votes.std(axis=1), 1e-9)
    together = ((votes - centre[:, None]) / spread[:, None]).mean(axis=0)
    calibration = _at_share(calibrate(together, bad), config.bad_share, float(bad.mean()))
    risk = calibration(together)
    labelled = Labelled(risk, bad, np.array([example.weight for example in examples], np.float64))
    return Judge(
        config=config,
        names=names,
        usual=_medians(x),
        members=members,
        centre=centre,
        spread=spread,
        calibration=calibration,
        thresholds=conformal.fit(labelled, config.promise, config.costs),
        labelled=labelled,
        defects=_defect_judges(examples, x, parts, config, rng),
        films=frozenset(films.tolist()),
        told={"auc": auc(risk, bad), "files": float(len(bad)), "rejected": float(bad.sum())},
    )


def calibrate(votes: Floats, bad: Bools) -> Calibration:
    """Platt's scaling, with his targets that keep a perfect judge from being certain; the slope is never negative."""
    from scipy.optimize import minimize

    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    target = np.where(bad, (n_bad + 1) / (n_bad + 2), 1 / (n_good + 2))

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = at[0] * votes + at[1]
        off = 1 / (1 + np.exp(-np.clip(margin, -40, 40))) - target
        return float((np.logaddexp(0, margin) - target * margin).mean()), np.array([off @ votes, off.sum()]) / len(bad)

    start = np.array([1.0, np.log((n_bad + 1) / (n_good + 1))])
    found = minimize(loss, start, jac=True, bounds=[(1e-3, None), (None, None)], method="L-BFGS-B")
    return Calibration(float(found.x[0]), float(found.x[1]))


def _at_share(calibration: Calibration, wanted: float | None, seen: float) -> Calibration:
    """Risk where bad files are more or less common than among the labelled (Saerens, Latinne, Decaestecker 2002)."""
    if wanted is None:
        return calibration
    if not 0 < wanted < 1:
        raise InputError(f"bad_share {wanted:g} must lie between 0 and 1")
    shift = np.log(wanted / (1 - wanted)) - np.log(seen / (1 - seen))
    return replace(calibration, offset=calibration.offset + float(shift))


def auc(risk: Floats, bad: Bools) -> float:
    """Probability that a bad file has the higher risk, ties half; nan without both kinds."""
    from scipy.stats import rankdata

    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    if not n_bad or not n_good:
        return float("nan")
    return float((rankdata(risk)[bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def _rules_alone(config: JudgeConfig, bad: Bools, films: NDArray[np.str_]) -> Judge:
    thresholds = Thresholds(-np.inf, np.inf, 1.0, 1.0, int(bad.sum()), int((~bad).sum()))
    empty = np.empty(0)
    known = frozenset(films.tolist())
    calibration, nothing = Calibration(1.0, 0.0), Labelled(empty, np.empty(0, bool), empty)
    return Judge(config, (), empty, (), empty, empty, calibration, thresholds, nothing, {}, known)


def _targets(examples: Sequence[Example], bad: Bools) -> list[Floats]:
    """The verdict as 0 and 1, and the score turned so that higher is worse, where every example has one."""
    scores = [example.score for example in examples if example.score is not None]
    if len(scores) < len(examples) or np.std(scores) == 0:
        return [bad.astype(np.float64)]
    score = np.asarray(scores, np.float64)
    return [bad.astype(np.float64), (score.mean() - score) / score.std()]


def _members(x: Floats, targets: list[Floats], config: JudgeConfig, seed: int) -> tuple[Line | Trees, ...]:
    kinds = ("binary", "regression")
    return (
        fit_line(x, targets[-1]),
        *(
            fit_trees(x, target, seed, objective=kind, trees=config.trees, leaves=config.leaves, rate=config.rate,
                      least=config.least_in_leaf)
            for kind, target in zip(kinds, targets, strict=False)
        ),
    )  # fmt: skip


def folds(bad: Bools, films: NDArray[np.str_], folds: int, rng: np.random.Generator) -> Folds:
    """(learn, test) by film, with about the same share of bad files in each."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=int(rng.integers(2**31)))
    return list(splitter.split(np.zeros(len(bad)), bad, films))


def _defect_judges(
    examples: Sequence[Example],
    x: Floats,
    folds: Folds,
    config: JudgeConfig,
    rng: np.random.Generator,
) -> dict[str, DefectJudge]:
    judges = {}
    for code in GROUP_OF:
        known = np.array([x.defects is not None and code not in x.unsure for x in examples], bool)
        there = known & np.array([code in (x.defects or ()) for x in examples], bool)
        if min(there.sum(), (known & ~there).sum()) < config.least_defect:
            continue
        votes, trees = np.full(len(examples), np.nan), []
        for learn, test in folds:
            learn, test = learn[known[learn]], test[known[test]]
            if len(set(there[learn])) < 2:
                break
            member = fit_trees(
                x[learn], there[learn].astype(np.float64), int(rng.integers(2**31)), objective="binary", trees=40,
                leaves=7, rate=0.1, least=5,
            )  # fmt: skip
            votes[test] = member.votes(x[test])
            trees.append(member)
        if len(trees) == len(folds):
            judges[code] = DefectJudge(tuple(trees), calibrate(votes[known], there[known]))
    return judges


def _medians(x: Floats) -> Floats:
    return np.array([np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else np.nan for c in x.T])

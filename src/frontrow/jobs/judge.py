"""Fitting the judge to what reviewers decided, behind the gate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.data import artifacts
from frontrow.data.reviews import Reviews, last_about_file, last_about_findings, missed
from frontrow.errors import GateRefused, Refusal
from frontrow.jobs import rehearsal
from frontrow.jobs.quality import case_of, in_force
from frontrow.quality import learning, review, trial
from frontrow.quality.features import finite
from frontrow.quality.judge import NAME, JudgeConfig
from frontrow.quality.learning import Example

if TYPE_CHECKING:
    from frontrow.jobs.worker import JobContext

TRAIN: Final = "quality-train"
HELD_BACK: Final = 0.3  # of the films that the current judge has not seen, to compare on


def run(context: JobContext, *, seed: int = 0, gated: bool = True, rehearsals: str = "") -> dict[str, Any]:
    """Fit a judge to what people decided, and to rehearsals kept in the folder `rehearsals`; publish it.

    Raises Refusal where too little is labelled, and GateRefused where it does worse than the current judge on films
    that neither has seen.
    """
    rng = np.random.default_rng(seed)
    context.step(0, 3, "reading verdicts")
    with Reviews(context.workspace.store_url(context.settings)) as reviews:
        labelled = labels(reviews)
    people = len(labelled)
    labelled += rehearsal.examples(Path(rehearsals)) if rehearsals else []
    current = in_force(context.workspace)
    told = "not held"
    if gated:
        context.step(1, 3, "comparing on films held back")
        seen = current.judge.films if current else frozenset()
        learn, held = trial.hold_back(labelled, HELD_BACK, rng, seen)
        found = trial.compare(learning.fit(learn, rng=rng), current.judge if current else None, held)
        told = found.reason
        if not found.passed:
            raise GateRefused(f"not published: {told}; 'frontrow quality train --no-gate' publishes it all the same")
    context.step(2, 3, "fitting")
    judge = learning.fit(labelled, rng=rng)
    if not judge.members:
        raise Refusal(_too_few(labelled, judge.config))
    artifact = artifacts.publish(
        context.workspace.artifacts,
        NAME,
        judge.files(),
        config={"seed": seed},
        high_water=0,
        rows={"files": len(labelled), "reviewed": people},
        metrics=finite(judge.told),
        parents={},
        now_ms=context.now_ms(),
        keep=context.settings.jobs.keep_versions,
    )
    context.step(3, 3, "published")
    promise = judge.thresholds.in_words(judge.config.promise)
    return {"version": artifact.version, "files": len(labelled), "gate": told, "promise": promise, **judge.told}


def labels(reviews: Reviews) -> list[Example]:
    """Every file that people have settled, as the judge learns from it."""
    words = reviews.words()
    said, about, spans = last_about_file(words), last_about_findings(words), missed(words)
    examples = []
    for it in reviews.inspections(current=False, features=True):
        outcome = review.standing(case_of(it, said)).outcome
        if outcome is None or not it.features:
            continue
        found = reviews.found(it.id)
        right = {x.code for x in found if _most_say(about.get((it.id, x.number), {})) == "right"}
        known = all(_most_say(about.get((it.id, x.number), {})) for x in found if x.severity != "info")
        defects = frozenset(right | {span.code for span in spans if span.inspection == it.id}) if known else None
        stands_for = 1 / review.AUDIT_SHARE if it.audit else 1.0
        examples.append(Example(it.features, outcome == "reject", it.title or it.file, defects, weight=stands_for))
    return examples


def _most_say(votes: dict[str, str]) -> str:
    """right or wrong, as most say; '' where nobody does, or as many each."""
    counts = Counter(votes.values())
    if counts["right"] == counts["wrong"]:
        return ""
    return "right" if counts["right"] > counts["wrong"] else "wrong"


def _too_few(labelled: list[Example], config: JudgeConfig) -> str:
    bad = sum(x.rejected for x in labelled)
    return (
        f"nothing was published: {bad} rejected and {len(labelled) - bad} accepted files are labelled; "
        f"{config.least_bad} and {config.least_good}, of {config.folds} films each, are needed: review more at "
        "/quality, or rehearse"
    )

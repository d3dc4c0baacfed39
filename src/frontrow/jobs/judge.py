"""Fitting the judge to what reviewers decided, behind the gate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from frontrow.data import artifacts
from frontrow.data.reviews import Reviews, last_about_file, last_about_findings, missed
from frontrow.errors import DamagedArtifact, GateRefused, Refusal
from frontrow.jobs import rehearsal
from frontrow.jobs.quality import audit, case_of, in_force, shifted
from frontrow.quality import learning, review, trial
from frontrow.quality.conformal import Costs, Promise
from frontrow.quality.features import finite
from frontrow.quality.judge import NAME, JudgeConfig
from frontrow.quality.learning import Example

if TYPE_CHECKING:
    from frontrow.config import QualitySettings
    from frontrow.data.workspace import Workspace
    from frontrow.jobs.worker import JobContext
    from frontrow.quality.inspection import InForce

TRAIN: Final = "quality-train"
HELD_BACK: Final = 0.3  # of the films that the current judge has not seen, to compare on
LEAST_NEW: Final = 10  # files settled since the current judge was fitted, for a night to fit another
REHEARSED: Final = "rehearsed.json"  # in the artifact: examples of the rehearsal that it learnt from


def nightly(context: JobContext, *, seed: int = 0) -> dict[str, Any]:
    """What audits and drift say tonight; and a judge fitted anew, behind the gate, where people have said enough.

    Enough are LEAST_NEW files that were settled since the current judge was fitted; any at all when its promise is
    broken or new files look otherwise than those that it learnt from. What the gate refuses is told, not raised.
    """
    with Reviews(context.workspace.store_url(context.settings)) as reviews:
        settled = len(labels(reviews))
        watched = watch(reviews, in_force(context.workspace))
    _, learnt_from = _before(context.workspace)
    new = settled - learnt_from
    alarmed = watched["promise_broken"] or bool(watched["shifted"])
    told: dict[str, Any] = {"newly_settled": new, **watched}
    if new < (1 if alarmed else LEAST_NEW):
        return told | {"fitted": f"no: {new} files were settled since the current judge, {LEAST_NEW} are asked for"}
    try:
        return told | {"fitted": "yes", **run(context, seed=seed)}
    except Refusal as refusal:
        return told | {"fitted": f"no: {refusal}"}


def watch(reviews: Reviews, judge: InForce | None) -> dict[str, Any]:
    """What audits of automatic approvals and the drift monitor say, for a job's result."""
    counted, kept = audit(reviews, judge)
    bad = [round(kept.approved_bad_low, 4), round(kept.approved_bad_high, 4)]
    return {
        "audits": counted.looked,
        "audits_bad": counted.bad,
        "approved_of_the_bad": bad if counted.looked else None,
        "promise_broken": kept.broken,
        "shifted": shifted(reviews, last_about_file(reviews.words())),
    }


def run(context: JobContext, *, seed: int = 0, gated: bool = True, rehearsals: str = "") -> dict[str, Any]:
    """Fit a judge to what people decided, and to rehearsals kept in the folder `rehearsals`; publish it.

    Without `rehearsals`, to those that the current judge has learnt from. Raises Refusal where too little is labelled,
    and GateRefused where it does worse than the current judge on films that neither has seen.
    """
    rng, config = np.random.default_rng(seed), config_of(context.settings.quality)
    context.step(0, 3, "reading verdicts")
    with Reviews(context.workspace.store_url(context.settings)) as reviews:
        reviewed = labels(reviews)
    rehearsed = rehearsal.examples(Path(rehearsals)) if rehearsals else _before(context.workspace)[0]
    labelled = [*reviewed, *rehearsed]
    current = in_force(context.workspace)
    told = "not held"
    if gated:
        context.step(1, 3, "comparing on films held back")
        seen = current.judge.films if current else frozenset()
        learn, held = trial.hold_back(labelled, HELD_BACK, rng, seen)
        found = trial.compare(learning.fit(learn, config, rng=rng), current.judge if current else None, held)
        told = found.reason
        if not found.passed:
            raise GateRefused(f"not published: {told}; 'frontrow quality train --no-gate' publishes it all the same")
    context.step(2, 3, "fitting")
    judge = learning.fit(labelled, config, rng=rng)
    if not judge.members:
        raise Refusal(_too_few(labelled, judge.config))
    artifact = artifacts.publish(
        context.workspace.artifacts,
        NAME,
        judge.files() | {REHEARSED: {"examples": msgspec.to_builtins(rehearsed)}},
        config={"seed": seed},
        high_water=0,
        rows={"files": len(labelled), "reviewed": len(reviewed)},
        metrics=finite(judge.told),
        parents={},
        now_ms=context.now_ms(),
        keep=context.settings.jobs.keep_versions,
    )
    context.step(3, 3, "published")
    promise = judge.thresholds.in_words(judge.config.promise)
    return {"version": artifact.version, "files": len(labelled), "gate": told, "promise": promise, **judge.told}


def config_of(settings: QualitySettings) -> JudgeConfig:
    """How the judge is fitted here: what it promises, and what its mistakes cost."""
    costs = Costs(settings.wrong_approve or Costs.wrong_approve, settings.wrong_reject or Costs.wrong_reject)
    return JudgeConfig(
        promise=Promise(settings.alpha, settings.beta, settings.delta),
        costs=costs if settings.wrong_approve or settings.wrong_reject else None,
        bad_share=settings.bad_share or None,
    )


def _before(workspace: Workspace) -> tuple[list[Example], int]:
    """What the current judge learnt from: examples of a rehearsal, and how many files that people had settled."""
    try:
        artifact = artifacts.open_current(workspace.artifacts, NAME)
    except DamagedArtifact:
        return [], 0
    if artifact is None:
        return [], 0
    kept = artifact.json(REHEARSED)["examples"] if REHEARSED in artifact.manifest.files else []
    return msgspec.convert(kept, list[Example]), artifact.manifest.rows.get("reviewed", 0)


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

"""A rehearsal on real films: every damage to picture and sound, cut, damaged and inspected; then the judge it teaches.

Five films are split by film, never by clip: three to learn from, two to try. Clips of 9.5 s; each kind once a film at a
severity of .5, .75 or 1. Detectors have limits of their own, which were set on some of these films, so recall and false
findings here describe the product as it is; their held-out figures are in the benchmarks of each group. What is held
out here is the judge: the two films it is tried on have taught it nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

import frontrow
from benchmarks.figure import Figure
from frontrow import engine
from frontrow.data.fetch import BIG_BUCK_BUNNY, cache_folder, fetch
from frontrow.jobs.rehearsal import take
from frontrow.media import rework
from frontrow.quality import learning, rehearsal, trial
from frontrow.quality.damage import KINDS
from frontrow.quality.findings import GROUP_OF
from frontrow.quality.judge import JudgeConfig
from frontrow.quality.rehearsal import Outcome, RehearsalConfig
from frontrow.quality.rules import load_pack

SEED = 20261124
KEPT = cache_folder() / "rehearsal"
FILMS = ("bbb.mp4", "sintel_trailer-720p.mp4", "tos-battle.webm", "chaplin.mp4", "mdn_crystal.mp4")
CONFIG = RehearsalConfig(clip_s=9.5, clips=1, clean=12)  # enough clean ones of three films for a judge
JUDGE = JudgeConfig(folds=3, trees=100)


def run(data: Path | None) -> Iterator[Figure]:
    """Recall, false findings, and the judge."""
    if data is None:
        yield Figure("rehearsal", 0, detail="left out: needs FRONTROW_DATA")
        return
    films = {name: data / "quality" / "clips" / name for name in FILMS[1:]}
    films[FILMS[0]] = fetch(BIG_BUCK_BUNNY) / FILMS[0]
    rng = np.random.default_rng(SEED)
    takes = rehearsal.plan({name: rework.shape(films[name]).duration_s for name in FILMS}, rng, CONFIG)
    out = KEPT / _code()
    out.mkdir(parents=True, exist_ok=True)
    work = partial(take, films=films, pack=load_pack("general"), out=out)
    outcomes = engine.map(work, takes, backend="loky", workers=2)
    yield from detectors(outcomes)
    yield from judge(outcomes)


def _code() -> str:
    """Hash of what measures and finds: what another state of it has made of a take is not taken over."""
    package = Path(frontrow.__file__).parent
    files = sorted(file for room in ("quality", "media") for file in (package / room).rglob("*.py"))
    return hashlib.blake2b(b"".join(file.read_bytes() for file in files), digest_size=8).hexdigest()


def detectors(outcomes: list[Outcome]) -> Iterator[Figure]:
    """Recall over all films, by group, with the kinds that were missed; false findings in the clean clips."""
    parts = [rehearsal.score(outcomes, part) for part in ("learn", "test")]
    clean_s = sum(part.clean_s for part in parts)
    for group in ("picture", "sound"):
        kinds = [kind.name for kind in KINDS.values() if kind.group == group]
        found, tried = (
            {kind: sum(part.recall.get(kind, (0, 0))[i] for part in parts) for kind in kinds} for i in (0, 1)
        )
        missed = [f"{kind} {found[kind]}/{tried[kind]}" for kind in kinds if found[kind] < tried[kind]]
        detail = f"{sum(tried.values())} takes of {len(kinds)} kinds; missed some of: {', '.join(missed) or 'none'}"
        share = sum(found.values()) / sum(tried.values())
        yield Figure(f"{group}: damage found, all kinds together", share, reach=0.95, detail=detail)
        false = sorted({code for part in parts for code in part.false if GROUP_OF[code] == group})
        rate = sum(part.false_in_ten_minutes(group) * part.clean_s for part in parts) / clean_s
        detail = f"{clean_s / 60:.1f} minutes; {', '.join(false) or 'none'}"
        yield Figure(f"{group}: false findings in 10 minutes of clean clips", rate, "", 1, "at most", detail=detail)


def judge(outcomes: list[Outcome]) -> Iterator[Figure]:
    """Learnt on three films, tried on two; beside the risk by rules alone."""
    learn, test = (
        rehearsal.examples(outcome for outcome in outcomes if outcome.take.part == part) for part in ("learn", "test")
    )
    learnt = learning.fit(learn, JUDGE, rng=np.random.default_rng(SEED))
    report = trial.evaluate(learnt, test)
    bad = np.array([example.rejected for example in test])
    rules = learning.auc(np.array([example.features["rules"] for example in test]), bad)
    films = ", ".join(sorted({example.film for example in test}))
    detail = f"{report.files} clips of {films}, {report.bad} damaged"
    yield Figure("judge: AUC of damaged against clean, on films not learnt from", report.auc, peer="rules alone",
                 peer_value=rules, detail=detail)  # fmt: skip
    detail = (
        f"95% interval {report.bad_approved_low:.1%} to {report.bad_approved_high:.1%}; {report.approved:.1%} of all "
        f"approved, {report.rejected:.1%} rejected, the rest for a person"
    )
    yield Figure("judge: share of the damaged approved", report.bad_approved, "", 0.05, "at most", detail=detail)
    own = [code for code in report.defects if code in learnt.defects]
    detail = f"{len(report.defects)} defects, {len(own)} of them learnt; the others go by their detector"
    yield Figure("judge: mean AUC of a defect's own probability", float(np.mean([*report.defects.values()])),
                 detail=detail)  # fmt: skip

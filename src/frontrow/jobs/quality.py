"""Jobs of quality control: inspecting the films of the workspace, and the queue of those that a person should see."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.data.ids import derive_id
from frontrow.data.replay import replay
from frontrow.data.reviews import Found, Inspected, Reviews, Word, last_about_file, last_about_findings, missed
from frontrow.errors import DamagedArtifact, InputError
from frontrow.jobs.measured import Kept
from frontrow.jobs.rehearsal import damage
from frontrow.media import transcode
from frontrow.media.container import resolve
from frontrow.quality import drift, markers, report, review, thumbnails
from frontrow.quality.conformal import Promise
from frontrow.quality.features import describe, finite, names_of, table
from frontrow.quality.inspection import InForce, Inspection, beside, inspect_film
from frontrow.quality.judge import NAME, open_files
from frontrow.quality.review import Case
from frontrow.quality.rules import Pack, load_pack
from frontrow.schema import Event, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontrow.config import Settings
    from frontrow.data.workspace import Workspace
    from frontrow.jobs.worker import JobContext

INSPECT: Final = "inspect"
INSPECT_ALL: Final = "inspect-all"
DEMO: Final = "quality-demo"
KINDS: Final = (INSPECT, INSPECT_ALL, DEMO)
SUBTITLES: Final = "subtitles.vtt"
DAMAGED: Final = "bbb-damaged.mp4"
DEMO_PIECE_S: Final = (120.0, 40.0)  # begin and length: a lit scene with sound
DEMO_DAMAGE: Final = (("freeze", 0.7), ("dropout", 0.8), ("macroblocking", 0.8))
_VALUES: Final = {"approve": 1.0, "reject": 0.0, "right": 1.0, "wrong": 0.0}
_VIEWED: Final = (Kind.PLAY, Kind.RATE)  # what counts as a viewing; imported histories hold ratings alone
_MONTH_MS: Final = 28 * 86_400_000
_log = logging.getLogger(__name__)


def folder(workspace: Workspace, inspection: str = "") -> Path:
    """Where reports and stills of inspections lie."""
    return workspace.root / "quality" / inspection


def film(workspace: Workspace, settings: Settings, file: str) -> Path:
    """A file below one of the media folders. Raises InputError when it is not there, UnreadableMedia when elsewhere."""
    roots = tuple(workspace.root / root for root in settings.media.roots)
    for root in roots:
        if (root / file).exists():
            return resolve(root / file, roots)
    raise InputError(f"no {file} in {', '.join(map(str, roots))}; see [media] roots")


def inspect(context: JobContext, *, file: str, title: str = "", pack: str = "", seed: int = 0) -> dict[str, Any]:
    """Inspect a film below a media folder, with the subtitles beside it, and put it where it belongs.

    `pack`: [quality] pack by default. `seed` draws which automatic approvals are audited.
    """
    path = film(context.workspace, context.settings, file)
    pack = pack or context.settings.quality.pack
    own = context.workspace.root / pack
    held_to = load_pack(str(own) if own.is_file() else pack)
    roots = tuple(context.workspace.root / root for root in context.settings.media.roots)
    inspection = inspect_film(
        path,
        held_to,
        judge=in_force(context.workspace),
        subtitles=beside(path),
        roots=roots,
        keep=Kept(folder(context.workspace), path),
        step=lambda done, total, note: context.step(done, total, f"{file} {note}".rstrip()),
    )
    stat = path.stat()
    name = derive_id("inspection", file, str(stat.st_size), str(stat.st_mtime_ns), pack, inspection.verdict.judge)
    write(inspection, held_to, folder(context.workspace, name))
    verdict = inspection.verdict
    stored = Inspected(
        id=name,
        file=file,
        title=title,
        pack=held_to.name,
        judge=verdict.judge,
        made_ms=context.now_ms(),
        verdict=verdict.verdict,
        risk=verdict.risk,
        reasons=verdict.reasons,
        audit=verdict.verdict == "approve" and review.is_audited(name, seed),
        views=expected_views(context.workspace, title),
        duration_s=inspection.measured.facts.duration_s if inspection.measured else 0.0,
        frame_rate=markers.rate_of(inspection.measured),
        features=finite(describe(verdict.findings, inspection.measured)),
    )
    found = [
        Found(**{**asdict(x), "number": number, "measured": finite(x.measured)})
        for number, x in enumerate(verdict.findings)
    ]
    with Reviews(context.workspace.store_url(context.settings)) as reviews:
        reviews.add(stored, found)
    return {"inspection": name, "file": file, "verdict": verdict.verdict, "findings": len(found), "risk": verdict.risk}


def in_force(workspace: Workspace) -> InForce | None:
    """The published judge; None, so that rules decide, where none was fitted yet or every version is damaged."""
    try:
        artifact = artifacts.open_current(workspace.artifacts, NAME)
    except DamagedArtifact as error:
        _log.error("%s; rules alone decide", error)
        return None
    if artifact is None:
        return None
    return InForce(open_files(artifact.json("judge.json"), artifact.json("trees.json")), artifact.version)


def write(inspection: Inspection, pack: Pack, out: Path) -> None:
    """Report, markers and stills of one inspection."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = thumbnails.pictures(inspection.path, inspection.verdict.findings) if inspection.measured else {}
    for at_s, data in pictures.items():
        (out / f"{round(1000 * at_s):010d}.jpg").write_bytes(data)
    for suffix, paper in report.papers(inspection, pack, pictures).items():
        (out / f"{'report' if suffix == 'html' else 'markers'}.{suffix}").write_bytes(paper)
    if inspection.track:
        (out / SUBTITLES).write_text(markers.webvtt(inspection.track), "utf-8")


def still_name(start_s: float, end_s: float) -> str:
    """File name of the still of a finding."""
    return f"{round(1000 * thumbnails.look_at(start_s, end_s)):010d}.jpg"


def inspect_all(context: JobContext, *, pack: str = "") -> dict[str, Any]:
    """Inspect every film of the catalogue that was not inspected yet."""
    with Catalogue(context.workspace.store_url(context.settings)) as catalogue:
        titles = [title for title in catalogue.titles() if title.asset]
    with Reviews(context.workspace.store_url(context.settings)) as reviews:
        known = {each.file for each in reviews.inspections()}
    wanted = [title for title in titles if title.asset not in known]
    verdicts: dict[str, int] = {}
    for title in wanted:
        done = inspect(context, file=title.asset, title=title.title, pack=pack)
        verdicts[done["verdict"]] = verdicts.get(done["verdict"], 0) + 1
    return {"inspected": len(wanted), **verdicts}


def demonstrate(context: JobContext, *, title: str, seed: int = 0) -> dict[str, Any]:
    """The demo's films, and first a damaged piece of one of them, which then waits for a reviewer."""
    with Catalogue(context.workspace.store_url(context.settings)) as catalogue:
        asset = catalogue.get(title).asset
    source = film(context.workspace, context.settings, asset)
    target = source.with_name(DAMAGED)
    if not target.exists():
        _damage(source, target, context, np.random.default_rng(seed))
    damaged = inspect(context, file=DAMAGED)
    return {"damaged": damaged["verdict"], **inspect_all(context)}


def _damage(source: Path, target: Path, context: JobContext, rng: np.random.Generator) -> None:
    """A piece of the film, damaged in the ways of DEMO_DAMAGE, as a file that browsers play."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".damaging-") as temporary:
        clip = Path(temporary) / "clip.mp4"
        transcode.run(["-ss", DEMO_PIECE_S[0], "-t", DEMO_PIECE_S[1], "-i", source, "-c", "copy", clip])
        for number, (kind, severity) in enumerate(DEMO_DAMAGE):
            context.step(number, len(DEMO_DAMAGE), f"damaging a copy: {kind.replace('_', ' ')}")
            damaged = Path(temporary) / f"{number}.mkv"
            damage(clip, kind, severity, rng, damaged)
            clip = damaged
        done = Path(temporary) / "done.mp4"
        transcode.run([
            "-i", clip, "-c:v", "libx264", "-preset", "veryfast", "-crf", "17", "-pix_fmt", "yuv420p", "-c:a", "aac",
            "-b:a", "192k", "-movflags", "+faststart", done,
        ])  # fmt: skip
        done.rename(target)


def expected_views(workspace: Workspace, title: str) -> float:
    """Viewings in the next four weeks: those of the newest four; for a title that has none, what titles have mostly."""
    import polars as pl

    seen = replay(workspace.log, kinds=_VIEWED, columns=("seq", "at_ms", "title")).frame
    if not len(seen):
        return 1.0
    newest = seen.filter(pl.col("at_ms") > pl.col("at_ms").max() - _MONTH_MS)
    counts = newest.group_by("title").len()
    own = counts.filter(pl.col("title") == title)["len"]
    return float(own[0]) if len(own) else float(counts["len"].median() or 1.0)  # type: ignore[arg-type]


def cases(inspections: Sequence[Inspected], said: dict[str, dict[str, str]]) -> list[Case]:
    """The inspections that a person should look at, as the queue knows them: all but approvals outside the audit."""
    return [case_of(x, said) for x in inspections if x.verdict != "approve" or x.audit]


def case_of(it: Inspected, said: dict[str, dict[str, str]]) -> Case:
    """An inspection as the queue knows it; `said`: the last word of each reviewer, by inspection."""
    return Case(it.id, it.risk, it.verdict, it.audit, it.views, said.get(it.id, {}))  # type: ignore[arg-type]


def waiting(reviews: Reviews, reviewer: str = "") -> list[tuple[Case, Inspected]]:
    """The queue of one reviewer, the most valuable look first."""
    inspections = {each.id: each for each in reviews.inspections()}
    ordered = review.queue(cases(list(inspections.values()), last_about_file(reviews.words())), reviewer)
    return [(case, inspections[case.id]) for case in ordered]


def audit(reviews: Reviews, judge: InForce | None) -> tuple[review.Audit, drift.Kept]:
    """What the audits of automatic approvals say so far, and whether the judge's promise holds."""
    inspections, said = reviews.inspections(current=False), last_about_file(reviews.words())
    everything = cases(inspections, said)
    counted = review.audit(everything)
    approved = sum(each.verdict == "approve" for each in inspections)
    bad_seen = sum(review.standing(case).outcome == "reject" for case in everything if not case.audit)
    promise = judge.judge.config.promise if judge else Promise()
    kept = drift.check(counted.bad, counted.looked - counted.bad, approved, bad_seen, alpha=promise.alpha)
    return counted, kept


def event_of(word: Word, it: Inspected) -> Event:
    """What was said, as an event of the log; its member is the reviewer."""
    props: dict[str, str | int | float | bool | None] = {
        "inspection": it.id, "file": it.file, "said": word.said, "finding": word.number, "code": word.code or None,
        "start_s": word.start_s, "end_s": word.end_s, "machine": it.verdict, "risk": it.risk, "audit": it.audit,
    }  # fmt: skip
    return Event(
        id=word.id, at_ms=word.at_ms, kind=Kind.REVIEW, member=word.reviewer, title=it.title,
        value=_VALUES.get(word.said), props={name: value for name, value in props.items() if value is not None},
    )  # fmt: skip


def shifted(reviews: Reviews, said: dict[str, dict[str, str]]) -> list[str]:
    """Features that new files have otherwise than those that people judged; none while there are too few of either."""
    if len(said) < drift.LEAST_FILES:
        return []
    inspections = reviews.inspections(current=False, features=True)
    judged = [x.features for x in inspections if review.standing(case_of(x, said)).outcome]
    recent = [x.features for x in inspections if x.current and not review.standing(case_of(x, said)).outcome]
    if min(len(judged), len(recent)) < drift.LEAST_FILES:
        return []
    names = names_of([*judged, *recent])
    columns = [dict(zip(names, table(rows, names).T.tolist(), strict=True)) for rows in (judged, recent)]
    return [shift.feature for shift in drift.shifts(*columns) if shift.shifted]


def figures(reviews: Reviews, judge: InForce | None) -> dict[str, Any]:
    """What reviewers' words add up to: verdicts, audit, agreement, and each code's precision."""
    inspections, words = reviews.inspections(current=False), reviews.words()
    said, about = last_about_file(words), last_about_findings(words)
    codes = {(each.id, found.number): found.code for each in inspections for found in reviews.found(each.id)}
    judged = ((codes[key], votes) for key, votes in about.items() if key in codes)
    counted, kept = audit(reviews, judge)
    return {
        "verdicts": dict(Counter(each.verdict for each in inspections if each.current)),
        "judge": judge.version if judge else None,
        "audit": vars(counted) | vars(kept),
        "agreement": review.agreement(cases(inspections, said)),
        "shifted": shifted(reviews, said),
        "codes": [
            vars(x) | {"precision": x.precision} for x in review.scores(judged, [span.code for span in missed(words)])
        ],
    }

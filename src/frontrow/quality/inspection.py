"""One delivery, from its files to a verdict for each: measure, find, weigh by the rule pack, judge.

    film ──measure──> Measurements ──find──> findings ──┐
                            │                           ├─ weigh by the pack ──judge──> Verdict
    subtitles ──read──> Track ─────────find──> findings ┘

A file that cannot be read is a finding of that file and never an error of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from frontrow.errors import UnreadableMedia
from frontrow.media.container import resolve
from frontrow.media.pace import Step, told
from frontrow.quality.features import describe
from frontrow.quality.file import Watch
from frontrow.quality.findings import Finding
from frontrow.quality.judge import Judge, reasons
from frontrow.quality.measurements import Measurements
from frontrow.quality.risk import risk_by_rules, strongest
from frontrow.quality.rules import Pack
from frontrow.quality.verdict import Decision, Verdict

if TYPE_CHECKING:
    from frontrow.quality.subtitles.track import Track

SUBTITLES: Final = (".srt", ".vtt", ".ttml", ".dfxp", ".imsc", ".imscr", ".xml", ".ass", ".ssa", ".scc")
"""File name endings of subtitles; every other file is taken for a film."""
SURE: Final = 0.5
"""An error less sure than this goes to a person: a rejection should not rest on a guess."""


class Keep(Protocol):
    """Where measurements go while a film is looked at, so that a stopped run goes on (`jobs/measured.py`)."""

    def whole(self) -> Measurements | None:
        """All of the film, where an earlier run came to its end."""

    def parts(self) -> list[dict[str, Any]]:
        """What a stopped run left, in order."""

    def add(self, part: Mapping[str, Any]) -> None:
        """Keep one more part."""

    def finish(self, measured: Measurements) -> None:
        """Keep all of it in place of the parts."""


@dataclass(frozen=True)
class InForce:
    """The published judge."""

    judge: Judge
    version: str


@dataclass(frozen=True)
class Inspection:
    """One file, inspected: the verdict and what it rests on."""

    path: Path
    verdict: Verdict
    measured: Measurements | None
    """Of the film itself, or of the film that the subtitles belong to; None where there is none that can be read."""
    track: Track | None = None
    """The subtitles that were read: the file itself, or the first beside the film."""


def is_subtitle(path: Path) -> bool:
    """Whether the file's name says that it holds subtitles."""
    return path.suffix.lower() in SUBTITLES


def beside(film: Path) -> list[Path]:
    """Subtitles in the film's folder that are named for it: film.srt, film.en.srt."""
    return sorted(
        file
        for file in film.parent.iterdir()
        if is_subtitle(file) and (file.stem == film.stem or file.stem.startswith(film.stem + ".")) and file.is_file()
    )


def inspect(path: Path, pack: Pack, judge: InForce | None = None, subtitles: Sequence[Path] = ()) -> Verdict:
    """The verdict on one file. What is found in a film's `subtitles` counts as the film's."""
    if is_subtitle(path):
        return inspect_subtitles(path, pack, judge=judge).verdict
    return inspect_film(path, pack, judge=judge, subtitles=subtitles).verdict


def inspect_film(
    path: Path,
    pack: Pack,
    *,
    judge: InForce | None = None,
    subtitles: Sequence[Path] = (),
    roots: tuple[Path, ...] = (),
    keep: Keep | None = None,
    step: Step | None = None,
) -> Inspection:
    """Inspect a film with the subtitles beside it.

    `keep`: what a stopped run has measured; `roots`: folders outside which nothing is opened.
    """
    measured, findings = _measure(path, pack, roots, keep, step)
    track = None
    for subtitle in subtitles:
        read, found = _read(subtitle, pack, measured, path, roots)
        track = track or read
        findings += [replace(x, detail=f"{subtitle.name}: {x.detail}") for x in found]
    return Inspection(path, decide(str(path), pack.weigh(findings), measured, judge), measured, track)


def inspect_subtitles(
    path: Path, pack: Pack, *, judge: InForce | None = None, film: Inspection | None = None
) -> Inspection:
    """Inspect subtitles, against the film that they belong to where it is given."""
    measured = film.measured if film else None
    track, findings = _read(path, pack, measured, film.path if film else None)
    return Inspection(path, decide(str(path), pack.weigh(findings), None, judge), measured, track)


def decide(
    file: str, findings: Sequence[Finding], measured: Measurements | None, judge: InForce | None = None
) -> Verdict:
    """The verdict on a file: by the judge where there is one and it is a film, and by rules alone otherwise."""
    if judge and measured:
        return _by_judge(file, findings, measured, judge)
    risk, weighty = risk_by_rules(findings), [x for x in findings if x.severity != "info"]
    verdict: Decision = "approve"
    if any(x.severity == "error" and x.confidence >= SURE for x in findings):
        verdict = "reject"
    elif weighty:
        verdict = "review"
    return Verdict(file, verdict, tuple(findings), risk, strongest(weighty))


def _by_judge(file: str, findings: Sequence[Finding], measured: Measurements, by: InForce) -> Verdict:
    row = describe(findings, measured)
    judged = by.judge.judge(row)
    why = reasons(by.judge, judged, row, findings)
    return Verdict(file, judged.decision, tuple(findings), judged.risk, why, by.version)


def _measure(
    path: Path, pack: Pack, roots: tuple[Path, ...], keep: Keep | None, step: Step | None
) -> tuple[Measurements | None, list[Finding]]:
    from frontrow.quality import probe
    from frontrow.quality.picture import detectors as in_picture
    from frontrow.quality.sound import detectors as in_sound
    from frontrow.quality.sound import spoken

    watch = Watch.begin(path)
    measured = keep.whole() if keep else None
    try:
        if measured is None:
            parts, add = (keep.parts(), keep.add) if keep else (None, None)
            measured = probe.measure(path, roots=roots, done=parts, keep=add, progress=told(step))
            if keep:
                keep.finish(measured)
        languages = spoken.hear(path, measured, roots)
    except UnreadableMedia as error:
        return None, [watch.refused(error)]
    findings = [*watch.grown(), *watch.cut_off(), *in_picture.find(measured, pack.picture)]
    return measured, findings + in_sound.find(measured, pack.sound, spoken=languages)


def _read(
    path: Path, pack: Pack, measured: Measurements | None, film: Path | None, roots: tuple[Path, ...] = ()
) -> tuple[Track, list[Finding]]:
    from frontrow.quality.subtitles import detectors, read, words

    track = read.read(resolve(path, roots))
    heard = words.hear(film, measured, track, roots) if film and measured else None
    return track, detectors.find(track, pack.subtitles, measured=measured, words=heard)

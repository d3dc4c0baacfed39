"""Rehearsals at work: clips are cut, damaged and inspected; what is done is kept, so that a stopped run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from frontrow import __version__
from frontrow.data import durable
from frontrow.errors import InputError, UnreadableMedia
from frontrow.jobs.measured import Kept
from frontrow.media import rework
from frontrow.media.damage.task import Task
from frontrow.quality import features, rehearsal
from frontrow.quality.damage import KINDS, Damage
from frontrow.quality.inspection import beside, inspect_film
from frontrow.quality.learning import Example
from frontrow.quality.rehearsal import Outcome, Scores, Take

if TYPE_CHECKING:
    from frontrow.quality.rules import Pack

TAKES: Final = ".takes"
FIGURES: Final = "rehearsal.json"
EXAMPLES: Final = "examples.json"


def damage(
    source: Path, kind: str, severity: float, rng: np.random.Generator, out: Path, *, other: Path | None = None
) -> Damage:
    """Write a damaged copy of `source` to `out` and say what was done.

    `source` is a film, a sound file or a subtitle file, as the kind asks; the suffix of `out` picks the container
    (.mkv holds everything losslessly). `other` is a second subtitle file, for the wrong one and the wrong language.
    Raises InputError for an unknown kind, a severity outside 0-1 or a source that the kind cannot damage,
    UnreadableMedia when the source cannot be read.
    """
    if kind not in KINDS:
        raise InputError(f"'{kind}' is no kind of damage; there are {', '.join(KINDS)}")
    if not 0 <= severity <= 1:
        raise InputError(f"severity {severity:g} is outside 0 to 1")
    chosen = KINDS[kind]
    needs_media = chosen.group in ("picture", "sound")
    task = Task(source, out, severity, rng, rework.shape(source) if needs_media else None, other)
    if needs_media and not (task.shape.width if chosen.group == "picture" else task.shape.channels):
        raise InputError(f"{source.name} has no {chosen.group}: '{kind}' needs one")
    done = chosen.make(task)
    return Damage(kind, chosen.code, done.start_s, done.end_s, severity, done.how, chosen.also)


def take(chosen: Take, *, films: Mapping[str, Path], pack: Pack, out: Path) -> Outcome:
    """One take on its film, or what an earlier run into `out` left of the same one."""
    film = films[chosen.film]
    other = None
    used = [film]
    if chosen.subtitles:
        others = (track_of(path) for name, path in films.items() if name != chosen.film)
        other = next((track for track in others if track), None)
        used += [track for track in (track_of(film), other) if track]
    stats = [(file.stat().st_size, file.stat().st_mtime_ns) for file in used]
    told = f"{__version__}\0{chosen}\0{pack}\0{stats}"
    file = out / TAKES / f"{hashlib.blake2b(told.encode(), digest_size=12).hexdigest()}.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Outcome)
    except (OSError, msgspec.DecodeError):
        pass
    outcome = run_subtitles(chosen, film, pack, out, other) if chosen.subtitles else run(chosen, film, pack, out)
    file.parent.mkdir(exist_ok=True)
    durable.replace(file, msgspec.json.encode(outcome))
    return outcome


def run(chosen: Take, film: Path, pack: Pack, work: Path) -> Outcome:
    """Cut, damage and inspect one clip; nothing stays in `work`."""
    clip, damaged = (work / f"{chosen.seed:08x}{tail}.mkv" for tail in ("", ".damaged"))
    try:
        rework.cut(film, clip, chosen.start_s, chosen.duration_s)
        done = None
        if chosen.kind is not None:
            try:
                done = damage(clip, chosen.kind, chosen.severity, np.random.default_rng(chosen.seed), damaged)
            except UnreadableMedia:
                raise
            except InputError:
                return Outcome(chosen, None, ())
        inspected = inspect_film(damaged if done else clip, pack)
    finally:
        clip.unlink(missing_ok=True)
        damaged.unlink(missing_ok=True)
    found = inspected.verdict.findings
    return Outcome(chosen, done, found, features.finite(features.describe(found, inspected.measured)))


def track_of(film: Path) -> Path | None:
    """The first of the subtitles beside a film that can be damaged."""
    return next((track for track in beside(film) if track.suffix.lower() in (".srt", ".vtt")), None)


def run_subtitles(chosen: Take, film: Path, pack: Pack, out: Path, other: Path | None = None) -> Outcome:
    """Damage the film's subtitles and hold them against the film, which is measured once, into `out`.

    `other`: the subtitles of another film.
    """
    track = track_of(film)
    if track is None:
        raise InputError(f"{film} has no SubRip or WebVTT subtitles beside it")
    damaged = out / f"{chosen.seed:08x}.{track.name}"
    done = None
    try:
        if chosen.kind is not None:
            try:
                rng = np.random.default_rng(chosen.seed)
                done = damage(track, chosen.kind, chosen.severity, rng, damaged, other=other)
            except InputError:
                return Outcome(chosen, None, ())
        inspected = inspect_film(film, pack, subtitles=[damaged if done else track], keep=Kept(out, film))
    finally:
        damaged.unlink(missing_ok=True)
    found = inspected.verdict.findings
    return Outcome(chosen, done, found, features.finite(features.describe(found, inspected.measured)))


def write(outcomes: Sequence[Outcome], out: Path) -> dict[str, Any]:
    """Write figures of both parts, and the examples of the part that may be learnt from; returns the figures."""
    parts = {part: rehearsal.score(outcomes, part) for part in ("learn", "test")}
    told = {"takes": len(outcomes), "parts": {part: _as_json(scores) for part, scores in parts.items()}}
    learnt = rehearsal.examples(outcome for outcome in outcomes if outcome.take.part == "learn")
    for name, value in ((FIGURES, told), (EXAMPLES, learnt)):
        durable.replace(out / name, msgspec.json.encode(value, enc_hook=list))
    return told


def _as_json(scores: Scores) -> dict[str, Any]:
    return {
        "recall": {kind: {"found": found, "tried": tried} for kind, (found, tried) in sorted(scores.recall.items())},
        "false": dict(scores.false),
        "clean_s": scores.clean_s,
        "false_in_ten_minutes": {
            group: scores.false_in_ten_minutes(group) if scores.clean_s else None
            for group in ("picture", "sound", "subtitles")
        },
    }


def examples(folder: Path) -> list[Example]:
    """Examples of a rehearsal, as `write` left them. Raises InputError."""
    file = folder / EXAMPLES
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[Example])
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}; run 'frontrow quality rehearse' first") from None
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{file} is no rehearsal: {error}") from None

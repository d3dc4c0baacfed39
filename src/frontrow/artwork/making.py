"""The whole way from a film to its chosen pictures, step by step, with progress, and resumable.

Files are others' work: parts of the first pass and finished crops are handed out as they come, to be kept or written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from frontrow.artwork import candidates, choose, cut, examine, networks, shots
from frontrow.artwork.candidates import Candidate, CandidateConfig
from frontrow.artwork.crop import SHAPES, Box, Crop
from frontrow.artwork.encode import SUFFIX, Format
from frontrow.artwork.survey import Part, Survey, survey
from frontrow.media.pace import Step, told
from frontrow.media.probe import Probe, probe

_PREVIEWED: Final = 2
"""Keyframes that a preview looks at closely, a picture wanted."""
_PREVIEW_LONGEST: Final = 640


@dataclass(frozen=True)
class Made:
    """What was found in one film."""

    path: Path
    probe: Probe
    shots: list[shots.Shot]
    pictures: list[choose.Picture]  # every candidate, in order of time
    choice: choose.Choice
    bars: tuple[float, float, float, float]
    faults: list[str]
    without: list[str]  # what is missing for want of a network


def find_shots(path: Path, step: Step | None = None) -> tuple[list[shots.Shot], Survey]:
    """The shots of a film and what the first pass saw; raises UnreadableMedia."""
    facts = probe(path)
    seen = survey(path, detail=False, duration_s=facts.duration_s, progress=told(step))
    return shots.find(seen.signals), seen


def find_pictures(
    path: Path,
    count: int,
    *,
    config: CandidateConfig,
    paths: Mapping[str, str] | None = None,
    done: Iterable[Part] = (),
    keep: Callable[[Part], None] | None = None,
    preview: bool = False,
    step: Step | None = None,
) -> Made:
    """The best `count` pictures of a film. `paths`: name -> file of each network to use.

    `keep` gets each part of the first pass as it is finished; parts that come back as `done` are not computed again.
    `preview` looks at keyframes alone: a hundred times real time, no shots. Raises UnreadableMedia.
    """
    facts = probe(path)
    tell = told(step)
    paths = dict(paths or {})
    seen = survey(
        path,
        detail=True,
        keyframes=preview,
        duration_s=facts.duration_s,
        done=done,
        keep=keep,
        progress=tell,
    )
    found = shots.whole(seen.signals) if preview else shots.find(seen.signals)
    if preview:
        config = replace(config, most=_PREVIEWED * count)
    longest = _PREVIEW_LONGEST if preview else examine.LONGEST
    last_s = float(seen.signals.at_s[-1])
    length_s = seen.duration_s if last_s <= seen.duration_s < 2 * last_s + 10 else last_s  # some files lie
    wanted: list[Candidate] = candidates.pick(seen.signals, found, length_s, config)
    looked, faults = (
        examine.examine(path, wanted, seen.bars, paths, longest=longest, progress=tell) if wanted else ([], [])
    )
    pictures = choose.score(looked, length_s, with_faces=networks.FACES in paths)
    return Made(
        path=path,
        probe=facts,
        shots=found,
        pictures=pictures,
        choice=choose.choose(pictures, count),
        bars=seen.bars,
        faults=_of_each_kind(seen.faults + faults),
        without=[text for name, text in networks.WITHOUT.items() if name not in paths],
    )


def _of_each_kind(faults: list[str]) -> list[str]:
    """Without those that the second pass met again: the same words with other numbers."""
    kinds: dict[str, str] = {}
    for fault in faults:
        kinds.setdefault(re.sub(r"[\d.]+", "", fault), fault)
    return list(kinds.values())


def cut_pictures(
    made: Made, take: Callable[[str, bytes], None], *, kind: Format = "jpeg", title: str = "", step: Step | None = None
) -> dict[str, Any]:
    """Cut the chosen pictures for every shape, call `take(name, file)` with each, and return the manifest."""
    width, height = shown_size(made)
    places = [cut.crops(picture, width, height) for picture in made.choice.pictures]
    files: list[dict[str, str]] = [{} for _ in places]

    def named(place: int, shape: str, data: bytes) -> None:
        at_ms = round(1000 * made.choice.pictures[place].seen.at_s)
        name = f"{at_ms:08d}-{shape.replace(':', 'x')}.{SUFFIX[kind]}"
        take(name, data)
        files[place][shape] = name

    if places:
        cut.cut(
            made.path,
            [x.seen.at_s for x in made.choice.pictures],
            places,
            made.bars,
            kind=kind,
            title=title,
            take=named,
            progress=told(step),
        )
    return describe(made) | {
        "candidates": [
            entry(picture) | {"files": made_files, "crops": {x.shape: x for x in crops}}
            for picture, crops, made_files in zip(made.choice.pictures, places, files, strict=True)
        ]
    }


def cut_again(
    path: Path, entry: dict[str, Any], manifest: dict[str, Any], shape: str, place: tuple[float, float, float]
) -> tuple[str, Box, bytes]:
    """A crop by hand of a picture of a manifest: its file's name, where it was cut, and the file.

    `place` is the wanted middle (x, y) and size, shares of the picture and of the largest crop that fits.
    """
    width, height = manifest["size"]
    wide = place[2] * min(1.0, SHAPES[shape] * height / width)
    tall = place[2] * min(1.0, width / height / SHAPES[shape])
    left, top = min(max(0.0, place[0] - wide / 2), 1 - wide), min(max(0.0, place[1] - tall / 2), 1 - tall)
    box = Box(left, top, left + wide, top + tall)
    kept: list[bytes] = []
    cut.cut(
        path,
        [entry["at_s"]],
        [[Crop(shape, box, Box(**entry["crops"][shape]["title"]), faces_whole=False)]],
        (manifest["bars"][0], manifest["bars"][1], manifest["bars"][2], manifest["bars"][3]),
        kind="webp",
        take=lambda _place, _shape, data: kept.append(data),
    )
    return f"{round(1000 * entry['at_s']):08d}-{shape.replace(':', 'x')}-hand.{SUFFIX['webp']}", box, kept[0]


def shown_size(made: Made) -> tuple[int, int]:
    """Width and height of the film's picture as it is shown: upright, without bars, with square pixels."""
    top, bottom, left, right = made.bars
    wide = made.probe.width * made.probe.pixel_aspect * (1 - left - right)
    size = max(1, round(wide)), max(1, round(made.probe.height * (1 - top - bottom)))
    return size if made.probe.rotation_degrees % 180 == 0 else (size[1], size[0])


def describe(made: Made) -> dict[str, Any]:
    """What the manifest says of the film as a whole."""
    return {
        "video": made.path.name,
        "duration_s": made.probe.duration_s,
        "size": list(shown_size(made)),
        "bars": list(made.bars),
        "shots": len(made.shots),
        "looked_at": len(made.pictures),
        "refused": made.choice.refused,
        "refusals": made.choice.counts,
        "faults": made.faults,
        "without": made.without,
    }


def entry(picture: choose.Picture) -> dict[str, Any]:
    """What the manifest says of one picture."""
    seen = picture.seen
    return {
        "at_s": seen.at_s,
        "score": picture.score,
        "reasons": picture.reasons,
        "shot": seen.shot,
        "scene": picture.scene,
        "characters": list(picture.characters),
        "faces": len(seen.faces),
        "hash": f"{seen.hash:016x}",
    }

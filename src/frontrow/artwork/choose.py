"""Scores with their reasons, and the choice of a few pictures that are good and unlike each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.examine import Examined
from frontrow.artwork.faces import characters
from frontrow.artwork.gates import credits_start
from frontrow.artwork.likeness import hash_distance

WEIGHTS: Final = {
    "technical": 0.22,
    "faces": 0.24,
    "subject": 0.16,
    "focus": 0.10,
    "contrast": 0.08,
    "colour": 0.07,
    "thirds": 0.05,
    "stillness": 0.08,
}
"""Share of each term in the score, set by hand; without the faces network the others share its part."""
_SHARP_ENOUGH: Final = 0.7
"""Technical quality beyond which more brings nothing: grass is sharper than a face before a soft ground."""
_ALIKE_COST: Final = 0.15
_COVERAGE: Final = 2.0
"""Worth of a picture that stands for the whole film, by the share of likeness to all other frames that it adds."""
_SCENE_COST: Final = 0.06
_COPY_BITS: Final = 8
_SAME_MOTIF: Final = 0.97
_SCENE: Final = 0.65
"""Cosine of embeddings from which neighbouring shots are one scene."""
_SCENE_REACH: Final = 4
_GOOD_FACE: Final = 0.004  # share of the picture


@dataclass(frozen=True)
class Picture:
    """One candidate with its score; `refused` says why it may not be shown."""

    seen: Examined
    score: float  # 0 to 1
    reasons: dict[str, float]  # each term, 0 to 1, and what was taken off
    characters: tuple[int, ...]  # recurring characters in it, 0 the most frequent
    scene: int
    refused: str | None


@dataclass(frozen=True)
class Choice:
    """The chosen pictures, best first; `refused` says why there are none."""

    pictures: list[Picture]
    refused: str | None
    counts: dict[str, int] = field(default_factory=dict)  # reason -> candidates refused for it


def score(seen: Sequence[Examined], length_s: float, *, with_faces: bool) -> list[Picture]:
    """Every candidate with score, characters and scene, in order of time. `length_s` is the film's."""
    late_s = credits_start([x.at_s for x in seen], [x.refused for x in seen], length_s)
    owners = [number for number, x in enumerate(seen) for _ in x.faces]
    names = characters([seen[n].shot for n in owners], [e for x in seen for e in x.face_embeddings])
    who: list[set[int]] = [set() for _ in seen]
    for owner, name in zip(owners, names, strict=True):
        if name >= 0:
            who[owner].add(name)
    scenes = _scenes(seen)
    pictures = []
    for x, cast, scene in zip(seen, who, scenes, strict=True):
        terms = _terms(x, cast)
        weights = {name: w for name, w in WEIGHTS.items() if with_faces or name != "faces"}
        total = sum(weights[name] * terms[name] for name in weights) / sum(weights.values())
        written = min(0.3, 6 * x.text.area)
        cut_off = 0.08 * sum(not face.whole for face in x.faces if face.area > _GOOD_FACE)
        value = max(0.0, total - written - cut_off - 0.5 * max(0.0, x.adult - 0.2))
        refused = x.refused or ("credits" if x.at_s >= late_s else None)
        reasons = {name: round(terms[name], 3) for name in weights} | {
            "text": -round(written, 3),
            "faces_cut_off": -round(cut_off, 3),
            "adult": round(x.adult, 3),
        }
        pictures.append(Picture(x, round(value, 4), reasons, tuple(sorted(cast)), scene, refused))
    return pictures


def choose(pictures: Sequence[Picture], count: int) -> Choice:
    """Up to `count` pictures: one of each main character first, then the best that are unlike those taken.

    At most one a shot; copies are left out; pictures of a scene that is already shown cost a little.
    """
    counts: dict[str, int] = {}
    for x in pictures:
        if x.refused:
            counts[x.refused] = counts.get(x.refused, 0) + 1
    fit = [x for x in pictures if not x.refused]
    if not fit:
        told = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items(), key=lambda item: -item[1]))
        return Choice(
            [], f"no suitable frame: {told}" if told else "no suitable frame: nothing outside transitions", counts
        )
    taken: list[Picture] = []
    for character in sorted({name for x in fit for name in x.characters})[: max(1, count // 2)]:
        if any(character in x.characters for x in taken):
            continue
        best = max(
            (x for x in fit if character in x.characters and _new(x, taken)), key=lambda x: x.score, default=None
        )
        if best:
            taken.append(best)
    likeness = np.maximum(0.0, np.array([x.seen.embedding for x in fit]) @ np.array([x.seen.embedding for x in fit]).T)
    while len(taken) < count:
        left = [k for k, x in enumerate(fit) if _new(x, taken)]
        if not left:
            break
        shown = np.max(likeness[[k for k, x in enumerate(fit) if x in taken]], axis=0, initial=0.0)
        best_left = max(left, key=lambda k: _worth(fit[k], taken, likeness[k], shown))
        taken.append(fit[best_left])
    taken.sort(key=lambda x: -x.score)
    return Choice(taken, None, counts)


def _terms(x: Examined, cast: set[int]) -> dict[str, float]:
    """Each term between 0 and 1."""
    return {
        "technical": min(1.0, x.technical / _SHARP_ENOUGH),
        "subject": float(np.clip((x.composition.subject - 0.42) / 0.22, 0, 1)),
        "faces": _faces(x, cast),
        "focus": float(np.clip((x.composition.focus - 0.2) / 0.35, 0, 1)),
        "contrast": float(np.clip(x.exposure.contrast / 0.22, 0, 1)),
        "colour": float(np.clip(x.exposure.colourfulness / 0.6, 0, 1)),
        "thirds": max(x.composition.thirds, x.composition.symmetry),
        "stillness": x.stillness,
    }


def _faces(x: Examined, cast: set[int]) -> float:
    """One to three whole faces, large but not filling the picture, turned to the viewer, of somebody who recurs."""
    good = [face for face in x.faces if face.area > _GOOD_FACE]
    if not good:
        return 0.0
    best = max(good, key=lambda face: face.area)
    size = float(np.clip(best.area / 0.05, 0.2, 1)) if best.area < 0.35 else 0.5
    crowd = 1.0 if len(good) <= 3 else 0.6
    return crowd * size * (0.45 + 0.25 * best.frontal + 0.15 * best.whole + 0.15 * bool(cast)) * min(1, best.sure / 0.7)


def _new(x: Picture, taken: Sequence[Picture]) -> bool:
    return all(
        x.seen.shot != other.seen.shot
        and hash_distance(x.seen.hash, other.seen.hash) > _COPY_BITS
        and float(x.seen.embedding @ other.seen.embedding) < _SAME_MOTIF
        for other in taken
    )


def _worth(x: Picture, taken: Sequence[Picture], likeness: NDArray[np.float32], shown: NDArray[np.float32]) -> float:
    """Score, plus what it adds to standing for all frames (facility location), less what repeats."""
    adds = float(np.maximum(0.0, likeness - shown).mean())
    alike = max((float(x.seen.embedding @ other.seen.embedding) for other in taken), default=0.0)
    same_scene = sum(x.scene == other.scene for other in taken)
    return x.score + _COVERAGE * adds - _ALIKE_COST * max(0.0, alike) - _SCENE_COST * same_scene


def _scenes(seen: Sequence[Examined]) -> list[int]:
    """Scene of each candidate: neighbouring shots of one place look alike."""
    scenes: list[int] = []
    recent: list[tuple[NDArray[np.float32], int]] = []
    for x in seen:
        likeness = [(float(x.embedding @ other), scene) for other, scene in recent[-_SCENE_REACH:]]
        best = max(likeness, default=(0.0, 0))
        scene = best[1] if best[0] >= _SCENE else len(set(scenes))
        scenes.append(scene)
        recent.append((x.embedding, scene))
    return scenes

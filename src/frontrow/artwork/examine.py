"""The second pass: candidate frames decoded in full and measured, in the child."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork import composition, exposure, faces, gates, likeness, quality, sharpness, text
from frontrow.artwork.candidates import Candidate
from frontrow.artwork.networks import Networks, open_networks
from frontrow.media import guard

if TYPE_CHECKING:
    from frontrow.media.child import Context

LONGEST: Final = 1280
"""Candidates are judged at no more than this many pixels a side; those of a preview at fewer."""
_SECONDS_A_FRAME: Final = 2.0
_LEAST_TIME_S: Final = 60.0

Bars = tuple[float, float, float, float]


@dataclass(frozen=True)
class Examined:
    """What was seen in one candidate."""

    at_s: float
    shot: int
    technical: float  # 0 to 1
    stillness: float
    exposure: exposure.Exposure
    composition: composition.Composition
    text: text.Text
    faces: tuple[faces.Face, ...]
    face_embeddings: NDArray[np.float32]  # (faces, d)
    adult: float  # 0 to 1; 0 without the network
    hash: int
    embedding: NDArray[np.float32]
    saliency: NDArray[np.float32]  # (18, 32), sums to 1
    refused: str | None


def examine(
    path: Path,
    candidates: Sequence[Candidate],
    bars: Bars,
    networks: dict[str, str],
    *,
    longest: int = LONGEST,
    progress: guard.Progress | None = None,
) -> tuple[list[Examined], list[str]]:
    """What is seen in each candidate that could be decoded, in order of time, and what was damaged.

    `networks`: name -> path of each network to use.
    """
    limits = guard.Limits(time_s=max(_LEAST_TIME_S, _SECONDS_A_FRAME * len(candidates)))
    arguments = {
        "path": str(path.resolve()),
        "candidates": [asdict(x) for x in candidates],
        "bars": bars,
        "networks": networks,
        "longest": longest,
    }
    seen: list[Examined] = []
    faults = guard.run(
        "frontrow.artwork.examine:look",
        arguments,
        limits,
        progress=progress,
        part=lambda found: seen.append(_examined(found)),
    )
    return seen, faults


def look(
    context: Context,
    path: str,
    candidates: list[dict[str, Any]],
    bars: list[float],
    networks: dict[str, str],
    longest: int,
) -> list[str]:
    """In the child: measure each candidate and send it, return what was damaged."""
    from frontrow.media.decode import Film
    from frontrow.media.picture import picture

    sessions = open_networks(networks)
    wanted = [Candidate(**x) for x in candidates]
    with Film(Path(path), context) as film:
        for candidate, frame in film.frames_at([x.at_s for x in wanted]):
            pixels = picture(frame, film.pixel_aspect, (bars[0], bars[1], bars[2], bars[3]), longest)
            context.part(measure(pixels, wanted[candidate], sessions))
            context.progress(wanted[candidate].at_s, film.duration_s)
        return film.damage.tell()


def measure(pixels: NDArray[np.uint8], candidate: Candidate, sessions: Networks) -> dict[str, Any]:
    """Every measure of one RGB picture, as plain values and arrays."""
    from PIL import Image

    height, width = pixels.shape[:2]
    luma = (pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32)
    small_size = (text.WIDTH, max(32, round(height * text.WIDTH / width)))
    small = np.asarray(Image.fromarray(pixels).resize(small_size, Image.Resampling.BOX))
    light = exposure.measure(pixels)
    sharp = sharpness.measure(luma)
    salient = composition.saliency(small)
    composed = composition.measure(small, salient)
    written = (
        text.detect(sessions.text, small) if sessions.text else text.measure(small.astype(np.float32).mean(axis=2))
    )
    found = faces.find(sessions.faces, pixels) if sessions.faces else []
    adult = likeness.adult(sessions.adult, pixels) if sessions.adult else 0.0
    return {
        "at_s": candidate.at_s,
        "shot": candidate.shot,
        "technical": quality.share(sharp, light),
        "stillness": candidate.stillness,
        "exposure": asdict(light),
        "composition": asdict(composed),
        "text": asdict(written),
        "faces": [asdict(face) for face in found],
        "face_embeddings": np.array([_face_embedding(sessions, pixels, face) for face in found], np.float32),
        "adult": adult,
        "hash": likeness.perceptual_hash(small),
        "embedding": likeness.embed(sessions.embedding, small),
        "saliency": salient,
        "refused": gates.refuse(light, sharp, composed, written, jump=candidate.jump, adult=adult),
    }


def _face_embedding(sessions: Networks, pixels: NDArray[np.uint8], face: faces.Face) -> NDArray[np.float32]:
    """Of the face with its hair: a character is told by more than the features."""
    height, width = pixels.shape[:2]
    wide, tall = face.right - face.left, face.bottom - face.top
    rows = slice(int(max(0, face.top - 0.4 * tall) * height), int(min(1, face.bottom + 0.1 * tall) * height) + 1)
    columns = slice(int(max(0, face.left - 0.3 * wide) * width), int(min(1, face.right + 0.3 * wide) * width) + 1)
    cut = pixels[rows, columns]
    if min(cut.shape[:2]) < 16:
        cut = np.kron(cut, np.ones((16, 16, 1), np.uint8))
    return likeness.embed(sessions.embedding, cut)


def _examined(found: dict[str, Any]) -> Examined:
    return Examined(
        **found
        | {
            "exposure": exposure.Exposure(**found["exposure"]),
            "composition": composition.Composition(**found["composition"]),
            "text": text.Text(**found["text"]),
            "faces": tuple(faces.Face(**face) for face in found["faces"]),
        }
    )

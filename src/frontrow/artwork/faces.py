"""Faces in a picture (CenterFace, Xu et al. 2019) and who they are: recurring ones are the main characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_STRIDE: Final = 4
_LEAST_SURE: Final = 0.5
_OVERLAP: Final = 0.3
_LOOKED_AT: Final = 640
"""Longest side of the picture that the network sees, pixels."""
_SAME: Final = 0.75
"""Cosine of two faces' embeddings from which they are one character's."""
_MAIN_SHOTS: Final = 2
"""A main character is seen in at least this many shots."""


@dataclass(frozen=True)
class Face:
    """Places are shares of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float
    sure: float  # 0 to 1
    frontal: float  # 1 both eyes symmetric about the nose, 0 profile

    @property
    def area(self) -> float:
        """Share of the picture."""
        return (self.right - self.left) * (self.bottom - self.top)

    @property
    def whole(self) -> bool:
        """Whether the picture's edge does not cut it."""
        margin = 0.005
        return self.left > margin and self.top > margin and self.right < 1 - margin and self.bottom < 1 - margin


def find(session: Any, picture: NDArray[np.uint8]) -> list[Face]:
    """Faces in an RGB picture, surest first. `session` is an onnxruntime session of CenterFace."""
    from PIL import Image

    height, width = picture.shape[:2]
    scale = min(1.0, _LOOKED_AT / max(height, width))
    shape = tuple(max(32, round(side * scale / 32) * 32) for side in (height, width))
    small = Image.fromarray(picture).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    batch = np.asarray(small, np.float32).transpose(2, 0, 1)[None]
    outputs = session.run(None, {session.get_inputs()[0].name: batch})
    heat, size, offset, marks = (np.asarray(x[0], np.float32) for x in outputs)
    return decode(heat, size, offset, marks, (shape[0], shape[1]))


def decode(heat: Floats, size: Floats, offset: Floats, marks: Floats, shape: tuple[int, int]) -> list[Face]:
    """Faces from the network's maps at a quarter of `shape` (rows, columns), overlapping ones left out."""
    rows, columns = np.nonzero(heat[0] > _LEAST_SURE)
    found = []
    for row, column in zip(rows, columns, strict=True):
        tall, wide = (float(np.exp(size[k, row, column])) * _STRIDE for k in (0, 1))
        top = (row + offset[0, row, column] + 0.5) * _STRIDE - tall / 2
        left = (column + offset[1, row, column] + 0.5) * _STRIDE - wide / 2
        eye, other, nose = (float(marks[2 * k + 1, row, column]) for k in range(3))  # share of the face's width
        middle, spread = (eye + other) / 2, abs(other - eye)
        frontal = float(np.clip(1 - 2 * abs(nose - middle) / max(spread, 0.05), 0, 1)) * min(1.0, spread / 0.3)
        box = (left / shape[1], top / shape[0], (left + wide) / shape[1], (top + tall) / shape[0])
        within = [float(np.clip(x, 0, 1)) for x in box]
        found.append(Face(within[0], within[1], within[2], within[3], float(heat[0, row, column]), frontal))
    kept: list[Face] = []
    for face in sorted(found, key=lambda x: -x.sure):
        if all(_overlap(face, other) < _OVERLAP for other in kept):
            kept.append(face)
    return kept


def characters(shots: Sequence[int], embeddings: Sequence[Floats]) -> list[int]:
    """Which character each face is, from 0 for the most frequent; -1 for one that is seen in a single shot.

    `shots` and `embeddings` (length 1 each) are those of all faces of the film. Faces join the nearest character.
    """
    centres: list[Floats] = []
    members: list[list[int]] = []
    for number, embedding in enumerate(embeddings):
        likeness = [float(embedding @ centre) / float(np.linalg.norm(centre)) for centre in centres]
        best = int(np.argmax(likeness)) if likeness else -1
        if best >= 0 and likeness[best] >= _SAME:
            centres[best] = centres[best] + embedding
            members[best].append(number)
        else:
            centres.append(embedding)
            members.append([number])
    named = [-1] * len(shots)
    recurring = [faces for faces in members if len({shots[face] for face in faces}) >= _MAIN_SHOTS]
    for character, group in enumerate(sorted(recurring, key=lambda faces: (-len(faces), faces[0]))):
        for face in group:
            named[face] = character
    return named


def _overlap(a: Face, b: Face) -> float:
    wide = min(a.right, b.right) - max(a.left, b.left)
    tall = min(a.bottom, b.bottom) - max(a.top, b.top)
    both = max(0.0, wide) * max(0.0, tall)
    return both / max(a.area + b.area - both, 1e-9)

"""What the first pass keeps of every frame: a few numbers of change and light, and a thumbnail of 18 x 32 bytes.

Frames are picked on a grid of 36 x 64 luma and 18 x 32 chroma samples and worked on in batches, since a call of numpy
costs more than its arithmetic at that size. Two hours of film come to 110 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

LUMA: Final = (36, 64)
CHROMA: Final = (18, 32)
THUMBNAIL: Final = (18, 32)
_LUMA_BINS, _CHROMA_BINS = 64, 32
_LEVEL_NOISE: Final = 4.0
"""Variance in 8-bit codes below which structure is taken for noise, so that two flat frames correlate."""
_EDGE_NOISE: Final = 2.0


@dataclass(frozen=True)
class Signals:
    """One row a frame; changes are against the frame before (0 for the first)."""

    at_s: NDArray[np.float64]
    change: Floats  # mean absolute difference of luma and chroma block means, 8-bit codes
    structure: Floats  # 1 - correlation of block means: 0 the same picture, 1 nothing in common
    edges: Floats  # 1 - correlation of gradient magnitudes: what a change of light leaves alone
    histogram: Floats  # 1 - histogram intersection, mean of the three planes
    level: Floats  # mean luma, 8-bit codes
    contrast: Floats  # standard deviation of luma block means
    thumbnail: Bytes  # (frames, 576) luma block means
    detail: Floats  # mean absolute second difference along rows of full width; NaN where it was not measured

    def __len__(self) -> int:
        return len(self.at_s)


class Meter:
    """Turns batches of sampled frames into rows of `Signals`; remembers the last frame between batches."""

    def __init__(self) -> None:
        self._last: tuple[Floats, Floats, Floats, Floats] | None = None

    def measure(self, luma: Bytes, u: Bytes, v: Bytes) -> dict[str, NDArray[np.generic]]:
        """Everything but times and detail, for frames as (n, 36, 64), (n, 18, 32), (n, 18, 32)."""
        count = len(luma)
        blocks = luma.reshape(count, 18, 2, 32, 2).astype(np.float32).mean(axis=(2, 4))
        colours = np.concatenate([u, v], axis=1).astype(np.float32)
        bins = np.concatenate(
            [_histogram(luma, _LUMA_BINS), _histogram(u, _CHROMA_BINS), _histogram(v, _CHROMA_BINS)], axis=1
        )
        edges = np.abs(np.diff(blocks, axis=2))[:, :-1] + np.abs(np.diff(blocks, axis=1))[:, :, :-1]
        now = (blocks, colours, bins, edges)
        before = self._last or tuple(part[:1] for part in now)
        blocks0, colours0, bins0, edges0 = (np.concatenate([b, a[:-1]]) for a, b in zip(now, before, strict=True))
        self._last = (blocks[-1:], colours[-1:], bins[-1:], edges[-1:])
        return {
            "change": np.abs(blocks - blocks0).mean(axis=(1, 2)) + 2 * np.abs(colours - colours0).mean(axis=(1, 2)),
            "structure": 1 - _correlation(blocks, blocks0, _LEVEL_NOISE),
            "edges": 1 - _correlation(edges, edges0, _EDGE_NOISE),
            "histogram": 1 - np.minimum(bins, bins0).sum(axis=1) / 3,
            "level": blocks.mean(axis=(1, 2)),
            "contrast": blocks.std(axis=(1, 2)),
            "thumbnail": blocks.astype(np.uint8).reshape(count, -1),
        }


class Growing:
    """Signals that grow batch by batch. They are held once: a list of batches takes twice the memory when joined."""

    def __init__(self) -> None:
        self._columns: dict[str, bytearray] = {}
        self._kinds: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}

    def add(self, part: Mapping[str, NDArray[Any]]) -> None:
        """One more batch: what `Meter.measure` gives, with times and detail."""
        for name in Signals.__dataclass_fields__:
            self._kinds.setdefault(name, (part[name].dtype, part[name].shape[1:]))
            self._columns.setdefault(name, bytearray()).extend(np.ascontiguousarray(part[name]).data.cast("B"))

    def signals(self) -> Signals:
        """All that was added; nothing may be added afterwards."""
        return Signals(**{
            name: np.frombuffer(self._columns[name], kind).reshape(-1, *shape)
            for name, (kind, shape) in self._kinds.items()
        })  # fmt: skip


def join(parts: Iterable[Mapping[str, NDArray[Any]]]) -> Signals:
    """The signals of consecutive batches as one."""
    grown = Growing()
    for part in parts:
        grown.add(part)
    return grown.signals()


def _histogram(plane: Bytes, bins: int) -> Floats:
    """Shares of `bins` equal ranges of codes, (n, bins)."""
    count = len(plane)
    codes = plane.reshape(count, -1).astype(np.int32) // (256 // bins)
    codes += np.arange(count, dtype=np.int32)[:, None] * bins
    counted = np.bincount(codes.ravel(), minlength=count * bins).reshape(count, bins)
    return (counted / codes.shape[1]).astype(np.float32)


def _correlation(a: Floats, b: Floats, noise: float) -> Floats:
    """Correlation of each pair of pictures: near 1 where both have less structure than noise, near 0 where one has."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = np.sqrt(((a * a).mean(axis=1) + noise) * ((b * b).mean(axis=1) + noise))
    return np.asarray(((a * b).mean(axis=1) + noise) / spread)

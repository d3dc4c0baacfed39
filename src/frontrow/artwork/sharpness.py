"""Sharpness that noise and compression cannot fake, and what blurs a picture.

The variance of the Laplacian rises with noise and with the edges of JPEG blocks, so it prefers damaged pictures. Here
the gradient is taken behind a small low-pass, the share of it that estimated noise explains is taken off (Immerkaer
1996 for the estimate, on the flattest parts), and steps on an 8 x 8 grid are counted apart. Steepness is the gradient
of the strongest edges against the contrast around them: the inverse width of an edge, whatever is in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_GRID: Final = 8
_TILE: Final = 16
_SOFT: Final = (0.25, 0.5, 0.25)
"""Low-pass before the gradient: halves the noise, widens an edge by a pixel."""
_WIDE: Final = 5
"""Pixels on either side over which the contrast at an edge is taken."""


@dataclass(frozen=True)
class Sharpness:
    """All of luma in 8-bit codes."""

    steepness: (
        float  # gradient of the strongest edges by the contrast around them, 1/pixels; 0 flat, about 0.4 a hard edge
    )
    detail: float  # mean gradient after noise is taken off, codes a pixel
    noise: float  # standard deviation of noise, codes
    blockiness: float  # mean step on the block grid by the mean step elsewhere, less 1
    smear: float  # how much smaller the gradient is in its weakest direction: 0 even, 1 blurred along one direction


def measure(luma: Floats) -> Sharpness:
    """Of a picture as (height, width) with at least 32 x 32 pixels."""
    noise = noise_level(luma)
    soft = _blur(_blur(luma, 0), 1)
    across, down = soft[1:-1, 2:] - soft[1:-1, :-2], soft[2:, 1:-1] - soft[:-2, 1:-1]
    power = 0.25 * (across * across + down * down)
    clean = np.sqrt(np.maximum(0.0, power - 0.1 * noise * noise))
    return Sharpness(
        steepness=_steepness(soft, across, down, noise),
        detail=float(clean.mean()),
        noise=noise,
        blockiness=blockiness(luma),
        smear=_smear(across, down, noise),
    )


def noise_level(luma: Floats) -> float:
    """Standard deviation of noise: a difference of two Laplacians that structure leaves at 0, in the flattest tiles."""
    x = luma
    residual = (
        x[:-2, :-2] + x[:-2, 2:] + x[2:, :-2] + x[2:, 2:] + 4 * x[1:-1, 1:-1]
        - 2 * (x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:])
    )  # fmt: skip
    tiles = tile_means(np.abs(residual), _TILE)
    light = tile_means(luma[1:-1, 1:-1], _TILE)
    usable = tiles[(light > 20) & (light < 235)]  # clipping hides noise
    values = usable if usable.size >= 8 else tiles
    return float(np.sqrt(np.pi / 2) / 6 * np.quantile(values, 0.2))


def blockiness(luma: Floats) -> float:
    """Excess of steps across the lines of an 8-pixel grid, at its likeliest place, mean of both directions."""
    found = []
    for steps in (np.abs(np.diff(luma, axis=1)).mean(axis=0), np.abs(np.diff(luma, axis=0)).mean(axis=1)):
        whole = len(steps) // _GRID * _GRID
        phases = steps[:whole].reshape(-1, _GRID)
        typical = np.median(phases, axis=0)
        top = int(np.argmax(typical))
        others = np.delete(typical, top).mean()
        found.append(float(typical[top] / (others + 0.5) - 1))
    return max(0.0, float(np.mean(found)))


def tile_means(values: Floats, side: int) -> Floats:
    """Means of whole tiles of `side` x `side`."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    tiles = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.asarray(tiles.mean(axis=(1, 3)))


def _steepness(soft: Floats, across: Floats, down: Floats, noise: float) -> float:
    """Median over the strongest edges of gradient by the range of luma within some pixels, across the edge."""
    found = []
    inner = soft[1:-1, 1:-1]
    for axis, gradient in ((1, across), (0, down)):
        size = np.abs(gradient)[_WIDE:-_WIDE, _WIDE:-_WIDE] / 2
        floor = max(4.0, 2.0 * noise, float(np.quantile(size[::2, ::2], 0.97)))
        places = np.argwhere(size > floor)[::3] + _WIDE
        if len(places) < 20:
            continue
        offsets = np.arange(-_WIDE, _WIDE + 1)
        rows = places[:, :1] + (offsets if axis == 0 else 0)
        columns = places[:, 1:] + (offsets if axis == 1 else 0)
        around = inner[rows, columns]
        spread = around.max(axis=1) - around.min(axis=1)
        found.append(np.abs(gradient[places[:, 0], places[:, 1]]) / 2 / (spread + 1.0))
    return float(np.median(np.concatenate(found))) if found else 0.0


def _smear(across: Floats, down: Floats, noise: float) -> float:
    """1 - smaller by larger eigenvalue of the mean structure tensor, noise taken off."""
    off = 0.2 * noise * noise
    xx, yy = float((across * across).mean()) - off, float((down * down).mean()) - off
    xy = float((across * down).mean())
    middle, reach = (xx + yy) / 2, float(np.hypot((xx - yy) / 2, xy))
    return float(np.clip(1 - (middle - reach) / max(middle + reach, 1e-3), 0.0, 1.0))


def _blur(values: Floats, axis: int) -> Floats:
    padded = np.pad(values, [(1, 1) if k == axis else (0, 0) for k in range(2)], mode="edge")
    a, b, c = _SOFT
    if axis == 0:
        return np.asarray(a * padded[:-2] + b * padded[1:-1] + c * padded[2:])
    return np.asarray(a * padded[:, :-2] + b * padded[:, 1:-1] + c * padded[:, 2:])

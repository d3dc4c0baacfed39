"""Tiny films made with PyAV whose shots are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Film = Callable[..., Path]


def encode(path: Path, frames: Sequence[NDArray[np.uint8]], rate: int = 25) -> Path:
    """Write RGB frames as H.264 with a keyframe every twelve."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "20", "g": "12", "preset": "ultrafast"}
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def scene(seed: int, height: int = 96, width: int = 160) -> NDArray[np.uint8]:
    """A picture with large shapes and some texture, another for each seed; -1 is black."""
    if seed < 0:
        return np.full((height, width, 3), 3, np.uint8)
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(30, 220, (6, 10, 3)), np.ones((height // 6, width // 10, 1)))
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def moving(seed: int, count: int) -> list[NDArray[np.uint8]]:
    """A slow pan over a scene."""
    return [np.roll(scene(seed), shift, axis=1) for shift in range(count)]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """film([(seed, frames), ...], name="film.mp4") -> path of a film of such shots."""

    def make(shots: Sequence[tuple[int, int]], name: str = "film.mp4", rate: int = 25) -> Path:
        return encode(tmp_path / name, [frame for seed, count in shots for frame in moving(seed, count)], rate)

    return make

"""Generated transitions: what the weights of `artwork/cuts.py` were fitted on, and how well they do on fresh ones.

Windows of unlabelled clips that are one shot each are glued by cuts and dissolves, with traps in between: flashes,
switched lights, passing objects, shake, faster motion, repeated frames, grey film, noise. The labelled clips take no
part.

    FRONTROW_DATA=<dir> python -m benchmarks.artwork_transitions     # fits and prints the weights
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from frontrow.artwork import cuts
from frontrow.artwork.signals import CHROMA, LUMA, Meter, Signals
from frontrow.media.decode import Film
from frontrow.media.guard import Limits
from frontrow.media.planes import planar, sample

CLIPS = (
    "cv_cup.mp4", "decord_pancake.mkv", "imageio_cockatoo.mp4", "moviepy_chaplin.mp4", "o4n_horses.mp4",
    "o4n_traffic.mp4", "openshot_run.mp4", "vmaf_Seeking_30_480_1050.mp4",
)  # fmt: skip
RATE = 25.0
Planes = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class _Context:
    """The child's context, for a decoding in this process: the benchmark trusts its own clips."""

    limits = Limits()
    expired = False


def sampled(path: Path) -> Planes:
    """All frames of a clip on the grid of the first pass."""
    planes: list[list[NDArray[np.uint8]]] = [[], [], []]
    with Film(path, _Context(), draft=True, threads=1) as film:  # type: ignore[arg-type]
        for _, decoded in film.frames():
            frame = planar(decoded)
            for number, shape in enumerate((LUMA, CHROMA, CHROMA)):
                planes[number].append(np.empty(shape, np.uint8))
                sample(frame, number, *shape, planes[number][-1])
    return tuple(np.stack(x).astype(np.float32) for x in planes)  # type: ignore[return-value]


def reel(clips: list[Planes], rng: np.random.Generator, shots: int = 10) -> tuple[Signals, NDArray[np.bool_]]:
    """Signals of a glued film and which of its frames begin with a hard cut."""
    parts: list[list[NDArray[np.float32]]] = []
    starts: list[int] = []
    source, end, length = -1, 0, 0
    for _ in range(shots):
        if source < 0 or rng.random() > 0.35:  # else a jump within the same clip
            source, end = int(rng.integers(len(clips))), -1
        clip = clips[source]
        count = min(int(rng.integers(12, 60)), len(clip[0]) - 1)
        begin = int(rng.integers(0, len(clip[0]) - count))
        if end >= 0 and abs(begin - end) < 40:
            begin = 0 if end > 80 else len(clip[0]) - count - 1
        end = begin + count
        taken = slice(begin, end, int(rng.choice([1, 1, 1, 2, 3])))
        part = _trapped([plane[taken].copy() for plane in clip], rng)
        if parts and rng.random() < 0.2:
            blended = min(12, len(part[0]) // 2, len(parts[-1][0]) // 2)
            share = np.linspace(0, 1, blended + 2, dtype=np.float32)[1:-1, None, None]
            for now, before in zip(part, parts[-1], strict=True):
                now[:blended] = share * now[:blended] + (1 - share) * before[-blended:]
            parts[-1] = [plane[:-blended] for plane in parts[-1]]
            length -= blended
        elif parts:
            starts.append(length)
        parts.append(part)
        length += len(part[0])
    planes = [np.concatenate([part[k] for part in parts]).clip(0, 255).astype(np.uint8) for k in range(3)]
    begins = np.zeros(length, bool)
    begins[starts] = True
    rows = Meter().measure(*planes)
    signals = Signals(at_s=np.arange(length) / RATE, detail=np.full(length, np.nan, np.float32), **rows)  # type: ignore[arg-type]
    return signals, begins


def _trapped(part: list[NDArray[np.float32]], rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """A shot with what looks like a cut and is none."""
    y, u, v = part
    gain, offset = rng.choice([1, 1, 1, 0.5, 0.25]), rng.choice([0, 0, 10])
    y, u, v = 16 + (y - 16) * gain + offset, 128 + (u - 128) * gain, 128 + (v - 128) * gain
    if rng.random() < 0.25:  # grey film
        u[:], v[:] = 128, 128
    if rng.random() < 0.3 and len(y) > 16:  # flash
        at, wide, strength = int(rng.integers(5, len(y) - 5)), int(rng.integers(1, 4)), rng.uniform(0.3, 0.9)
        y[at : at + wide] += (235 - y[at : at + wide]) * strength
    if rng.random() < 0.25 and len(y) > 16:  # a light is switched
        at, factor = int(rng.integers(5, len(y) - 5)), rng.uniform(0.6, 1.5)
        y[at:] = 16 + (y[at:] - 16) * factor
        u[at:] += rng.uniform(-12, 12)
    if rng.random() < 0.25:  # something passes close by
        wide, speed, level = int(rng.integers(10, 30)), int(rng.integers(2, 8)), rng.uniform(20, 220)
        for k in range(len(y)):
            left = speed * k - wide
            y[k, :, max(0, left) : max(0, left + wide)] = level
    if rng.random() < 0.2:  # shake
        for k in range(len(y)):
            y[k] = np.roll(y[k], int(rng.integers(-2, 3)), axis=1)
    if rng.random() < 0.25:  # repeated frames
        y, u, v = (np.repeat(plane, 2, axis=0)[: len(plane)] for plane in (y, u, v))
    return [(y + rng.normal(0, rng.choice([0.01, 0.01, 2]), y.shape)).astype(np.float32), u, v]


def reels(data: Path, seed: int, count: int) -> list[tuple[Signals, NDArray[np.bool_]]]:
    """`count` glued films of ten shots."""
    clips = [sampled(data / "artwork" / "video" / name) for name in CLIPS]
    rng = np.random.default_rng(seed)
    return [reel(clips, rng) for _ in range(count)]


def run(data: Path | None) -> Iterator[Figure]:
    """F1 on reels that the weights were not fitted on."""
    if data is None:
        return
    right = found = real = 0
    for signals, begins in reels(data, seed=2, count=60):
        hits = cuts.find(signals)[0]
        right += int(begins[hits].sum())
        found += len(hits)
        real += int(begins.sum())
    yield Figure(
        "hard cuts among generated traps, F1", 2 * right / (found + real), detail=f"{real} cuts, {found} found"
    )


def fit(data: Path) -> None:
    """Fit and print the weights."""
    from sklearn.linear_model import LogisticRegression

    made = reels(data, seed=1, count=150)
    x = np.concatenate([cuts.evidence(signals) for signals, _ in made])
    y = np.concatenate([begins for _, begins in made])
    model = LogisticRegression(C=1.0, max_iter=2000).fit(x, y)
    print("WEIGHTS", model.coef_[0].round(3).tolist(), "BIAS", float(model.intercept_[0].round(3)), "cuts", y.sum())


if __name__ == "__main__":
    fit(Path(os.environ["FRONTROW_DATA"]))

"""Real frames against damaged copies of themselves: how often the technical score prefers the original.

Blur, exposure, noise, JPEG and motion blur, each at a strength drawn by chance; weights were fitted on the clips TRAIN
and are judged on frames of TEST, beside the variance of the Laplacian.

    FRONTROW_DATA=<dir> python -m benchmarks.artwork_degraded     # fits and prints the weights
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.artwork_transitions import _Context
from benchmarks.figure import Figure
from frontrow.artwork import exposure, quality, sharpness
from frontrow.media.decode import Film
from frontrow.media.picture import picture

TRAIN = (
    "cv_cup.mp4", "decord_pancake.mkv", "imageio_cockatoo.mp4", "moviepy_chaplin.mp4", "o4n_horses.mp4",
    "o4n_traffic.mp4", "openshot_run.mp4", "vmaf_Seeking_30_480_1050.mp4", "mma_demo.mp4", "sintel_jetplay.mp4",
    "lm_small_bunny_1080p60.mp4",
)  # fmt: skip
TEST = (
    "sintel_arpage.mp4", "bbb_480p_30s.mp4", "katna_pos_video.mp4", "hecate_video_sum.mp4", "skv_bikes.mp4",
    "nasa_13013.mp4", "sintel_codrops.mp4", "pitivi_tears_of_steel.webm", "moviepy_bbb_0_30.webm",
)  # fmt: skip
KINDS = ("blur", "exposure", "noise", "jpeg", "motion")
Picture = NDArray[np.uint8]


def frames(path: Path, count: int) -> list[Picture]:
    """Evenly spaced frames that show something."""
    with Film(path, _Context()) as film:  # type: ignore[arg-type]
        total = film.stream.frames or int(film.duration_s * film.frame_rate)
        wanted = set(np.linspace(0.03 * total, 0.97 * total, count).astype(int).tolist())
        found = [picture(f, 1.0, (0, 0, 0, 0), 1280) for k, (_, f) in enumerate(film.frames()) if k in wanted]
    return [x for x in found if x.std() > 18 and x.mean() > 22]


def degrade(original: Picture, kind: str, rng: np.random.Generator) -> Picture:
    """A damaged copy; blur grows with the picture."""
    from scipy import ndimage

    scale = max(0.6, original.shape[1] / 640)
    x = original.astype(np.float32)
    if kind == "blur":
        sigma = rng.uniform(0.8, 3) * scale
        x = ndimage.gaussian_filter(x, (sigma, sigma, 0))
    elif kind == "exposure":
        stops = rng.choice([-1, 1]) * rng.uniform(0.8, 1.8)
        x = 255 * np.clip((x / 255) ** 2.2 * 2**stops, 0, 1) ** (1 / 2.2)
    elif kind == "noise":
        x = x + rng.normal(0, rng.uniform(6, 25), x.shape)
    elif kind == "jpeg":
        file = io.BytesIO()
        Image.fromarray(original).save(file, "JPEG", quality=int(rng.integers(6, 31)))
        return np.asarray(Image.open(file))
    else:
        x = _smeared(x, int(rng.integers(7, 22) * scale) | 1, rng.uniform(0, np.pi))
    return np.clip(x + 0.5, 0, 255).astype(np.uint8)


def _smeared(x: NDArray[np.float32], length: int, angle: float) -> NDArray[np.float32]:
    from scipy.signal import fftconvolve

    kernel, middle = np.zeros((length, length), np.float32), (length - 1) / 2
    for step in np.linspace(-middle, middle, 4 * length):
        kernel[round(middle + step * np.sin(angle)), round(middle + step * np.cos(angle))] = 1
    padded = np.pad(x, ((length, length), (length, length), (0, 0)), mode="reflect")
    blurred = fftconvolve(padded, kernel[..., None] / kernel.sum(), mode="same", axes=(0, 1))
    return np.asarray(blurred[length:-length, length:-length])


def luma(x: Picture) -> NDArray[np.float32]:
    return x.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def pairs(data: Path, clips: tuple[str, ...], count: int, seed: int) -> Iterator[tuple[str, Picture, Picture]]:
    """(kind, original, damaged)."""
    rng = np.random.default_rng(seed)
    for name in clips:
        for original in frames(data / "artwork" / "video" / name, count):
            for kind in KINDS:
                yield kind, original, degrade(original, kind, rng)


def laplacian(x: Picture) -> float:
    y = luma(x)
    return float((4 * y[1:-1, 1:-1] - y[:-2, 1:-1] - y[2:, 1:-1] - y[1:-1, :-2] - y[1:-1, 2:]).var())


def terms(x: Picture) -> tuple[float, ...]:
    return quality.terms(sharpness.measure(luma(x)), exposure.measure(x))


def run(data: Path | None) -> Iterator[Figure]:
    """Share of pairs in which the original is preferred."""
    if data is None:
        return
    ours: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    theirs: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for kind, original, damaged in pairs(data, TEST, 30, seed=5):
        ours[kind].append(float(np.dot(quality.WEIGHTS, np.subtract(terms(original), terms(damaged)))) > 0)
        theirs[kind].append(laplacian(original) > laplacian(damaged))
    for kind in KINDS:
        yield Figure(
            f"original preferred to {kind}", float(np.mean(ours[kind])), peer="Laplacian variance",
            peer_value=float(np.mean(theirs[kind])), detail=f"{len(ours[kind])} frames",
        )  # fmt: skip
    yield Figure(
        "original preferred, all kinds", float(np.mean(list(ours.values()))), reach=0.97, peer="Laplacian variance",
        peer_value=float(np.mean(list(theirs.values()))),
    )  # fmt: skip


def fit(data: Path) -> None:
    """Fit and print the weights."""
    from sklearn.linear_model import LogisticRegression

    x = np.array([np.subtract(terms(a), terms(b)) for _, a, b in pairs(data, TRAIN, 20, seed=5)])
    scale = x.std(axis=0)
    both = np.concatenate([x / scale, -x / scale])
    model = LogisticRegression(C=0.3, fit_intercept=False).fit(both, np.repeat([1, 0], len(x)))
    print("WEIGHTS", (model.coef_[0] / scale).round(2).tolist(), len(x), "pairs")


if __name__ == "__main__":
    fit(Path(os.environ["FRONTROW_DATA"]))

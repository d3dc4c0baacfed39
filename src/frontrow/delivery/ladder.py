"""A title's own encoding ladder: which trials to encode, and which rungs to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.delivery.hull import Trial, bd_rate_percent, frontier, hull, predict
from frontrow.delivery.link import Floats
from frontrow.errors import InputError

FIXED = (
    (234, 145.0), (360, 365.0), (432, 730.0), (432, 1100.0), (540, 2000.0), (720, 3000.0), (720, 4500.0),
    (1080, 6000.0), (1080, 7800.0),
)  # fmt: skip
"""The one-size ladder that per-title encoding is compared with: Apple's HLS authoring specification, H.264."""


@dataclass(frozen=True)
class LadderConfig:
    """What is tried and what is kept."""

    heights: tuple[int, ...] = (234, 360, 540, 720, 1080)
    """Heights to try; those above the film's own are left out and its own is added."""
    crfs: tuple[float, ...] = (19.0, 22.0, 25.0, 28.0, 31.0, 34.0, 37.0, 40.0, 43.0)
    """CRFs of the grid; 19 is transparent with x264, 43 is the least anybody watches."""
    encoded_crfs: tuple[float, ...] = (22.0, 37.0)
    """CRFs that are really encoded at each height; the rest is predicted."""
    best_vmaf: float = 95.0
    """Above this more bits show nothing; the top rung is the cheapest that reaches it."""
    least_vmaf: float = 30.0
    """The lowest rung's quality at least, where the film has one."""
    step_vmaf: float = 9.0
    """Wanted step between rungs: about one and a half just-noticeable differences (six points of VMAF each)."""
    lowest_kbps: float = 150.0
    """The lowest rung's rate is not above this where the film allows it, for the poorest lines."""


@dataclass(frozen=True)
class Rung:
    """One encode that viewers get."""

    height: int
    crf: float
    bitrate_kbps: float
    vmaf: float


@dataclass(frozen=True)
class Ladder:
    """Rungs by rising rate, the curve they come from, and what they save against the fixed ladder."""

    rungs: list[Rung]
    curve: list[Trial]
    bd_rate_percent: float | None
    """None where the two share no quality."""


def heights_of(film_height: int, config: LadderConfig) -> list[int]:
    """Heights to try for a film, ascending and even."""
    return sorted({min(height, film_height) // 2 * 2 for height in config.heights})


def choose_scenes(complexity: Floats, count: int, scene_s: int) -> list[int]:
    """Seconds at which to sample: of equally large groups of scenes, from plain to busy, the middle one of each.

    `complexity` is a figure a second (bits of the source serve). Each scene then stands for an equal part of the film.
    """
    if not len(complexity):
        raise InputError("the film has no full second; it needs one for a ladder")
    starts = np.arange(0, max(len(complexity) - scene_s, 0) + 1, max(scene_s, 1))
    means = np.array([float(np.mean(complexity[start : start + scene_s])) for start in starts])
    groups = np.array_split(np.argsort(means, kind="stable"), min(count, len(starts)))
    return sorted(int(starts[group[len(group) // 2]]) for group in groups)


def build(trials: Sequence[Trial], config: LadderConfig = LadderConfig()) -> Ladder:
    """Rungs at equal perceptual steps on the frontier of the trials and what is predicted from them.

    The convex hull tells what mixing buys; rungs are not mixed, so they are taken from every encode that no cheaper one
    matches, which keeps steps small where the hull has a long straight edge.
    """
    grid = predict(trials, sorted({*config.crfs, *config.encoded_crfs}))
    curve = frontier(grid)
    top = next((x for x in curve if x.vmaf >= config.best_vmaf), curve[-1])
    shown = [x for x in curve if x.bitrate_kbps <= top.bitrate_kbps]
    bottom = next((x for x in shown if x.vmaf >= config.least_vmaf), shown[0])
    cheap = [x for x in shown if x.bitrate_kbps <= config.lowest_kbps]
    if cheap and cheap[-1].bitrate_kbps < bottom.bitrate_kbps:
        bottom = cheap[-1]
    steps = max(round((top.vmaf - bottom.vmaf) / config.step_vmaf), 1)
    wanted = np.linspace(bottom.vmaf, top.vmaf, steps + 1) if top.vmaf > bottom.vmaf else [top.vmaf]
    chosen = {_nearest(shown, float(vmaf)) for vmaf in wanted}
    rungs = [Rung(x.height, x.crf, x.bitrate_kbps, x.vmaf) for x in sorted(chosen, key=lambda x: x.bitrate_kbps)]
    return Ladder(rungs, hull(grid), _saved(curve, grid))


def _nearest(curve: Sequence[Trial], vmaf: float) -> Trial:
    return min(curve, key=lambda x: abs(x.vmaf - vmaf))


def _saved(curve: Sequence[Trial], grid: Sequence[Trial]) -> float | None:
    """BD-rate against the fixed ladder, whose quality at each of its rates is read off the curve of its height."""
    fixed = []
    heights = sorted({x.height for x in grid})
    for height, kbps in FIXED:
        own = max((h for h in heights if h <= height), default=heights[0])
        line = sorted((x for x in grid if x.height == own), key=lambda x: x.bitrate_kbps)
        rates = np.log([x.bitrate_kbps for x in line])
        if rates[0] <= np.log(kbps) <= rates[-1]:
            fixed.append(Trial(own, 0.0, kbps, float(np.interp(np.log(kbps), rates, [x.vmaf for x in line])), True))
    try:
        return bd_rate_percent(curve, fixed) if len(fixed) >= 2 else None
    except InputError:
        return None

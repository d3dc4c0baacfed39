"""A title's own encoding ladder: which trials to encode, and which rungs to keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from frontrow.delivery.codecs import H264, Codec
from frontrow.delivery.hull import Trial, bd_rate_percent, frontier, hull
from frontrow.delivery.link import Floats
from frontrow.delivery.surrogate import Surrogate
from frontrow.errors import InputError

FIXED = (
    (234, 145), (360, 365), (432, 730), (432, 1100), (540, 2000), (720, 3000), (720, 4500), (1080, 6000), (1080, 7800),
)  # fmt: skip
"""Height and kbit/s of the one-size ladder that per-title encoding is compared with: Apple's HLS authoring
specification, H.264."""


def fixed_rungs(width: int, height: int) -> list[tuple[int, int]]:
    """Height and kbit/s of the fixed ladder's rungs that a film gets; a wide one counts by its width, in 16:9."""
    lines = max(height, width * 9 / 16)
    return [(min(rung, height) // 2 * 2, kbps) for rung, kbps in FIXED if rung <= lines] or [
        (height // 2 * 2, FIXED[0][1])
    ]


def fixed_arguments(kbps: int, preset: str | None) -> list[str]:
    """ffmpeg's options for a rung of the fixed ladder: a mean rate, and at most a tenth more over two seconds.

    So encodes who sells a rate: every scene gets the rung's bits, whether it needs them or not.
    """
    rate = ["-b:v", f"{kbps}k", "-maxrate", f"{round(1.1 * kbps)}k", "-bufsize", f"{2 * kbps}k"]
    return ["-c:v", H264.encoder, "-preset", preset or H264.preset, *rate, *H264.one_thread]


_UNREACHED = 10.0
"""Cost, as a logarithm of the rate, of each point of VMAF that a height cannot reach: more than any rate's."""


@dataclass(frozen=True)
class LadderConfig:
    """What is tried and what is kept."""

    heights: tuple[int, ...] = (234, 360, 540, 720, 1080)
    """Heights to try; those above the film's own are left out and its own is added."""
    codec: Codec = H264
    """Whose CRFs are the grid."""
    encoded_share: float = 0.25
    """Part of the grid that is really encoded, 0 to 1; the rest is predicted. A quarter is within a point of VMAF."""
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
    codec: str = H264.name
    offsets: tuple[int, ...] = ()
    """CRF of each segment less the rung's; none: the same throughout."""


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


def first_trials(heights: Sequence[int], config: LadderConfig) -> list[tuple[int, float]]:
    """Height and CRF of what is encoded before anything is known: a good encode of the film's own height, and the worst
    of the lowest, which holds the hull's lower end and everything up to its first bend.
    """
    crfs = config.codec.crfs
    return [(heights[-1], crfs[2]), (heights[0], crfs[-1])]


def next_trial(
    trials: Sequence[Trial], heights: Sequence[int], config: LadderConfig, ceilings: Mapping[int, float]
) -> tuple[int, float] | None:
    """Height and CRF of the encode that tells most about the hull; None when the share of the grid is used up."""
    if len(trials) >= round(config.encoded_share * len(heights) * len(config.codec.crfs)):
        return None
    return _believe(trials, heights, config, ceilings).most_telling(config.least_vmaf, config.best_vmaf)


def fill(
    trials: Sequence[Trial], config: LadderConfig, ceilings: Mapping[int, float] = MappingProxyType({})
) -> list[Trial]:
    """The whole grid at the heights of the trials or of `ceilings`: encodes, and what is believed where there is none.

    `ceilings`: VMAF of each height without an encoder, from scaling alone; 100 where it is not told.
    """
    return _believe(trials, {*ceilings, *(x.height for x in trials)}, config, ceilings).grid()


def _believe(
    trials: Sequence[Trial], heights: Collection[int], config: LadderConfig, ceilings: Mapping[int, float]
) -> Surrogate:
    belief = Surrogate(heights, config.codec.crfs, ceilings)
    belief.learn(trials)
    return belief


def choose_scenes(complexity: Floats, count: int, scene_s: float) -> list[int]:
    """Seconds at which to sample: of equally large groups of scenes, from plain to busy, the middle one of each.

    `complexity` is a figure a second (bits of the source serve). Each scene then stands for an equal part of the film.
    """
    if not len(complexity):
        raise InputError("the film has no full second; it needs one for a ladder")
    length = max(round(scene_s), 1)
    starts = np.arange(0, max(len(complexity) - length, 0) + 1, length)
    means = np.array([float(np.mean(complexity[start : start + length])) for start in starts])
    groups = np.array_split(np.argsort(means, kind="stable"), min(count, len(starts)))
    return sorted(int(starts[group[len(group) // 2]]) for group in groups)


def build(
    trials: Sequence[Trial], config: LadderConfig = LadderConfig(), *,
    ceilings: Mapping[int, float] = MappingProxyType({}), fixed: Sequence[Trial] = (),
) -> Ladder:  # fmt: skip
    """Rungs at equal perceptual steps on the frontier of the trials and what is predicted from them.

    `ceilings`: as `fill` takes them. `fixed`: encodes of the fixed ladder, for what is saved against it.

    The convex hull tells what mixing buys; rungs are not mixed, so they are taken from every encode of the height that
    is cheapest at a quality, which keeps steps small where the hull has a long straight edge.
    """
    grid = fill(trials, config, ceilings)
    curve = frontier(grid)
    top = next((x for x in curve if x.vmaf >= config.best_vmaf), curve[-1])
    shown = [x for x in curve if x.bitrate_kbps <= top.bitrate_kbps]
    bottom = next((x for x in shown if x.vmaf >= config.least_vmaf), shown[0])
    cheap = [x for x in shown if x.bitrate_kbps <= config.lowest_kbps]
    if cheap and cheap[-1].bitrate_kbps < bottom.bitrate_kbps:
        bottom = cheap[-1]
    steps = max(round((top.vmaf - bottom.vmaf) / config.step_vmaf), 1)
    wanted = np.linspace(bottom.vmaf, top.vmaf, steps + 1 if top.vmaf > bottom.vmaf else 1)
    chosen = {
        _nearest(grid, height, vmaf)
        for height, vmaf in zip(_heights_at(grid, wanted, config.step_vmaf), wanted, strict=True)
    }
    rungs: list[Rung] = []
    for x in frontier(list(chosen)):
        if not rungs or x.height >= rungs[-1].height:
            rungs.append(Rung(x.height, x.crf, x.bitrate_kbps, x.vmaf, config.codec.name))
    return Ladder(rungs, hull(grid), _saved(curve, fixed))


def worthwhile(rungs: Sequence[Rung]) -> list[Rung]:
    """The rungs of one codec by rising rate, without those that cost as much as one of more lines."""
    kept = [x for x in rungs if all(x.bitrate_kbps < y.bitrate_kbps for y in rungs if y.height > x.height)]
    return sorted(kept, key=lambda x: x.bitrate_kbps)


def _heights_at(grid: Sequence[Trial], wanted: Floats, step_vmaf: float) -> list[int]:
    """The height to show each of the wanted qualities in, so that all together cost least.

    Heights never fall while the quality rises, since players sort rungs by their lines: a shortest path over qualities.
    The best encode of a height also stands for qualities up to half a step above it.
    """
    heights = sorted({x.height for x in grid})
    costs = np.empty((len(heights), len(wanted)))
    for row, height in enumerate(heights):
        own = frontier([x for x in grid if x.height == height])
        vmaf, log_rate = [x.vmaf for x in own], np.log([x.bitrate_kbps for x in own])
        beyond = np.maximum(wanted - vmaf[-1], 0.0)
        slope = (log_rate[-1] - log_rate[-2]) / (vmaf[-1] - vmaf[-2]) if len(own) > 1 else 0.0
        costs[row] = np.interp(wanted, vmaf, log_rate) + np.where(beyond > step_vmaf / 2, _UNREACHED, slope) * beyond
    spent, came_from = costs[:, 0], []
    for column in costs.T[1:]:
        best = [int(np.argmin(spent[: row + 1])) for row in range(len(heights))]
        came_from.append(best)
        spent = spent[best] + column
    path = [int(np.argmin(spent))]
    for best in reversed(came_from):
        path.append(best[path[-1]])
    return [heights[row] for row in reversed(path)]


def _nearest(grid: Sequence[Trial], height: int, vmaf: float) -> Trial:
    return min((x for x in grid if x.height == height), key=lambda x: abs(x.vmaf - vmaf))


def _saved(curve: Sequence[Trial], fixed: Sequence[Trial]) -> float | None:
    try:
        return bd_rate_percent(curve, fixed) if len(curve) >= 2 and len(fixed) >= 2 else None
    except InputError:
        return None

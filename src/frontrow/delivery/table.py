"""The value of every state a player can be in, by dynamic programming over the predictor's own uncertainty.

State: seconds in the buffer, rung of the last segment, slow mean of the log rate, how far the quick mean is from it,
volatility. A step fetches one segment in some rung; the rate is the mean times one of the learnt surprises, so stalls
are weighed with their chance instead of being ruled out by one cautious guess. Like FastMPC (Yin et al., SIGCOMM 2015)
the work is done before the film starts; unlike it the table holds values, so that the player can still count with the
real size of the next segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frontrow.delivery.link import Floats
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import Weights
from frontrow.delivery.simulator import Player
from frontrow.delivery.throughput import Predictor

HORIZONS = (0, 1, 2, 4, 8, 24)


@dataclass(frozen=True)
class TableConfig:
    """How finely the table is cut, and how careful it is."""

    buffer_points: int = 17
    """Levels of the buffer, denser near empty where it matters."""
    rate_points: int = 16
    """Levels of the mean rate, equal steps in its logarithm."""
    trends: tuple[float, ...] = (-1.5, -0.6, 0.0, 0.6, 1.5)
    """Levels of the trend, in log units."""
    rate_margin: float = 4.0
    """The levels reach from the lowest rung's rate over this to the highest rung's times this."""
    stall_factor: float = 1.2
    """Stalls are counted this many times their weight while planning; above 1 is more careful than the QoE asks for."""


WEB = TableConfig(buffer_points=11, rate_points=10, trends=(-1.2, 0.0, 1.2))
"""A quarter of the numbers, so that the table of six rungs is 70 kB on a viewer's line."""


@dataclass(frozen=True)
class Table:
    """What the controller reads."""

    axes: tuple[Floats, Floats, Floats, Floats]
    """Levels of the state: buffer in seconds, slow mean in log kbit/s, trend (quick less slow mean), volatility."""
    predictor: Predictor
    values: Floats
    """(horizons, rungs, buffers, slow means, trends, volatilities): worth of the segments that are left."""
    horizons: tuple[int, ...]
    worth: Floats
    """(rungs,)"""
    stall: float
    switch: float
    segment_s: float
    most_buffer_s: float


def build(
    manifest: Manifest, weights: Weights, predictor: Predictor, player: Player, *,
    latency_s: float = 0.1, config: TableConfig = TableConfig(),
) -> Table:  # fmt: skip
    """Solve for one title on one kind of player."""
    from scipy.sparse import csr_matrix

    segment_s, rungs = manifest.segment_s, manifest.rungs
    top_s = player.ask_buffer_s(segment_s)
    buffers = top_s * np.linspace(0.0, 1.0, config.buffer_points) ** 1.5
    lowest, highest = manifest.bitrates_kbps[0] / config.rate_margin, manifest.bitrates_kbps[-1] * config.rate_margin
    log_rates = np.linspace(np.log(lowest), np.log(highest), config.rate_points)
    worth = weights.worth(manifest)
    stall = weights.stall * config.stall_factor
    switch = weights.switch * np.abs(worth[:, None] - worth[None, :])
    sizes = manifest.sizes_kbit.mean(axis=0)
    _, chances, outage_s = predictor.spread

    axes = (buffers, log_rates, np.array(config.trends), predictor.volatilities)
    levels = np.meshgrid(*axes, np.arange(len(chances)), indexing="ij")
    buffer_s, slow, trend, volatility = levels[:4]
    rate, *after = predictor.step(slow, trend, volatility, levels[4])
    states = int(np.prod([len(axis) for axis in axes]))
    rewards, moves = np.empty((rungs, states)), []
    for rung in range(rungs):
        time_s = latency_s + sizes[rung] / np.exp(rate) + outage_s
        stall_s = np.maximum(time_s - buffer_s, 0.0)
        then_s = np.minimum(np.maximum(buffer_s - time_s, 0.0) + segment_s, top_s)
        rewards[rung] = worth[rung] - stall * (stall_s @ chances).ravel()
        columns, parts = corners(axes, (then_s, *after))
        rows = np.broadcast_to(np.arange(states)[:, None], (states, len(chances) * 2 ** len(axes)))
        moves.append(
            csr_matrix(
                ((parts * chances[:, None]).ravel(), (rows.ravel(), columns.reshape(states, -1).ravel())),
                shape=(states, states),
            )
        )
    shape = (rungs, *(len(axis) for axis in axes))
    value = np.zeros((rungs, states))
    kept = [value.reshape(shape)]
    for left in range(1, HORIZONS[-1] + 1):
        ahead = np.stack([rewards[rung] + moves[rung] @ value[rung] for rung in range(rungs)])
        value = np.max(ahead[None, :, :] - switch[:, :, None], axis=1)
        if left in HORIZONS:
            kept.append(value.reshape(shape))
    return Table(
        axes, predictor, np.stack(kept), HORIZONS, worth, stall, weights.switch, segment_s, top_s
    )  # fmt: skip


def corners(axes: Sequence[Floats], values: Sequence[Floats]) -> tuple[Any, Floats]:
    """Multilinear interpolation: the 2^axes neighbours of each state as flat indices, and their shares."""
    index: Any = np.zeros((1,), np.int64)
    share: Any = np.ones((1,))
    for axis, value in zip(axes, values, strict=True):
        left, part = _place(axis, value)
        right = np.minimum(left + 1, len(axis) - 1)
        pair = np.stack([left, right], axis=-1)
        index = (index[..., :, None] * len(axis) + pair[..., None, :]).reshape(*value.shape, -1)
        share = (share[..., :, None] * np.stack([1.0 - part, part], axis=-1)[..., None, :]).reshape(*value.shape, -1)
    return index, share


def _place(levels: Floats, value: Floats) -> tuple[Any, Floats]:
    if len(levels) == 1:
        return np.zeros(value.shape, np.int64), np.zeros(value.shape)
    left = np.clip(np.searchsorted(levels, value, side="right") - 1, 0, len(levels) - 2)
    return left, np.clip((value - levels[left]) / (levels[left + 1] - levels[left]), 0.0, 1.0)

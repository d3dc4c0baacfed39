"""One rung, but each scene at its own CRF: bits go where they show most, at equal slope of quality over rate.

Segments are the scenes here: they have keyframes of their own, so that no rung loses its alignment with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from frontrow.delivery.link import Floats

REACH: Final = 6
"""Farthest that a scene's CRF lies from its rung's: half or twice the bits, or a little more."""
_HALVINGS: Final = 60


def offsets(kbps: Floats, vmaf: Floats, crfs: Sequence[float], crf: float) -> tuple[list[int], float]:
    """CRF of each scene less the rung's `crf`, and the part of the rung's bits that is left, at the same mean VMAF.

    `kbps`, `vmaf` are (scenes, crfs). Each scene takes what is best for VMAF less a price times rate; the price is the
    same for all (Shoham and Gersho 1988), and the dearest at which the mean VMAF is still that of one CRF for all.
    """
    steps = np.arange(-REACH, REACH + 1)
    wanted = np.clip(crf + steps, crfs[0], crfs[-1])
    rate = np.exp([np.interp(wanted, crfs, np.log(row)) for row in kbps])
    quality = np.array([np.interp(wanted, crfs, row) for row in vmaf])
    aim, before = quality[:, REACH].mean(), rate[:, REACH].sum()
    scene = np.arange(len(rate))
    low, high = np.log(1e-6), np.log(1e6)
    chosen = np.full(len(rate), REACH)
    for _ in range(_HALVINGS):
        price = (low + high) / 2
        found = np.argmax(quality - np.exp(price) * rate, axis=1)
        if quality[scene, found].mean() >= aim:
            low = price
            if rate[scene, found].sum() < rate[scene, chosen].sum():
                chosen = found
        else:
            high = price
    return [round(float(wanted[at] - crf)) for at in chosen], float(rate[scene, chosen].sum() / before)


def zones(given: Sequence[int], frame_rate: float, segment_s: float) -> str:
    """The offsets as `zones` of x264 and x265: first frame, last frame, factor of the bits.

    Both turn a factor b into a quantiser 6 log2(b) finer, which is what a CRF less by as much does.
    """
    told = []
    begin = 0
    for number, offset in enumerate(given):
        if number + 1 < len(given) and given[number + 1] == offset:
            continue
        first, last = (int(np.ceil(at * segment_s * frame_rate - 1e-3)) for at in (begin, number + 1))
        if offset:
            told.append(f"{first},{last - 1},b={2 ** (-offset / 6):.4f}")
        begin = number + 1
    return "/".join(told)

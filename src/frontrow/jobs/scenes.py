"""A ladder whose scenes have CRFs of their own: two encodes of every segment tell where bits show most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from frontrow.delivery import codecs, scenes
from frontrow.delivery.hull import Trial
from frontrow.delivery.ladder import Rung, worthwhile
from frontrow.delivery.package import SEGMENT_S
from frontrow.delivery.surrogate import Surrogate
from frontrow.jobs import trials
from frontrow.media.probe import probe

_ENCODED: Final = (2, 6)
"""Places in the codec's grid of the two CRFs that every segment is encoded at."""
_LEAST_S: Final = 0.5
"""A last segment shorter than this is left at its rung's CRF."""


def vary(bench: trials.Bench, rungs: Sequence[Rung]) -> tuple[list[Rung], float]:
    """The rungs of one codec with offsets a segment, and the mean part of their bits that is left.

    Every segment is encoded twice at the height of the middle rung; the rest of its curve is predicted.
    """
    codec = codecs.find(rungs[0].codec)
    length_s = probe(bench.film).duration_s
    starts = [
        at for at in range(0, max(int(np.ceil(length_s)), 1), int(SEGMENT_S)) if length_s - at >= _LEAST_S or not at
    ]
    height = rungs[len(rungs) // 2].height
    wanted = [trials.wanted_of(bench, codec, height, codec.crfs[at]) for at in _ENCODED]
    judged = trials.judge(replace(bench, starts=tuple(starts)), wanted)
    kbps, vmaf = [], []
    for segment in zip(*judged, strict=True):
        belief = Surrogate([height], codec.crfs, {})
        belief.learn(
            [Trial(height, x.quality, max(rate, 0.1), score) for x, (rate, score) in zip(wanted, segment, strict=True)]
        )
        grid = belief.grid()
        kbps.append([x.bitrate_kbps for x in grid])
        vmaf.append([x.vmaf for x in grid])
    varied, left = [], []
    for rung in rungs:
        offsets, part = scenes.offsets(np.array(kbps), np.array(vmaf), codec.crfs, rung.crf)
        varied.append(replace(rung, offsets=tuple(offsets), bitrate_kbps=rung.bitrate_kbps * part))
        left.append(part)
    return worthwhile(varied), float(np.mean(left))

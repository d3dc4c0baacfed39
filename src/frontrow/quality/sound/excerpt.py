"""A span of one sound stream as the networks for speech want it: mono, 16 kHz. Runs in the guarded child."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.sound.resampling import RATE, Resampler

if TYPE_CHECKING:
    from frontrow.media.child import Context


def excerpt(
    context: Context, path: Path, stream: int | None, start_s: float, end_s: float
) -> tuple[float, NDArray[np.float32]]:
    """(time of the first sample, mono samples at 16 kHz) of one span; gaps in the stream's times are filled."""
    from frontrow.media.reel import Reel, samples

    with Reel(path, context, threads=1) as reel:
        chosen = [x for x in reel.sounds if stream is None or x.index == stream][:1]
        reel.tracks = {x.index: reel.tracks[x.index] for x in chosen}
        if not chosen:
            return start_s, np.zeros(0, np.float32)
        if start_s > 0:
            reel.seek(start_s)
        coded = chosen[0].codec_context
        resampler: Resampler | None = None
        first_s, parts, count = start_s, [], 0
        for shown in reel.shown():
            if shown.at_s >= end_s:
                break
            sound = samples(shown.frame)
            if shown.at_s + sound.shape[1] / shown.frame.sample_rate <= start_s:
                continue
            if resampler is None:
                first_s = shown.at_s
                resampler = Resampler(shown.frame.sample_rate, coded.layout.name, sound.shape[0])
            missing = round((shown.at_s - first_s) * RATE) - count
            if missing > RATE // 10:
                parts.append(np.zeros(missing, np.float32))
                count += missing
            parts.append(resampler.push(sound))
            count += len(parts[-1])
    return first_s, np.concatenate([*parts, np.zeros(0, np.float32)])

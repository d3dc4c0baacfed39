"""Damage to the sound: gain, gaps, added signals, channels, time and tags; the picture is copied."""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.errors import InputError
from frontrow.media import rework
from frontrow.media.damage.task import Done, Task, during

_STEREO: Final = "aformat=channel_layouts=stereo"
_WRONG_TAG: Final = "jpn"
"""A language that none of a service's usual tracks is in."""


def loudness_high(task: Task) -> Done:
    """4 to 14 dB too loud, through a limiter as a loud master is."""
    gain = task.grade(4, 14)
    return _whole(task, f"volume={gain:.2f}dB,alimiter=level=false:limit=0.97", f"{gain:.1f} dB louder, limited")


def loudness_low(task: Task) -> Done:
    """6 to 24 dB too quiet."""
    gain = task.grade(6, 24)
    return _whole(task, f"volume=-{gain:.2f}dB", f"{gain:.1f} dB quieter")


def true_peak(task: Task) -> Done:
    """The highest samples pushed .3 to 4 dB over full scale and cut there: the wave between them goes over."""
    gain = task.grade(0.3, 4) - _peak(task)
    return _whole(task, f"volume={gain:.2f}dB", f"gain of {gain:.1f} dB puts the peaks over full scale")


def clipping(task: Task) -> Done:
    """A span of 2 to 8 s is 5 to 22 dB over full scale and cut there."""
    gain = task.grade(5, 22) - _peak(task)
    start, end = task.span(2.0, 8.0)
    _write(task, f"volume={gain:.2f}dB:enable='{during(start, end)}'")
    return Done(start, end, f"gain of {gain:.1f} dB cut at full scale")


def silence(task: Task) -> Done:
    """Digital silence for 2 to 10 s."""
    start, end = task.span(2.0, 10.0)
    _write(task, f"volume=0:enable='{during(start, end)}'")
    return Done(start, end, f"digital silence for {end - start:.2f} s")


def dropout(task: Task) -> Done:
    """Three to nine gaps of 15 to 200 ms within 3 to 6 s."""
    start, end = task.span(3.0, 6.0)
    length, count = task.grade(0.015, 0.2), round(task.grade(3, 9))
    starts = np.sort(task.rng.uniform(start, end - length, count))
    gaps = "+".join(f"between(t,{at:.5f},{at + length:.5f})" for at in starts)
    # `volume` switches once a block: short blocks make short gaps
    _write(task, f"asetnsamples=64:p=0,volume=0:enable='{gaps}'")
    places = ", ".join(f"{at:.2f}" for at in starts)
    return Done(float(starts[0]), float(starts[-1] + length), f"gaps of {1000 * length:.0f} ms at {places} s")


def click(task: Task) -> Done:
    """Three to twelve clicks of 3 samples, 12 dB under full scale to full scale."""
    count, level = round(task.grade(3, 12)), task.grade(0.25, 1)
    at = np.sort(task.rng.uniform(0.05, 0.95, count)) * task.shape.duration_s
    width = 3 / task.shape.sample_rate
    signal = "+".join(f"between(t,{moment:.6f},{moment + width:.6f})" for moment in at)
    _mix(task, f"{level:.3f}*({signal})")
    places = ", ".join(f"{moment:.2f}" for moment in at)
    return Done(float(at[0]), float(at[-1] + 0.01), f"clicks of {level:.2f} of full scale at {places} s")


def hum(task: Task) -> Done:
    """Mains hum of 50 or 60 Hz with its harmonics, -50 to -20 dB of full scale, through the whole clip."""
    mains, level = int(task.rng.choice([50, 60])), task.grade(10 ** (-50 / 20), 10 ** (-20 / 20))
    parts = ((1, 1.0), (2, 0.5), (3, 0.35), (4, 0.15), (5, 0.1))
    _mix(task, "+".join(f"{level * share:.6f}*sin({2 * np.pi * mains * times:.6f}*t)" for times, share in parts))
    return Done(0.0, task.shape.duration_s, f"{mains} Hz with harmonics, {20 * np.log10(level):.0f} dB of full scale")


def phase(task: Task) -> Done:
    """The right channel is turned over for 3 s to the whole clip."""
    start, end = _part(task)
    _turn_right(task, start, end, "-val(1)")
    return Done(start, end, "right channel with its polarity inverted")


def channel_swap(task: Task) -> Done:
    """5.1 with the centre in the left channel's place."""
    _surround(task, "pan=5.1|c0=c2|c1=c1|c2=c0|c3=c3|c4=c4|c5=c5")
    return Done(0.0, task.shape.duration_s, "5.1 with left and centre swapped")


def channel_layout(task: Task) -> Done:
    """5.1 in film order (L C R Ls Rs LFE) flagged as L R C LFE Ls Rs."""
    _surround(task, "pan=5.1|c0=c0|c1=c2|c2=c1|c3=c4|c4=c5|c5=c3")
    return Done(0.0, task.shape.duration_s, "5.1 in film order under the usual label")


def channel_duplicate(task: Task) -> Done:
    """One channel on both sides: mono as stereo."""
    return _whole(task, f"{_STEREO},pan=stereo|c0=c0|c1=c0", "left channel on both sides")


def channel_missing(task: Task) -> Done:
    """The right channel is silent for 3 s to the whole clip."""
    start, end = _part(task)
    _turn_right(task, start, end, "0")
    return Done(start, end, "right channel silent")


def av_offset(task: Task) -> Done:
    """Sound 60 to 600 ms early or late."""
    shift = task.grade(0.06, 0.6)
    if task.rng.integers(2):
        return _whole(task, f"adelay={1000 * shift:.0f}:all=1", f"sound {1000 * shift:.0f} ms late")
    return _whole(task, f"atrim=start={shift:.4f},asetpts=PTS-STARTPTS", f"sound {1000 * shift:.0f} ms early")


def language(task: Task) -> Done:
    """The track is tagged with another language."""
    rework.copy(task.source, task.out, ["-metadata:s:a:0", f"language={_WRONG_TAG}"])
    return Done(0.0, task.shape.duration_s, f"sound tagged '{_WRONG_TAG}'")


def _part(task: Task) -> tuple[float, float]:
    """Everything from severity .5 on, less below."""
    return (0.0, task.shape.duration_s) if task.severity >= 0.5 else task.span(3.0, 12.0)


def _turn_right(task: Task, start_s: float, end_s: float, value: str) -> None:
    """The right channel becomes `value` in the span; the whole of it where the span is the whole clip."""
    part = f"if({during(start_s, end_s)},{value},val(1))".replace(",", "\\,")  # a comma would end the filter
    chosen = value if end_s >= task.shape.duration_s else part
    _write(task, f"{_STEREO},aeval=val(0)|{chosen}:c=same")


def _peak(task: Task) -> float:
    peak = rework.peak_dbfs(task.source)
    if not np.isfinite(peak) or peak < -80:
        raise InputError(f"{task.source.name} is silent: nothing there can go over full scale")
    return peak


def _whole(task: Task, graph: str, how: str) -> Done:
    _write(task, graph)
    return Done(0.0, task.shape.duration_s, how)


def _write(task: Task, graph: str) -> None:
    rework.sound(task.source, task.out, f"[0:a:0]{graph}[a]")


def _mix(task: Task, signal: str) -> None:
    """Add a signal to every channel."""
    rate, length = task.shape.sample_rate, task.shape.duration_s
    added = "|".join([signal] * task.shape.channels)
    # the sum of two needs room above full scale until it is cut at the end
    graph = f"aformat=sample_fmts=fltp[x];aevalsrc='{added}':s={rate}:d={length:.4f}[y];[x][y]amix=inputs=2"
    _write(task, f"{graph}:normalize=0:duration=first")


def _surround(task: Task, order: str) -> None:
    """5.1 out of what is there: sides, their middle, its lows, quiet late surrounds; then its channels reordered."""
    if task.shape.channels >= 6:
        _write(task, order)
        return
    places = "|".join(f"{i}.0-{name}" for i, name in enumerate(("FL", "FR", "FC", "LFE", "BL", "BR")))
    middle = "pan=mono|c0=0.5*c0+0.5*c1"
    graph = (
        f"{_STEREO},asplit=5[s1][s2][s3][s4][s5];[s1]pan=mono|c0=0.6*c0[l];[s2]pan=mono|c0=0.6*c1[r];"
        f"[s3]{middle}[c];[s4]{middle},lowpass=f=100,lowpass=f=100[w];"
        "[s5]volume=-12dB,adelay=15:all=1,asplit=2[t1][t2];[t1]pan=mono|c0=c0-0.7*c1[ls];[t2]pan=mono|c0=c1-0.7*c0[rs];"
        f"[l][r][c][w][ls][rs]join=inputs=6:channel_layout=5.1:map={places},{order}"
    )
    _write(task, graph)

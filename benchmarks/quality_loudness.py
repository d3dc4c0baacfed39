"""Loudness and true peak against EBU Tech 3341's cases and the ITU's gate tests, beside FFmpeg's filter `ebur128`.

Signals of Tech 3341 (cases 1-6, 15-19) are made from the specification's description; the two gate tests of BS.1770
are recordings in FRONTROW_DATA. FFmpeg measures the same samples, case 6 also without a layout as such a file gives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av.filter
import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.quality_sound import LAYOUTS, Floats, decode, inspect, meter_rows, reported_pieces
from frontrow.quality.rules import load_pack
from frontrow.quality.sound.programme import Loudness, loudness

RATE = 48_000
PEER = "FFmpeg ebur128"
CASES: dict[int, tuple[list[tuple[float, float]], float]] = {
    1: ([(-23, 20)], -23),
    2: ([(-33, 20)], -33),
    3: ([(-36, 10), (-23, 60), (-36, 10)], -23),
    4: ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
    5: ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
}
"""(peak dBFS, seconds) of a stereo tone of 1 kHz; LUFS."""
PEAKS = {15: (4, 0.0, 0.5, -6.0), 16: (4, 45.0, 0.5, -6.0), 17: (6, 60.0, 0.5, -6.0), 18: (8, 67.5, 0.5, -6.0), 19: (4, 45.0, 1.41, 3.0)}  # fmt: skip  # noqa: E501
"""Part of the rate, phase in degrees, amplitude; dBTP."""
GAINS_DB = {"12 dB too quiet": -12.0, "9 dB too loud, limited": 9.0, "as asked": 0.0}
GATES = {"1770-2_Comp_AbsGateTest.wav": -69.5, "1770-2_Comp_RelGateTest.wav": -10.0}


def run(data: Path | None) -> Iterator[Figure]:
    for case, (parts, wanted) in CASES.items():
        yield _level(f"Tech 3341 case {case}", _tone(parts), wanted, "stereo")
    wave = np.sin(2 * np.pi * 1000 * np.arange(20 * RATE) / RATE)
    levels = (-28, -28, -24, None, -30, -30)
    six = np.stack([wave * (0 if x is None else 10 ** (x / 20)) for x in levels]).astype(np.float32)
    yield _level("Tech 3341 case 6, layout as set", six, -23, "5.1")
    yield _level("Tech 3341 case 6, layout not named", six, -23, "6 channels")
    for case, (part, degrees, amplitude, wanted) in PEAKS.items():
        n = np.arange(2 * RATE)
        fade = np.minimum(1, np.minimum(n, n[::-1]) / 4800)
        one = amplitude * fade * np.sin(2 * np.pi * n / part + np.deg2rad(degrees))
        x = np.stack([one, one]).astype(np.float32)
        ours, peer = _ours(x, "stereo").true_peak_dbtp, _ffmpeg(x, "stereo")[1]
        off = ours - wanted
        within = off / 0.2 if off > 0 else -off / 0.4
        detail = f"{ours:.2f} dBTP, wanted {wanted:g}; FFmpeg {peer:.2f}; 1 is the edge of +.2/-.4 dB"
        yield Figure(f"Tech 3341 case {case}, true peak", within, "of the tolerance", 1.0, "at most", detail=detail)
    if data is None:
        yield Figure("gate tests left out", len(GATES), "files", detail="set FRONTROW_DATA")
        return
    for name, wanted in GATES.items():
        yield _level(name, decode(data / "quality" / "r128" / name)[0], wanted, "stereo")
    yield from _packs(data)


def _packs(data: Path) -> Iterator[Figure]:
    """Each second piece of the reported sound at each pack's own loudness, and turned off it."""
    pieces = reported_pieces(data)[::2]
    for pack in ("general", "broadcast_r128", "streaming_27"):
        rules = load_pack(pack).sound
        told = dict.fromkeys(GAINS_DB, 0)
        for _, x, rate in pieces:
            off = rules.loudness_lufs - loudness(meter_rows(x, rate, LAYOUTS[len(x)])).integrated_lufs
            for what, gain_db in GAINS_DB.items():
                y = np.clip(x * 10 ** ((off + gain_db) / 20), -0.97, 0.97).astype(np.float32)
                told[what] += any(finding.code == "loudness" for finding in inspect(y, rate, rules))
        for what, count in told.items():
            detail = f"{count} of {len(pieces)} pieces"
            reach, better = (0.0, "at most") if not GAINS_DB[what] else (0.95, "at least")
            yield Figure(f"{pack}, {what}: told", count / len(pieces), "of the pieces", reach, better, detail=detail)


def _level(name: str, x: Floats, wanted: float, layout: str) -> Figure:
    ours, peer = _ours(x, layout).integrated_lufs, _ffmpeg(x, layout)[0]
    detail = f"{ours:.2f} LUFS, wanted {wanted:g}; FFmpeg {peer:.2f}"
    return Figure(name, abs(ours - wanted), "LU off", 0.1, "at most", PEER, abs(peer - wanted), detail)


def _ours(x: Floats, layout: str) -> Loudness:
    return loudness(meter_rows(x, RATE, layout))


def _ffmpeg(x: Floats, layout: str) -> tuple[float, float]:
    """(integrated LUFS, true peak dBTP) of FFmpeg's filter in this PyAV."""
    unnamed = layout not in LAYOUTS.values()
    graph = av.filter.Graph()
    source = graph.add(
        "abuffer",
        f"sample_rate={RATE}:sample_fmt=flt:channels={len(x)}"
        if unnamed
        else f"sample_rate={RATE}:sample_fmt=flt:channel_layout={layout}",
    )
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    integrated, peak = -np.inf, 0.0
    length = RATE // 10
    for start in range(0, x.shape[1] - length + 1, length):
        block: NDArray[Any] = np.ascontiguousarray(x[:, start : start + length].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
        frame.rate, frame.pts = RATE, start
        source.push(frame)
        while True:
            try:
                out = sink.pull()
            except (av.BlockingIOError, av.EOFError):
                break
            told = dict(out.metadata)
            integrated = float(told.get("lavfi.r128.I", integrated))
            peaks = [float(value) for key, value in told.items() if key.startswith("lavfi.r128.true_peaks_ch")]
            peak = max([peak, *peaks])
    return integrated, 20 * np.log10(max(peak, 1e-9))


def _tone(parts: list[tuple[float, float]]) -> Floats:
    gain = np.concatenate([np.full(int(seconds * RATE), 10 ** (level / 20)) for level, seconds in parts])
    one = gain * np.sin(2 * np.pi * 1000 * np.arange(len(gain)) / RATE)
    return np.stack([one, one]).astype(np.float32)

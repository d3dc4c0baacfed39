"""What BS.1770 does to sound before it is added up: the K filter at any sample rate, and a weight for each channel."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

POSITIONS: Final = {
    "mono": "C",
    "stereo": "L R",
    "2.1": "L R LFE",
    "3.0": "L R C",
    "3.0(back)": "L R BC",
    "4.0": "L R C BC",
    "quad": "L R BL BR",
    "quad(side)": "L R SL SR",
    "3.1": "L R C LFE",
    "4.1": "L R C LFE BC",
    "5.0": "L R C SL SR",
    "5.0(side)": "L R C SL SR",
    "5.1": "L R C LFE SL SR",
    "5.1(side)": "L R C LFE SL SR",
    "6.0": "L R C BC SL SR",
    "6.1": "L R C LFE BC SL SR",
    "7.0": "L R C BL BR SL SR",
    "7.1": "L R C LFE BL BR SL SR",
}
"""Positions of the channels, in order, of the layouts that films come in, by FFmpeg's names. The pair behind the
listener of a five-channel layout is the standard's surround pair (110 degrees), whichever of its two names it bears."""
USUAL: Final = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What a number of channels means where the file names no layout: the order of WAV files."""
SURROUND_GAIN: Final = 10**0.15
"""1.5 dB for speakers 60 to 120 degrees off the front (BS.1770-5, table 4)."""


def positions(layout: str, channels: int) -> tuple[str, ...]:
    """Position of each channel; empty where neither name nor number tells."""
    named = tuple(POSITIONS.get(layout, "").split())
    return named if len(named) == channels else tuple(POSITIONS.get(USUAL.get(channels, ""), "").split())


def channel_gains(layout: str, channels: int) -> NDArray[np.float64]:
    """Weight of each channel's power: 1.41 at the sides, none for LFE, 1 elsewhere."""
    gain = {"SL": SURROUND_GAIN, "SR": SURROUND_GAIN, "LFE": 0.0}
    known = positions(layout, channels)
    return np.array([gain.get(name, 1.0) for name in known] if known else [1.0] * channels)


def k_weighting(rate: int) -> NDArray[np.float64]:
    """Two second-order sections (2, 5): b0 b1 b2 a1 a2, the shelf and the high pass of BS.1770-5, annex 1.

    The standard gives coefficients for 48 kHz alone; these are the analogue prototypes behind them (De Man,
    "Evaluation of implementations of the EBU R128 loudness measurement", 2018), warped to the rate.
    """
    shelf_hz, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = np.tan(np.pi * shelf_hz / rate)
    high = 10 ** (gain_db / 20)
    middle = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    shelf = [
        (high + middle * k / quality + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - middle * k / quality + k * k) / a0,
        2 * (k * k - 1) / a0,
        (1 - k / quality + k * k) / a0,
    ]
    pass_hz, quality = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * pass_hz / rate)
    a0 = 1 + k / quality + k * k
    high_pass = [1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0]
    return np.array([shelf, high_pass])


def interpolators(rate: int, taps: int = 24) -> NDArray[np.float32]:
    """Filters (phases, taps) for the values between samples: 4 a sample, 2 from 96 kHz on, none from 192 kHz on.

    A Kaiser-windowed sinc: within .1 dB up to .45 of the rate, twice as long as the example of BS.1770-5, annex 2.
    """
    factor = 1 if rate >= 192_000 else 2 if rate >= 96_000 else 4
    place = np.arange(taps) - (taps // 2 - 1)
    phases = []
    for phase in range(1, factor):
        distance = place - phase / factor
        window = np.i0(8.0 * np.sqrt(np.maximum(0.0, 1 - (distance / (taps / 2)) ** 2))) / np.i0(8.0)
        kernel = np.sinc(distance) * window
        phases.append(kernel / kernel.sum())
    return np.array(phases, np.float32).reshape(-1, taps)

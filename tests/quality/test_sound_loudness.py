"""Loudness: the standard's own cases, at any rate and layout, whole and in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts
from frontrow.quality.sound import loudness as detector
from frontrow.quality.sound.meter import SoundMeter
from frontrow.quality.sound.programme import dialogue_lufs, loudness
from frontrow.quality.sound.rules import SoundRules

RATE = 48_000


def stream(channels: int, rate: int = RATE, layout: str = "stereo") -> StreamFacts:
    return StreamFacts(0, "audio", "pcm", 0.0, 0.0, "", channels=channels, layout=layout, sample_rate=rate)


def measure(x: NDArray[Any], rate: int = RATE, layout: str = "stereo", piece: int = 4096) -> Series:
    meter = SoundMeter(stream(len(x), rate, layout))
    for start in range(0, x.shape[1], piece):
        meter.look(np.asarray(x[:, start : start + piece], np.float32), start / rate)
    meter.finish()
    return meter.take()


def tone(*parts: tuple[float, float], hz: float = 1000.0, rate: int = RATE) -> NDArray[Any]:
    """Stereo sine: (peak dBFS, seconds) one after another."""
    gain = np.concatenate([np.full(int(seconds * rate), 10 ** (level / 20)) for level, seconds in parts])
    one = gain * np.sin(2 * np.pi * hz * np.arange(len(gain)) / rate)
    return np.stack([one, one])


@pytest.mark.parametrize(
    ("parts", "lufs"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_tech_3341_cases_1_to_5_read_within_a_tenth(parts: list[tuple[float, float]], lufs: float) -> None:
    assert loudness(measure(tone(*parts))).integrated_lufs == pytest.approx(lufs, abs=0.1)


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "6 channels"])
def test_tech_3341_case_6_weighs_surrounds_even_without_a_layout(layout: str) -> None:
    wave = np.sin(2 * np.pi * 1000 * np.arange(20 * RATE) / RATE)
    levels = [-28, -28, -24, None, -30, -30]
    x = np.stack([wave * (0 if level is None else 10 ** (level / 20)) for level in levels])
    assert loudness(measure(x, layout=layout)).integrated_lufs == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(
    ("part", "degrees", "peak", "dbtp"),
    [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)],
)
def test_tech_3341_true_peaks_lie_between_samples(part: int, degrees: float, peak: float, dbtp: float) -> None:
    n = np.arange(RATE)
    fade = np.minimum(1, np.minimum(n, n[::-1]) / 2000)
    wave = peak * fade * np.sin(2 * np.pi * n / part + np.deg2rad(degrees))
    found = loudness(measure(np.stack([wave, wave]))).true_peak_dbtp
    assert dbtp - 0.4 <= found <= dbtp + 0.2


@pytest.mark.parametrize(("parts", "lu"), [([(-20, 20), (-30, 20)], 10), ([(-20, 20), (-15, 20)], 5)])
def test_tech_3342_range_of_two_levels_is_their_distance(parts: list[tuple[float, float]], lu: float) -> None:
    assert loudness(measure(tone(*parts))).range_lu == pytest.approx(lu, abs=1.0)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000, 192_000])
def test_a_tone_is_as_loud_at_any_sample_rate(rate: int) -> None:
    assert loudness(measure(tone((-23, 5), rate=rate), rate)).integrated_lufs == pytest.approx(-23, abs=0.1)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9_000))
def test_pieces_of_any_length_give_the_same_rows(piece: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 20_000))
    whole, parts = measure(noise, 8_000, piece=20_000), measure(noise, 8_000, piece=piece)
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-4, atol=1e-6, err_msg=name)


def test_dialogue_is_measured_where_people_speak_and_nowhere_else() -> None:
    series = measure(tone((-30, 10), (-20, 10)))
    at_s = np.arange(0, 20, 0.032)
    speech = {"at_s": at_s, "speech": (at_s < 9.5).astype(np.float32)}
    level, share = dialogue_lufs(series, speech)
    assert level == pytest.approx(-30, abs=0.1)
    assert share == pytest.approx(0.475, abs=0.03)


def test_without_the_voice_network_the_finding_says_that_the_whole_programme_was_measured() -> None:
    measured = Measurements(FileFacts("wav", 10, 0, (stream(2),)), None, {0: measure(tone((-10, 10)))})
    rules = SoundRules(loudness_lufs=-27, loudness_tolerance_lu=2, loudness_by_dialogue=True)
    (finding,) = detector.find(measured, rules)
    assert "speech was not looked for" in finding.detail
    assert finding.measured["loudness_lufs"] == pytest.approx(-10, abs=0.1)


def test_silence_has_no_loudness_and_nan_samples_do_no_harm() -> None:
    assert loudness(measure(np.zeros((2, RATE)))).integrated_lufs == -np.inf
    x = tone((-23, 2))
    x[:, 100] = np.nan
    assert np.isfinite(loudness(measure(x)).integrated_lufs)

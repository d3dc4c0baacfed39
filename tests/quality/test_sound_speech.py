"""The mix at 16 kHz, and where people speak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.quality.measurements import StreamFacts
from frontrow.quality.sound import speech
from frontrow.quality.sound.resampling import RATE, Resampler


def resample(x: Any, rate: int, layout: str, piece: int) -> Any:
    resampler = Resampler(rate, layout, len(x))
    parts = [resampler.push(x[:, k : k + piece].astype(np.float32)) for k in range(0, x.shape[1], piece)]
    return np.concatenate([*parts, resampler.finish()])


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_tone_keeps_its_pitch_its_level_and_its_time(rate: int) -> None:
    wave = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    heard = resample(wave[None], rate, "mono", 1000)
    wanted = np.sin(2 * np.pi * 440 * np.arange(len(heard)) / RATE)
    assert len(heard) == pytest.approx(RATE, abs=40)
    np.testing.assert_allclose(heard[200:-200], wanted[200:-200], atol=0.01)


def test_what_16_khz_cannot_hold_is_left_out() -> None:
    wave = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000)
    assert np.abs(resample(wave[None], 48_000, "mono", 4096)[200:-200]).max() < 0.003


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3000))
def test_pieces_of_any_length_are_resampled_as_one(piece: int) -> None:
    x = np.random.default_rng(0).normal(0, 0.1, (2, 6000))
    np.testing.assert_allclose(resample(x, 44_100, "stereo", piece), resample(x, 44_100, "stereo", 6000), atol=1e-6)


def test_the_lfe_is_not_in_the_mix_and_the_centre_leads() -> None:
    resampled = {}
    for channel, name in enumerate(("L", "R", "C", "LFE")):
        x = np.zeros((6, 4800))
        x[channel] = 0.5
        resampled[name] = float(resample(x, 48_000, "5.1", 4800)[500:1000].mean())
    assert resampled["LFE"] == pytest.approx(0, abs=1e-6)
    assert resampled["C"] > 2 * resampled["L"] > 0


class Quiet:
    """A network of the same inputs and outputs: loudness of the chunk, so that order and context can be seen."""

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        return [np.abs(inputs["input"][:, 64:]).mean(axis=1), inputs["h"], inputs["c"]]


def test_a_stream_in_pieces_gives_the_probabilities_of_the_whole_with_their_times() -> None:
    sound = np.linspace(0, 1, 512 * 100 + 7).astype(np.float32)
    whole = speech.probabilities(sound, Quiet())
    facts = StreamFacts(0, "audio", "pcm", 0.0, 2.0, "", channels=1, layout="mono", sample_rate=RATE)
    meter = speech.SpeechMeter(facts, Quiet())
    for start in range(0, len(sound), 1024):
        meter.look(sound[None, start : start + 1024], 2.0 + start / RATE)
    meter.finish()
    rows = meter.take()
    assert whole is not None
    count = min(len(whole), len(rows["speech"]))
    assert count >= 100
    np.testing.assert_allclose(rows["speech"][: count - 1], whole[: count - 1], atol=2e-3)
    assert rows["at_s"][:3] == pytest.approx([2.0, 2.032, 2.064])


def test_without_the_network_there_is_no_series(tmp_path: Any) -> None:
    assert speech.open_voice(tmp_path) is None


@pytest.mark.skipif(
    speech.open_voice() is None, reason="the voice network was not fetched: frontrow models fetch voice"
)
def test_noise_and_tones_are_no_speech() -> None:
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(3 * RATE) / RATE)
    for sound in (rng.normal(0, 0.05, 3 * RATE), tone):
        heard = speech.probabilities(sound.astype(np.float32))
        assert heard is not None
        assert (heard > 0.5).mean() < 0.1

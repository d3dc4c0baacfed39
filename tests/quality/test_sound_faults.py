"""Each sound fault is found where it was made, and the same sound without it gives nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts
from frontrow.quality.sound import detectors, language
from frontrow.quality.sound.meter import SoundMeter
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.spoken import Spoken, choose_windows, together

RATE = 16_000
Sound = NDArray[Any]


def scene(seconds: float = 20.0, seed: int = 0) -> Sound:
    """Stereo that moves like a film's sound: coloured noise under slow swells, partly common to both sides."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    swell = 0.5 + 0.4 * np.sin(2 * np.pi * 0.3 * np.arange(n) / RATE)
    noise = [np.convolve(rng.normal(0, 0.12, n), np.ones(8) / 8, "same") * swell for _ in range(3)]
    return np.stack([noise[0] + noise[2], noise[1] + noise[2]])


def stream(x: Sound, index: int = 0, layout: str = "", tag: str = "") -> StreamFacts:
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(x)]
    length_s = x.shape[1] / RATE
    return StreamFacts(
        index, "audio", "pcm", length_s, 0.0, tag, channels=len(x), layout=layout, sample_rate=RATE, end_s=length_s
    )


def rows(facts: StreamFacts, x: Sound, holes: dict[int, float] | None = None) -> Series:
    meter, late_s = SoundMeter(facts), 0.0
    for start in range(0, x.shape[1], 1600):
        late_s += (holes or {}).get(start // 1600, 0.0)
        meter.look(x[:, start : start + 1600].astype(np.float32), start / RATE + late_s)
    meter.finish()
    return meter.take()


def inspect(*sounds: Sound, tags: tuple[str, ...] = (), **facts: Any) -> list[Finding]:
    tags = tags or ("",) * len(sounds)
    told = tuple(replace(stream(x, k, tag=tags[k]), **facts) for k, x in enumerate(sounds))
    measured = Measurements(FileFacts("mkv", 20.0, 0, told), None, {k: rows(told[k], x) for k, x in enumerate(sounds)})
    return detectors.find(measured, SoundRules())


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings if finding.severity != "info"}


def at(finding: Finding, start_s: float, end_s: float) -> bool:
    return abs(finding.start_s - start_s) < 0.2 and abs(finding.end_s - end_s) < 0.2


def only(findings: list[Finding], code: str) -> Finding:
    (finding,) = [x for x in findings if x.code == code]
    return finding


def test_sound_as_it_is_gives_nothing() -> None:
    assert codes(inspect(scene())) == set()


def test_tops_cut_flat_are_found_after_the_level_was_turned_down() -> None:
    x = scene()
    x[:, 5 * RATE : 8 * RATE] = np.clip(x[:, 5 * RATE : 8 * RATE] * 30, -0.3, 0.3)
    assert at(only(inspect(x * 0.4), "clipping"), 5, 8)


def test_clipping_is_found_behind_what_rounds_its_tops_off() -> None:
    rng = np.random.default_rng(1)
    x = np.clip(scene() * 12, -1, 1) * 0.5
    rounded = x + rng.normal(0, 0.02, x.shape)
    finding = only(inspect(rounded), "clipping")
    assert finding.measured["ceiling_dbfs"] == pytest.approx(-6, abs=1)
    assert codes(inspect(scene() + rng.normal(0, 0.02, x.shape))) == set()


def test_a_tone_piles_up_and_is_not_clipped() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE)
    assert "clipping" not in codes(inspect(np.stack([tone, 0.5 * tone])))


def test_samples_far_over_full_scale_are_clipping_to_come() -> None:
    assert any("over full scale" in finding.detail for finding in inspect(scene() * 8) if finding.code == "clipping")


def test_noise_of_its_own_on_each_side_hides_neither_mono_nor_polarity() -> None:
    t = np.arange(12 * RATE) / RATE
    voice = sum(0.05 * np.sin(2 * np.pi * hz * t + hz) for hz in (210, 333, 480, 711))
    high = np.random.default_rng(2).normal(0, 0.05, (2, len(t)))
    high = np.diff(np.diff(np.diff(high, prepend=0), prepend=0), prepend=0) * 0.1
    hum_free = voice * (1 + 0.5 * np.sin(2 * np.pi * 0.4 * t))
    assert "channel_duplicate" in codes(inspect(np.stack([hum_free, hum_free]) + high * 0.05))
    assert "phase" in codes(inspect(np.stack([hum_free, -hum_free]) + high))


def test_a_low_tone_has_round_tops() -> None:
    wave = 0.9 * np.sin(2 * np.pi * 60 * np.arange(10 * RATE) / RATE)
    assert "clipping" not in codes(inspect(np.stack([wave, 0.5 * wave])))


def test_a_hole_in_the_sound_is_silence_and_a_fade_to_rest_is_only_information() -> None:
    x = scene()
    x[:, 8 * RATE : 11 * RATE] = 0
    assert at(only(inspect(x), "silence"), 8, 11)
    fade = np.clip(np.abs(np.arange(x.shape[1]) / RATE - 9.5) - 1.5, 0, 1) ** 2
    soft = only(inspect(scene() * fade), "silence")
    assert soft.severity == "info"


def test_silence_before_and_after_the_programme_is_no_finding() -> None:
    x = scene()
    x[:, : 4 * RATE] = 0
    x[:, 16 * RATE :] = 0
    assert not [finding for finding in inspect(x) if finding.code == "silence"]


def test_a_stream_without_any_sound_is_an_error() -> None:
    assert only(inspect(np.zeros((2, 5 * RATE))), "silence").severity == "error"


@pytest.mark.parametrize("gap_s", [0.01, 0.06, 0.3])
def test_a_gap_in_one_channel_is_a_dropout(gap_s: float) -> None:
    x = scene()
    x[1, 7 * RATE : 7 * RATE + int(gap_s * RATE)] = 0
    found = only(inspect(x), "dropout")
    assert at(found, 7, 7 + gap_s)
    assert found.measured["length_s"] == pytest.approx(gap_s, abs=0.005)


def test_a_jump_of_the_time_stamps_is_a_dropout_and_their_jitter_is_none() -> None:
    x = scene()
    facts = stream(x)
    for holes, found in (({100: 0.25}, True), ({100: 0.02, 101: -0.02}, False)):
        measured = Measurements(FileFacts("ts", 20, 0, (facts,)), None, {0: rows(facts, x, holes)})
        assert ("dropout" in codes(detectors.find(measured, SoundRules()))) is found


def test_clicks_are_found_and_drum_hits_are_not() -> None:
    x = scene()
    for at_s in (4.0, 9.0, 15.0):
        x[:, int(at_s * RATE) : int(at_s * RATE) + 3] += 0.6
    assert len([finding for finding in inspect(x) if finding.code == "click"]) == 3
    y = scene()
    decay = np.exp(-np.arange(RATE // 4) / (0.02 * RATE)) * np.random.default_rng(1).normal(0, 0.4, RATE // 4)
    for at_s in (4.0, 9.0, 15.0):
        y[:, int(at_s * RATE) : int(at_s * RATE) + RATE // 4] += decay
    assert "click" not in codes(inspect(y))


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_is_told_by_its_lines_and_a_bass_that_moves_is_not_hum(mains: int) -> None:
    t = np.arange(20 * RATE) / RATE
    added = sum(0.01 * np.sin(2 * np.pi * mains * times * t) / times for times in (1, 2, 3))
    assert only(inspect(scene() + added), "hum").measured["mains_hz"] == mains
    notes = np.repeat([55.0, 49.0, 61.7, 73.4, 50.0], 4 * RATE)
    bass = sum(0.05 * np.sin(2 * np.pi * np.cumsum(notes) * times / RATE) for times in (1, 2, 3))
    assert "hum" not in codes(inspect(scene() + bass))


def test_a_low_note_that_ends_in_quiet_sound_is_no_hum() -> None:
    t = np.arange(20 * RATE) / RATE
    note = sum(0.05 * np.sin(2 * np.pi * 50 * times * t) / times for times in (1, 2, 3))
    assert "hum" in codes(inspect(scene() * 0.1 + note))
    assert "hum" not in codes(inspect(scene() * 0.1 + note * ((t < 8) | (t > 16))))


def test_a_channel_turned_over_is_found_where_it_is() -> None:
    x = scene()
    common = (x[0] + x[1]) / 2
    x = np.stack([common + 0.2 * x[0], common + 0.2 * x[1]])
    x[1, 5 * RATE : 12 * RATE] *= -1
    assert at(only(inspect(x), "phase"), 5, 12) or abs(only(inspect(x), "phase").start_s - 5) < 0.7


def test_unrelated_sides_over_a_bass_of_their_own_tell_polarity_by_it() -> None:
    rng = np.random.default_rng(5)
    n = 12 * RATE
    apart = rng.normal(0, 0.05, (2, n))
    bass = np.convolve(rng.normal(0, 1, n), np.hanning(RATE // 50), "same") * 0.02
    assert "phase" not in codes(inspect(apart + bass))
    assert "phase" in codes(inspect(np.stack([apart[0] + bass, -apart[1] - bass])))
    assert "phase" not in codes(inspect(apart))


def test_mono_as_stereo_is_told_and_almost_mono_is_not() -> None:
    x = scene()
    assert "channel_duplicate" in codes(inspect(np.stack([x[0], x[0]])))
    assert "channel_duplicate" not in codes(inspect(np.stack([x[0], x[0] + 0.1 * x[1]])))


def test_a_dead_channel_is_found_for_as_long_as_it_is_dead() -> None:
    x = scene()
    x[1, 6 * RATE : 12 * RATE] = 0
    assert at(only(inspect(x), "channel_missing"), 6, 12)


def surround() -> Sound:
    """5.1: effects at the sides, a voice of its own in the centre, lows in the LFE."""
    front, voice, back = scene(seed=1), scene(seed=2)[0], scene(seed=3) * 0.3
    t = np.arange(front.shape[1]) / RATE
    low = 0.05 * np.sin(2 * np.pi * 45 * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.2 * t))
    return np.stack([front[0], front[1], 2 * voice, low, back[0] + 0.3 * front[0], back[1] + 0.3 * front[1]])


def test_a_surround_mix_in_its_own_order_gives_nothing() -> None:
    assert codes(inspect(surround())) == set()


def test_film_order_under_the_usual_label_is_told_by_its_lfe() -> None:
    found = only(inspect(surround()[[0, 2, 1, 4, 5, 3]]), "channel_layout")
    assert found.measured["channel"] == 5


def test_film_order_is_told_behind_an_encoder_that_leaves_the_lfe_only_lows() -> None:
    y = surround()[[0, 2, 1, 4, 5, 3]]
    spectrum = np.fft.rfft(y[3])
    spectrum[np.fft.rfftfreq(y.shape[1], 1 / RATE) > 120] = 0
    y[3] = np.fft.irfft(spectrum)
    found = only(inspect(y), "channel_layout")
    assert found.measured["channel"] == 5


def test_the_centre_in_the_place_of_left_is_a_swap() -> None:
    found = only(inspect(surround()[[2, 1, 0, 3, 4, 5]]), "channel_swap")
    assert "L and C" in found.detail


def test_two_streams_that_move_to_opposite_sides_are_told() -> None:
    x = scene()
    pan = np.sin(2 * np.pi * 0.1 * np.arange(x.shape[1]) / RATE)
    x = np.stack([x[0] * (1 + 0.8 * pan), x[1] * (1 - 0.8 * pan)])
    assert "channel_swap" in codes(inspect(x, x[::-1]))
    assert "channel_swap" not in codes(inspect(x, x * 0.7))


def test_six_channels_without_a_layout_are_told() -> None:
    assert "channel_layout" in codes(inspect(surround(), layout="6 channels"))


def test_the_same_sound_in_two_languages_is_told() -> None:
    assert "language" in codes(inspect(scene(), scene(), tags=("eng", "fra")))
    assert "language" not in codes(inspect(scene(), scene(seed=4), tags=("eng", "fra")))


@pytest.mark.parametrize(
    ("tag", "heard", "found"),
    [
        ("jpn", {"en": 0.97, "ja": 0.01}, "error"), ("jpn", {"en": 0.55, "ja": 0.02}, "warn"),
        ("eng", {"en": 0.97, "ja": 0.01}, ""), ("en-US", {"en": 0.4, "de": 0.3}, ""),
        ("jpn", {"en": 0.45, "ja": 0.01}, ""), ("jpn", {"en": 0.8, "ja": 0.15}, ""),
        ("nob", {"da": 0.9, "no": 0.05}, ""), ("gle", {"en": 0.9, "cy": 0.05}, ""),
    ],
)  # fmt: skip
def test_a_tag_is_held_against_the_language_that_is_spoken(tag: str, heard: dict[str, float], found: str) -> None:
    x = scene()
    facts = stream(x, tag=tag)
    measured = Measurements(FileFacts("mkv", 20, 0, (facts,)), None, {0: rows(facts, x)})
    told = language.find(measured, SoundRules(), {0: Spoken(heard, 40.0)})
    assert [finding.severity for finding in told] == ([found] if found else [])


def test_windows_with_most_speech_are_listened_to_and_silence_is_not() -> None:
    at_s = np.arange(0, 300, 0.032)
    speech = np.where((at_s > 95) & (at_s < 125) | (at_s > 200) & (at_s < 201), 0.9, 0.1)
    ((window, seconds),) = choose_windows({"at_s": at_s, "speech": speech})
    assert window == (90, 120)
    assert seconds == pytest.approx(25, abs=0.1)


def test_windows_count_by_the_speech_in_them() -> None:
    heard = together([({"en": 1.0, "nn": 0.0}, 27.0), ({"en": 0.0, "nn": 0.5, "no": 0.5}, 3.0)])
    assert heard.language == "en"
    assert heard.probabilities == pytest.approx({"en": 0.9, "no": 0.1})


def picture(seconds: float, cuts_s: NDArray[Any]) -> Series:
    at_s = np.arange(0, seconds, 0.04)
    motion = np.ones(len(at_s))
    motion[np.searchsorted(at_s, cuts_s)] = 40.0
    return {"at_s": at_s, "motion": motion, "luma": np.full(len(at_s), 90.0)}


@pytest.mark.parametrize("late_s", [0.0, 0.3, -0.24])
def test_sounds_that_come_with_cuts_tell_how_late_the_sound_is(late_s: float) -> None:
    rng = np.random.default_rng(3)
    cuts_s = np.cumsum(rng.uniform(0.8, 2.2, 25))
    x = scene(45) * 0.02
    for at_s in cuts_s + late_s:
        x[:, int(at_s * RATE) : int(at_s * RATE) + RATE // 10] += 0.2 * rng.normal(0, 1, RATE // 10)
    facts = stream(x)
    video = StreamFacts(1, "video", "h264", 45.0, 0.0, "", end_s=45.0)
    measured = Measurements(FileFacts("mkv", 45, 0, (facts, video)), picture(45, cuts_s), {0: rows(facts, x)})
    found = [finding for finding in detectors.find(measured, SoundRules()) if finding.code == "av_offset"]
    if late_s == 0.0:
        assert not found
    else:
        assert found[0].measured["offset_s"] == pytest.approx(late_s, abs=0.06)


@pytest.mark.parametrize("late", [True, False])
def test_moved_sound_made_up_to_length_is_told_and_a_fade_is_not(late: bool) -> None:
    x, empty = scene(10), np.zeros((2, RATE // 2))
    moved = np.concatenate([empty, x] if late else [x, empty], axis=1)
    video = StreamFacts(1, "video", "h264", 10.5, 0.0, "", end_s=10.5)
    told = []
    edge_s = np.minimum(np.arange(moved.shape[1]), np.arange(moved.shape[1])[::-1]) / RATE
    for sound in (moved, moved * np.clip(edge_s / 4, 0, 1) ** 4):
        facts = stream(sound)
        still = picture(10.5, np.array([2.0]))
        measured = Measurements(FileFacts("mkv", 10.5, 0, (facts, video)), still, {0: rows(facts, sound)})
        told.append("av_offset" in codes(detectors.find(measured, SoundRules())))
    assert told == [True, False]


def test_sound_that_goes_on_after_the_picture_is_told() -> None:
    x = scene(10)
    facts = stream(x)
    video = StreamFacts(1, "video", "h264", 9.5, 0.0, "", end_s=9.5)
    measured = Measurements(FileFacts("mkv", 10, 0, (facts, video)), picture(9.5, np.array([2.0])), {0: rows(facts, x)})
    assert only(detectors.find(measured, SoundRules()), "av_offset").measured["end_s"] == pytest.approx(0.5)

"""Each detector on series whose fault is known, and on what looks like it and is none."""

from dataclasses import replace

import numpy as np
import pytest

from frontrow.quality.measurements import FileFacts, Measurements, StreamFacts
from frontrow.quality.picture import (
    aspect,
    black,
    cadence,
    chroma_flash,
    decode_error,
    freeze,
    level_range,
    missing_chroma,
    repeated_frames,
    truncated,
    window_change,
)
from frontrow.quality.picture.light import SIGNATURE
from frontrow.quality.picture.rules import PictureRules

RULES = PictureRules()
RATE = 25
FRAMES = 500
PARTS = np.linspace(40, 160, 16)


def film(frames=FRAMES):
    """The series of one long moving shot in colour."""
    rng = np.random.default_rng(0)
    steady = {
        "luma": 100.0, "luma_top": 200.0, "luma_spread": 40.0, "u": 8.0, "v": -6.0, "chroma": 15.0, "u_spread": 6.0,
        "v_spread": 6.0, "green": 0.0, "shift": 0.0, "bar_top": 0.0, "bar_bottom": 0.0, "bar_left": 0.0,
        "bar_right": 0.0, "edge_rows": 1.0, "edge_columns": 1.0, "lit": 1.0, "below": 0.0, "above": 0.0, "comb": 0.0,
        "detail": 0.0, "blockiness": 0.0,
        "below_legal": 0.0, "above_legal": 0.0, "gamut": 0.0, "corrupt": 0.0, "lost": 0.0, "untimed": 0.0, "key": 0.0,
        "width": 1280.0, "height": 720.0,
    }  # fmt: skip
    series = {name: np.full(frames, value, np.float32) for name, value in steady.items()}
    series |= {name: np.full(frames, value, np.float32) for name, value in zip(SIGNATURE, PARTS, strict=True)}
    series["at_s"] = np.arange(frames) / RATE
    series["motion"] = rng.uniform(2.0, 3.0, frames).astype(np.float32)
    series["motion_fine"] = rng.uniform(2.5, 3.5, frames).astype(np.float32)
    series["motion_peak"] = rng.uniform(60, 90, frames).astype(np.float32)
    return series


def measured(series, **stream):
    facts = StreamFacts(0, "video", "h264", FRAMES / RATE, 0.0, "", width=1280, height=720, frame_rate=RATE)
    facts = replace(facts, end_s=FRAMES / RATE, **stream)
    return Measurements(FileFacts("mov", FRAMES / RATE, 1_000_000, (facts,)), series)


def still(series, places):
    series["motion"][places] = series["motion_fine"][places] = 0.02
    series["motion_peak"][places] = 1.0


def cut(series, place):
    """Another shot from `place` on."""
    series["motion"][place] = series["motion_fine"][place] = 60.0
    for number, name in enumerate(SIGNATURE):
        series[name][place:] = PARTS[-1 - number]


def dark(series, places):
    """Black at these frames."""
    for name in ("luma", "luma_top", *SIGNATURE):
        series[name][places] = 16.0
    for name in ("luma_spread", "chroma", "u", "v", "u_spread", "v_spread"):
        series[name][places] = 0.0
    still(series, places)


ALL = (aspect, black, cadence, chroma_flash, decode_error, freeze, level_range, missing_chroma, repeated_frames,
       truncated, window_change)  # fmt: skip


@pytest.mark.parametrize("detector", ALL, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_moving_shot_has_no_finding(detector):
    assert detector.find(measured(film()), RULES) == []


@pytest.mark.parametrize("detector", ALL, ids=lambda module: module.__name__.rpartition(".")[2])
def test_sound_alone_has_no_picture_finding(detector):
    sound = Measurements(FileFacts("wav", 2.0, 1000, (StreamFacts(0, "audio", "pcm", 2.0, 0.0, "", end_s=2.0),)), None)
    assert detector.find(sound, RULES) == []


def test_black_within_a_shot_is_an_error_however_short():
    series = film()
    dark(series, slice(200, 203))
    (finding,) = black.find(measured(series), RULES)
    assert (finding.severity, finding.start_s, finding.end_s) == ("error", 8.0, 8.12)


def test_a_second_of_black_between_two_shots_is_no_fault_and_three_are():
    short, long = film(), film()
    dark(short, slice(200, 225))
    cut(short, 225)
    dark(long, slice(200, 275))
    cut(long, 275)
    assert black.find(measured(short), RULES) == []
    assert [finding.severity for finding in black.find(measured(long), RULES)] == ["warn"]


def test_three_seconds_of_black_between_fades_are_only_told():
    series = film()
    dark(series, slice(200, 275))
    series["luma"][180:200] = np.linspace(100, 17, 20)
    series["luma"][275:295] = np.linspace(17, 100, 20)
    assert [finding.severity for finding in black.find(measured(series), RULES)] == ["info"]


def test_black_at_the_end_may_last_seconds():
    series = film()
    dark(series, slice(FRAMES - 100, FRAMES))
    assert black.find(measured(series), RULES) == []


def test_motion_that_stops_dead_and_goes_on_is_a_freeze():
    series = film()
    still(series, slice(200, 240))
    (finding,) = freeze.find(measured(series), RULES)
    assert finding.severity == "error"
    assert finding.start_s == pytest.approx(7.96)
    assert finding.end_s == pytest.approx(9.6)


def test_a_still_picture_after_a_cut_is_no_freeze():
    series = film()
    cut(series, 200)
    still(series, slice(201, 300))
    cut(series, 300)
    assert freeze.find(measured(series), RULES) == []


def test_a_pose_that_comes_to_rest_is_no_freeze():
    series = film()
    series["motion_fine"][188:200] = np.linspace(3, 0.4, 12)
    series["motion_peak"][188:200] = np.linspace(70, 12, 12)
    still(series, slice(200, 260))
    assert freeze.find(measured(series), RULES) == []


def test_a_face_that_stops_in_a_still_room_is_a_freeze():
    series = film()
    series["motion"][:] = series["motion_fine"][:] = 0.25
    series["motion_peak"][:] = 40
    still(series, slice(200, 260))
    (finding,) = freeze.find(measured(series), RULES)
    assert finding.end_s == pytest.approx(10.4)


def test_the_end_of_the_film_may_not_stand_still_after_motion():
    series = film()
    still(series, slice(FRAMES - 60, FRAMES))
    (finding,) = freeze.find(measured(series), RULES)
    assert finding.end_s == pytest.approx(FRAMES / RATE)


def test_a_hole_in_the_times_of_frames_is_a_freeze():
    series = film()
    series["at_s"][200:] += 1.5
    (finding,) = freeze.find(measured(series), RULES)
    assert (finding.start_s, finding.end_s) == pytest.approx((7.96, 9.5))


def test_frames_repeated_at_random_stutter():
    series = film()
    still(series, [200, 213, 217, 236, 241])
    (finding,) = repeated_frames.find(measured(series), RULES)
    assert finding.measured["frames"] == 5
    assert cadence.find(measured(series), RULES) == []


def test_one_repeated_frame_is_no_fault():
    series = film()
    still(series, [200])
    assert repeated_frames.find(measured(series), RULES) == []


def test_frames_that_are_missing_stutter_too():
    series = film()
    for place in (200, 213, 217, 236):
        series["at_s"][place:] += 1 / RATE
    (finding,) = repeated_frames.find(measured(series), RULES)
    assert finding.measured["frames"] == 4


def test_a_file_without_a_frame_rate_misses_no_frame():
    series = film()
    series["at_s"] = np.cumsum(np.random.default_rng(1).choice([0.02, 0.04, 0.07], FRAMES))
    assert repeated_frames.find(measured(series), RULES) == []


@pytest.mark.parametrize("period", [3, 5, 12, 25])
def test_every_nth_frame_repeated_is_a_converted_frame_rate(period):
    series = film()
    still(series, np.arange(100, 400, period))
    (finding,) = cadence.find(measured(series), RULES)
    assert finding.severity == "warn"
    assert finding.measured["period"] == pytest.approx(period)
    assert repeated_frames.find(measured(series), RULES) == []


def test_a_cartoon_drawn_on_twos_has_no_broken_cadence():
    series = film()
    still(series, np.arange(0, FRAMES, 2))
    assert cadence.find(measured(series), RULES) == []
    assert repeated_frames.find(measured(series), RULES) == []


def test_a_silent_film_at_todays_rate_is_only_told():
    series = film()
    series["chroma"][:] = 0
    still(series, np.arange(10, 490, 3))
    assert [finding.severity for finding in cadence.find(measured(series), RULES)] == ["info"]


def test_bars_that_come_within_a_shot_are_an_error():
    series = film()
    for name in ("bar_top", "bar_bottom"):
        series[name][200:300] = 6 / 72
    (finding,) = window_change.find(measured(series), RULES)
    assert (finding.severity, finding.start_s, finding.end_s) == ("error", 8.0, 12.0)


def test_a_film_in_one_window_throughout_has_no_change():
    series = film()
    for name in ("bar_left", "bar_right"):
        series[name][:] = 14 / 128
    assert window_change.find(measured(series), RULES) == []


def test_rolling_credits_are_no_window():
    series = film()
    for name in ("bar_left", "bar_right"):
        series[name][200:400] = 10 / 128
    series["lit"][200:400] = 0.45
    assert window_change.find(measured(series), RULES) == []


def test_levels_stretched_to_full_range_are_found_from_the_whole_file():
    series = film()
    series["below"][:] = 0.03
    (finding,) = level_range.find(measured(series), RULES)
    assert finding.severity == "error"


def test_levels_that_hardly_reach_beyond_black_are_stretched_when_codes_between_stand_empty():
    series = film()
    series["below"][:] = 0.0025
    assert level_range.find(measured(series), RULES) == []
    series["comb"] = np.where(np.arange(FRAMES) % 12, np.nan, 0.7)
    (finding,) = level_range.find(measured(series), RULES)
    assert finding.severity == "error"
    series["below"][:] = 0.0
    assert level_range.find(measured(series), RULES) == []


def test_white_letters_beyond_legal_are_told_and_no_fault():
    series = film()
    series["above_legal"][100:300] = 0.035
    assert [finding.severity for finding in level_range.find(measured(series), RULES)] == ["info"]


@pytest.mark.parametrize("planes", ["uv", "u", "v"])
def test_colour_that_goes_missing_within_a_shot_is_an_error(planes):
    series = film()
    for plane in planes:
        series[plane][200:250] = series[f"{plane}_spread"][200:250] = 0
    series["chroma"][200:250] = 0 if planes == "uv" else 6
    (finding,) = missing_chroma.find(measured(series), RULES)
    assert (finding.severity, finding.start_s, finding.end_s) == ("error", 8.0, 10.0)


def test_a_black_and_white_film_misses_no_colour():
    series = film()
    for name in ("u", "v", "u_spread", "v_spread", "chroma"):
        series[name][:] = 0
    assert missing_chroma.find(measured(series), RULES) == []


def test_one_green_frame_is_an_error():
    series = film()
    series["green"][200], series["u"][200], series["v"][200] = 1.0, -128, -128
    (finding,) = chroma_flash.find(measured(series), RULES)
    assert (finding.severity, finding.measured["frames"]) == ("error", 1)


def test_a_step_of_colour_that_goes_back_within_the_shot_is_a_flash():
    series = film()
    series["u"][200:203] = 60
    (finding,) = chroma_flash.find(measured(series), RULES)
    assert finding.measured["frames"] == 3


def test_another_colour_after_a_cut_is_no_flash():
    series = film()
    series["u"][200:] = 60
    cut(series, 200)
    assert chroma_flash.find(measured(series), RULES) == []


def test_damaged_frames_close_together_are_one_finding():
    series = film()
    series["corrupt"][[200, 204, 206]] = 1
    series["lost"][207] = 2
    series["corrupt"][400] = 1
    first, second = decode_error.find(measured(series), RULES)
    assert (first.start_s, first.end_s, first.measured["lost"]) == (8.0, 8.32, 2)
    assert second.start_s == 16.0


def test_a_stream_that_ends_before_its_stated_length_is_cut_off():
    (finding,) = truncated.find(measured(film(), duration_s=30.0), RULES)
    assert (finding.start_s, finding.end_s) == (20.0, 30.0)


def test_frames_that_the_index_counts_and_nobody_decoded_are_missing():
    (finding,) = truncated.find(measured(film(), stated_frames=FRAMES + 10), RULES)
    assert finding.measured["missing"] == 10


def test_a_header_without_a_frame_rate_is_told():
    series = measured(film())
    stream = replace(series.facts.streams[0], frame_rate=0.0)
    (finding,) = cadence.find(replace(series, facts=replace(series.facts, streams=(stream,))), RULES)
    assert "0 frames a second" in finding.detail


def test_zeros_in_all_planes_are_green_and_not_black():
    series = film()
    dark(series, slice(200, 203))
    series["chroma"][200:203] = 180
    assert black.find(measured(series), RULES) == []


def test_a_tenth_of_a_second_less_than_stated_is_no_truncation():
    assert truncated.find(measured(film(), duration_s=20.1), RULES) == []


@pytest.mark.parametrize(
    ("size", "pixel_aspect", "known"),
    [((1280, 720), 1.0, True), ((720, 576), 64 / 45, True), ((720, 480), 8 / 9, True), ((1440, 1080), 4 / 3, True),
     ((176, 144), 128 / 117, True),
     ((800, 332), 0.9975, True), ((1080, 1920), 1.0, True), ((1280, 720), 1.14, False), ((1920, 1080), 4 / 3, False),
     ((720, 480), 1.3, False)],
)  # fmt: skip
def test_pixels_of_a_shape_that_no_format_has_are_an_error(size, pixel_aspect, known):
    found = aspect.find(measured(film(), width=size[0], height=size[1], pixel_aspect=pixel_aspect), RULES)
    assert (found == []) == known


def test_bars_on_all_four_sides_are_a_postage_stamp():
    series = film()
    for name in ("bar_top", "bar_bottom", "bar_left", "bar_right"):
        series[name][:] = 0.12
    assert [finding.severity for finding in aspect.find(measured(series), RULES)] == ["warn"]


def test_a_planet_in_the_dark_stands_in_no_window():
    series = film()
    for name in ("bar_top", "bar_bottom", "bar_left", "bar_right"):
        series[name][:] = 0.12
    series["edge_rows"][:] = series["edge_columns"][:] = 0.15
    assert aspect.find(measured(series), RULES) == []


def test_a_plain_ground_that_everything_has_left_is_no_freeze():
    series = film()
    still(series, slice(200, 260))
    series["detail"][200:260] = np.nan
    assert freeze.find(measured(series), RULES) == []


def test_a_colour_plane_that_fades_out_is_not_missing():
    series = film()
    series["u"][200:250] = 0
    series["u_spread"][150:300] = np.abs(np.linspace(-1.6, 1.6, 150))
    assert missing_chroma.find(measured(series), RULES) == []

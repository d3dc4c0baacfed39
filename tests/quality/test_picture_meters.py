"""Meters on drawn frames whose numbers are known."""

import numpy as np
import pytest

from frontrow.quality.picture import meters
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.grid import CHROMA, LUMA, shrink
from frontrow.quality.picture.levels import Levels
from frontrow.quality.picture.light import Light, Motion
from frontrow.quality.picture.window import Window


def frame(y, u=None, v=None, bits=8, full_range=False):
    kind = np.uint8 if bits == 8 else np.dtype("<u2")
    y = np.ascontiguousarray(y, kind)
    neutral = np.full((y.shape[0] // 2, y.shape[1] // 2), 128 << (bits - 8))
    u, v = (np.ascontiguousarray(neutral if plane is None else plane, kind) for plane in (u, v))
    return Frame(
        at_s=0.0, y=y, u=u, v=v, bits=bits, small_y=shrink(y, LUMA, bits), small_u=shrink(u, CHROMA, bits),
        small_v=shrink(v, CHROMA, bits), interlaced=False, top_field_first=False, key=False, corrupt=False,
        full_range=full_range,
    )  # fmt: skip


def told(meter, *frames):
    for each in frames:
        numbers = meter.look(each)
    return dict(zip(meter.names, numbers, strict=True))


@pytest.mark.parametrize("shape", [(72, 128), (332, 800), (1080, 1920), (100, 200)])
def test_small_means_are_those_of_equal_areas(shape):
    plane = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    small = shrink(plane, LUMA, 8)
    rows, columns = (np.arange(count + 1) * size // count for count, size in zip(LUMA, shape, strict=True))
    for row, column in ((0, 0), (35, 64), (71, 127)):
        area = plane[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
        assert abs(float(small[row, column]) - area.mean()) <= 0.5


def test_a_picture_smaller_than_the_grid_has_means_too():
    assert shrink(np.full((18, 22), 77, np.uint8), LUMA, 8).tolist() == np.full(LUMA, 77).tolist()


def test_ten_bits_are_told_in_codes_of_eight():
    assert shrink(np.full((720, 1280), 940, np.uint16), LUMA, 10).max() == 235


def test_black_is_16_whatever_the_range():
    limited = told(Light(), frame(np.full((180, 320), 16)))
    full = told(Light(), frame(np.zeros((180, 320)), full_range=True))
    assert limited["luma"] == full["luma"] == 16


def test_motion_has_no_sign_and_shift_has():
    bright, dark = frame(np.full((180, 320), 100)), frame(np.full((180, 320), 60))
    assert told(Motion(), bright, dark) == {"motion": 40, "motion_peak": 40, "shift": -40, "motion_fine": 40}
    assert told(Motion(), dark, bright)["shift"] == 40


def test_the_same_picture_twice_has_no_motion_and_one_pixel_has_a_little():
    rows = np.random.default_rng(0).integers(16, 235, (180, 320))
    other = rows.copy()
    other[8, 100] ^= 16
    assert told(Motion(), frame(rows), frame(rows))["motion_fine"] == 0
    assert 0 < told(Motion(), frame(rows), frame(other))["motion_fine"] < 0.01


def test_an_empty_buffer_is_green():
    zeros = np.zeros((90, 160))
    assert told(Light(), frame(np.zeros((180, 320)), zeros, zeros))["green"] == 1.0


def test_pure_green_of_a_camera_is_no_empty_buffer():
    assert told(Light(), frame(np.full((180, 320), 145), np.full((90, 160), 54), np.full((90, 160), 34)))["green"] < 1


def test_bars_are_told_by_their_share():
    rows = np.full((360, 640), 16)
    rows[50:310] = 120
    window = told(Window(), frame(rows))
    assert window["bar_top"] == window["bar_bottom"] == pytest.approx(10 / 72)
    assert window["bar_left"] == 0
    assert window["edge_rows"] == 1


def test_shares_outside_the_levels_are_counted():
    rows = np.full((360, 640), 120)
    rows[:180] = 2
    levels = told(Levels(), frame(rows))
    assert levels["below"] == levels["below_legal"] == pytest.approx(0.5, abs=0.02)
    assert levels["above"] == 0


def test_a_file_of_full_range_uses_all_of_it():
    assert set(told(Levels(), frame(np.zeros((360, 640)), full_range=True)).values()) == {0.0}


@pytest.mark.parametrize("bits", [8, 10])
def test_every_meter_gives_a_number_for_each_name(bits):
    for meter in meters.make():
        rows = np.random.default_rng(0).integers(16 << (bits - 8), 235 << (bits - 8), (180, 320))
        for _ in range(2):
            assert len(meter.look(frame(rows, bits=bits))) == len(meter.names)


def test_no_two_meters_fill_one_column():
    names = [name for meter in meters.make() for name in meter.names]
    assert len(names) == len(set(names))

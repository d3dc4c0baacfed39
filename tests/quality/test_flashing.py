"""Flashing on both sides of each limit of BT.1702."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.quality.picture import flashing
from frontrow.quality.picture.rules import PictureRules
from worlds.pan import measure, pan

RULES = PictureRules()
SHAPE = (144, 256)


def code(luminance_cd_m2):
    """Luma of a grey of that luminance, white having 200 cd/m2."""
    linear = luminance_cd_m2 / 200
    curved = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(16 + 219 * curved)


def flashes(per_s, *, rate=25, duration_s=3.0, low=0.0, high=200.0, area=1.0, soft=False):
    """A part of the picture going up and down."""
    rows, columns = (round(side * area**0.5) for side in SHAPE)
    for number in range(round(duration_s * rate)):
        phase = (number + 0.01) / rate * per_s % 1
        level = 0.5 - 0.5 * np.cos(2 * np.pi * phase) if soft else float(phase < 0.5)
        picture = np.full(SHAPE, code(low), np.uint8)
        picture[5 : 5 + rows, 9 : 9 + columns] = code(low + level * (high - low))
        yield picture


def fails(film, rate=25):
    return bool(flashing.find(measure(film, rate=rate), RULES))


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60])
def test_three_flashes_a_second_are_allowed_and_four_are_not(rate):
    assert not fails(flashes(3, rate=rate), rate)
    assert fails(flashes(4, rate=rate), rate)


@pytest.mark.parametrize("rate", [25, 60])
def test_a_strobe_of_every_other_frame_is_flashing(rate):
    film = [np.full(SHAPE, code(200.0 * (number % 2)), np.uint8) for number in range(2 * rate)]
    found = flashing.find(measure(film, rate=rate), RULES)
    assert max(finding.measured["flashes_per_s"] for finding in found) == pytest.approx(rate / 2, abs=1)


def test_soft_flashes_count_as_hard_ones():
    assert fails(flashes(4, rate=50, soft=True), 50)


@pytest.mark.parametrize("high", [62, 200])
def test_a_quarter_of_the_picture_is_the_limit(high):
    assert not fails(flashes(5, low=40, high=high, area=0.24))
    assert fails(flashes(5, low=40, high=high, area=0.26))


def test_the_step_is_twenty_candela():
    assert not fails(flashes(5, low=40, high=59))
    assert fails(flashes(5, low=40, high=61))


def test_the_darker_state_must_be_below_a_hundred_and_sixty():
    assert not fails(flashes(5, low=165, high=195))
    assert fails(flashes(5, low=155, high=185))


def test_two_flashes_a_second_may_last_three_seconds_but_not_six():
    assert not fails(flashes(2, duration_s=3.4))
    assert fails(flashes(2, duration_s=7))


def test_a_finding_says_when_and_how_often():
    found = flashing.find(measure([*[np.full(SHAPE, 16, np.uint8)] * 50, *flashes(5, duration_s=2)], rate=25), RULES)
    assert [finding.code for finding in found] == ["flashing"]
    assert found[0].start_s == pytest.approx(2.0, abs=0.3)
    assert found[0].end_s == pytest.approx(4.0, abs=0.2)
    assert found[0].measured["flashes_per_s"] == pytest.approx(5, abs=0.5)


def test_a_pan_is_no_flashing():
    assert not fails(pan(96, pixels_a_frame=9, softness=4.0))


@settings(max_examples=15, deadline=None)
@given(st.floats(0.0, 195.0), st.floats(0.0, 4.0))
def test_a_picture_that_only_brightens_never_flashes(start, slope):
    levels = np.minimum(start + slope * np.arange(75), 200)
    assert not fails(np.full(SHAPE, code(level), np.uint8) for level in levels)

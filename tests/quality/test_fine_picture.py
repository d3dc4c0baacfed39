"""Fine faults of a picture, each made in a film whose every pixel is known, and what looks like it and is none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from frontrow.quality.picture.banding import BandMeter, count_levels
from frontrow.quality.picture.blocks import BlockMeter
from frontrow.quality.picture.comb import comb
from frontrow.quality.picture.flashing import FlashMeter
from frontrow.quality.picture.focus import FocusMeter
from frontrow.quality.picture.interlace import InterlaceMeter
from frontrow.quality.picture.lettering import LetterMeter
from frontrow.quality.picture.looks import stretches
from frontrow.quality.picture.pixels import PixelMeter
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.torn import TornMeter
from worlds.pan import COLUMNS, RATE, ROWS, codes, damaged, find, measure, pan


@pytest.fixture(scope="module")
def clean():
    return pan(96)


def only(measured, code):
    """The findings, which must all be of one code."""
    found = find(measured)
    assert {finding.code for finding in found} == {code}, found
    return found


def test_a_clean_pan_has_no_finding(clean):
    assert codes(measure(clean)) == set()


def test_ten_bits_are_measured_as_eight_are(clean):
    eight, ten = measure(clean[:30]), measure(clean[:30], bits=10)
    for meter in (BandMeter, BlockMeter, FlashMeter, FocusMeter, InterlaceMeter, LetterMeter, PixelMeter, TornMeter):
        for name in meter.names:
            np.testing.assert_allclose(ten.picture[name], eight.picture[name], atol=0.003, err_msg=name)


@pytest.mark.parametrize("bits", [8, 10])
def test_pictures_of_any_size_are_measured_also_when_the_size_changes(bits):
    rng = np.random.default_rng(0)
    sizes = [(1, 1), (2, 2), (3, 90), (90, 3), (17, 33), (16, 16), (64, 48), (64, 90), (35, 90)]
    film = [rng.integers(0, 256, size, np.uint8) for size in sizes for _ in range(13)]
    assert len(measure(film, bits=bits).picture["at_s"]) == len(film)


# Blocks --------------------------------------------------------------------------------------------------------------


def blocky(size):
    def damage(picture):
        rows, columns = np.arange(ROWS) // size * size, np.arange(COLUMNS) // size * size
        return gaussian_filter(picture.astype(float), size / 2)[rows[:, None], columns].astype(np.uint8)

    return damage


def test_blocks_of_eight_are_found_where_they_are(clean):
    finding = only(measure(damaged(clean, 24, 72, blocky(8))), "macroblocking")[0]
    assert finding.start_s == pytest.approx(1.0, abs=0.2)
    assert finding.end_s == pytest.approx(3.0, abs=0.2)


def test_tiles_off_the_grid_of_an_encoder_are_part_of_the_picture(clean):
    assert "macroblocking" not in codes(measure(damaged(clean, 24, 72, blocky(13))))


def torn_blocks(picture):
    rng = np.random.default_rng(int(picture.sum()))
    out = picture.copy()
    for row, column in zip(rng.integers(1, ROWS // 16 - 1, 8), rng.integers(1, COLUMNS // 16 - 1, 8), strict=True):
        out[16 * row :, 16 * column :][:16, :16] = 235 if (row + column) % 2 else 20
    return out


def test_blocks_of_other_pictures_are_packet_loss():
    finding = only(measure(damaged(pan(96, softness=3.0), 30, 40, torn_blocks)), "packet_loss")[0]
    assert finding.start_s == pytest.approx(30 / RATE, abs=0.1)
    assert finding.severity == "error"


def test_blocks_that_change_by_themselves_are_packet_loss_where_the_picture_hardly_shows_them():
    """As VP8 and H.265 decode a flipped bit: blocks moved from elsewhere, in two looks."""

    def moved(picture):
        out = picture.copy()
        for row in range(2, 9, 2):
            for column in range(3, 17, 3):
                out[16 * row :, 16 * column :][:16, :16] = np.clip(
                    out[16 * row :, 16 * column :][:16, :16] + 24, 0, 235
                )
        return out

    finding = only(measure(damaged(pan(96, softness=6.0), 30, 34, moved)), "packet_loss")[0]
    assert finding.start_s == pytest.approx(30 / RATE, abs=0.1)


@pytest.mark.parametrize("cut", [False, True])
def test_motion_and_cuts_tear_no_blocks(cut):
    film = pan(96, pixels_a_frame=5, softness=2.0)
    tear = measure(film[:48] + pan(48, seed=3, softness=2.0) if cut else film).picture["tear"]
    assert np.nanmax(tear) < PictureRules().tear


# Interlace -----------------------------------------------------------------------------------------------------------


def woven(film, first):
    """Two frames to one, the earlier of both in the lines from `first` on."""
    out = []
    for early, late in zip(film[::2], film[1::2], strict=True):
        out.append(late.copy())
        out[-1][first::2] = early[first::2]
    return out


def test_interlace_that_is_shown_as_progressive_is_combing(clean):
    only(measure(woven(pan(120, pixels_a_frame=3), 0)), "combing")


@pytest.mark.parametrize(("first", "order"), [(0, "tt"), (1, "bb")])
def test_interlace_with_its_own_field_order_is_no_fault(first, order):
    assert codes(measure(woven(pan(120, pixels_a_frame=3), first), order=order)) == set()


@pytest.mark.parametrize(("first", "order"), [(0, "bb"), (1, "tt")])
def test_the_other_field_order_is_a_fault(first, order):
    only(measure(woven(pan(120, pixels_a_frame=3), first), order=order), "field_order")


def test_fine_lines_that_do_not_move_are_no_comb(clean):
    def lined(picture):
        out = clean[0].copy()
        out[40:120:2, 60:200] = 220
        out[41:120:2, 60:200] = 60
        return out

    assert "combing" not in codes(measure(damaged(clean, 0, 96, lined)))


# Pixels --------------------------------------------------------------------------------------------------------------


def with_dot(picture, row, column, size=1, code=235):
    out = picture.copy()
    out[row : row + size, column : column + size] = code
    return out


def test_a_pixel_that_stays_while_the_picture_moves_is_stuck():
    film = [with_dot(picture, 50, 70) for picture in pan(192, softness=3.0)]
    finding = only(measure(film), "stuck_pixel")[0]
    assert "line 50, column 70" in finding.detail


def test_a_bright_point_of_a_still_picture_is_not_stuck():
    still = with_dot(pan(1, softness=3.0)[0], 50, 70)
    assert codes(measure([still] * 192)) == set()


def test_a_bright_point_of_a_scene_that_gets_lighter_and_darker_is_not_stuck():
    scene = with_dot(pan(1, softness=3.0)[0] // 2, 50, 70, code=120).astype(float)
    film = [(scene * (1 + 0.6 * np.sin(n / 20))).clip(16, 235).astype(np.uint8) for n in range(240)]
    assert "stuck_pixel" not in codes(measure(film))


def test_a_stuck_pixel_is_known_by_two_cuts_between_still_shots():
    shots = [
        np.full((ROWS, COLUMNS), code, np.uint8) + pan(1, softness=3.0, seed=code)[0] // 8 for code in (30, 140, 60)
    ]
    film = [with_dot(shots[n // 72], 50, 70, code=235) for n in range(216)]
    assert "stuck_pixel" in codes(measure(film))


def test_what_keeps_its_place_in_one_shot_alone_is_not_stuck():
    """A flower in grass that sways: it is gone with the cut, and what was gathered by then is no evidence."""
    rng = np.random.default_rng(5)
    meadow = [rng.normal(120, 12, (ROWS // 4, COLUMNS // 4)).repeat(4, 0).repeat(4, 1).clip(40, 180) for _ in range(20)]
    shot = [with_dot(meadow[n // 12].astype(np.uint8), 50, 70, code=235) for n in range(216)]
    assert "stuck_pixel" not in codes(measure(shot + pan(120, softness=3.0)))


def test_detail_before_the_noise_of_an_encode_is_not_stuck():
    """A locked camera: surroundings that range over thirty codes in all are renewed by the encoder, not by a scene."""
    rng = np.random.default_rng(7)
    scene = pan(1, softness=3.0)[0].astype(int)
    renewed = [scene + rng.integers(-1, 2) * 12 for _ in range(20)]
    film = [with_dot(renewed[n // 12].clip(16, 235).astype(np.uint8), 50, 70, code=235) for n in range(240)]
    assert "stuck_pixel" not in codes(measure(film))


def test_specks_of_single_frames_are_hot_pixels():
    film = pan(96, softness=3.0)
    for frame, row in ((20, 40), (47, 90), (71, 130)):
        film[frame] = with_dot(film[frame], row, 150, 3)
    finding = only(measure(film), "hot_pixel")[0]
    assert finding.measured["specks"] == 3
    assert finding.start_s == pytest.approx(20 / RATE, abs=1e-6)
    assert "line 40, column 150" in finding.detail


def test_one_glint_is_no_fault():
    film = pan(96, softness=3.0)
    film[20] = with_dot(film[20], 40, 150, 3)
    assert codes(measure(film)) == set()


def test_a_light_that_moves_is_no_speck():
    film = [with_dot(picture, 40, 20 + 3 * number, 3) for number, picture in enumerate(pan(96, softness=3.0))]
    assert "hot_pixel" not in codes(measure(film))


# Levels, focus, letters -----------------------------------------------------------------------------------------------


def test_few_levels_are_banding(clean):
    finding = only(measure(damaged(clean, 24, 72, lambda picture: picture // 12 * 12 + 6)), "banding")[0]
    assert finding.start_s == pytest.approx(1.0, abs=0.3)


def test_a_stretch_of_levels_leaves_holes_but_no_bands():
    codes_before = np.random.default_rng(0).normal(120, 30, 100_000).clip(30, 200)
    stretched = np.round((np.round(codes_before) - 16) * 255 / 219).astype(int)
    assert count_levels(np.bincount(stretched, minlength=256)) == 0


@pytest.mark.parametrize(("white", "is_stretched"), [(255, True), (250, True), (235, False), (200, False)])
def test_stretched_levels_leave_a_comb_and_others_do_not(white, is_stretched):
    levels = np.random.default_rng(0).normal(120, 45, 200_000).clip(16, 235).round()
    histogram = np.bincount(np.round((levels - 16) * (white - 16) / 219 + 16).astype(int), minlength=256)
    near = np.convolve(histogram, [0.2, 0.6, 0.2], "same")  # as an encode fills gaps
    assert (comb(near.astype(np.int64)) > PictureRules().range_comb) == is_stretched


def test_colour_bars_are_no_gradient():
    bars = np.repeat([16, 48, 80, 112, 144, 180, 235], 1000)
    assert count_levels(np.bincount(bars, minlength=256)) < 5


def test_a_shot_out_of_focus_is_blurred(clean):
    soft = damaged(clean, 24, 72, lambda picture: gaussian_filter(picture.astype(float), 2.5).astype(np.uint8))
    finding = only(measure(soft), "blur")[0]
    assert (finding.start_s, finding.end_s) == (pytest.approx(1.0, abs=0.3), pytest.approx(3.0, abs=0.3))


def test_a_film_that_is_soft_throughout_is_not_blurred():
    assert codes(measure(pan(96, softness=3.0))) == set()


def test_a_sharp_face_before_a_soft_ground_is_not_blurred(clean):
    def shallow(picture):
        out = gaussian_filter(picture.astype(float), 2.5).astype(np.uint8)
        out[60:130, 100:220] = picture[60:130, 100:220]
        return out

    assert "blur" not in codes(measure(damaged(clean, 24, 72, shallow)))


def noisy(picture, sigma=0.0):
    rng = np.random.default_rng(int(picture[:8].sum()))
    soft = gaussian_filter(picture.astype(float), 2.0) + rng.normal(0, 3, picture.shape)
    return (gaussian_filter(soft, sigma) + rng.normal(0, 0.5, picture.shape)).clip(16, 235).astype(np.uint8)


def test_a_pixel_of_blur_in_a_soft_and_noisy_film_is_found_where_it_sets_in(clean):
    film = [noisy(picture, 1.0 if 24 <= n < 72 else 0.0) for n, picture in enumerate(clean)]
    finding = only(measure(film), "blur")[0]
    assert (finding.start_s, finding.end_s) == (pytest.approx(1.0, abs=0.1), pytest.approx(3.0, abs=0.1))


def test_a_lens_that_is_turned_slowly_is_no_fault(clean):
    turned = [gaussian_filter(picture.astype(float), min(1.5, n / 32)) for n, picture in enumerate(clean)]
    assert "blur" not in codes(measure([noisy(picture) for picture in turned]))


def lettered(picture, words="NOT FOR BROADCAST"):
    image = Image.fromarray(picture)
    font = ImageFont.load_default(14)
    ImageDraw.Draw(image).text((40, 150), words, 235, font, stroke_width=1, stroke_fill=16)
    return np.asarray(image)


def test_words_that_come_and_go_are_words_and_nothing_else():
    only(measure(damaged(pan(120), 24, 96, lettered)), "burnt_in_text")


def test_a_dot_in_a_line_of_letters_is_not_stuck():
    """Letters are known where the ground is no plain card; their dots stay where they are on any ground."""
    dotted = [with_dot(picture, 160, 250) for picture in pan(240, softness=3.0)]
    assert "stuck_pixel" in codes(measure(dotted))
    assert "stuck_pixel" not in codes(measure(damaged(dotted, 120, 192, lettered)))


def test_words_over_the_picture_are_burnt_in(clean):
    finding = only(measure(damaged(clean, 24, 96, lettered)), "burnt_in_text")[0]
    assert finding.start_s == pytest.approx(1.0, abs=0.5)
    assert finding.measured["height"] == pytest.approx(158 / ROWS, abs=0.06)


@pytest.mark.parametrize("ground", [16, 90])
def test_a_title_on_a_card_is_part_of_the_film(clean, ground):
    card = lettered(np.full((ROWS, COLUMNS), ground, np.uint8))
    assert codes(measure(damaged(clean, 24, 96, lambda _: card))) == set()


def test_still_texture_of_hard_edges_is_no_text():
    rng = np.random.default_rng(1)
    tiles = np.kron(rng.integers(0, 2, (ROWS // 4, COLUMNS // 4)), np.ones((4, 4)))
    assert "burnt_in_text" not in codes(measure([(40 + 170 * tiles).astype(np.uint8)] * 96))


# Stretches -----------------------------------------------------------------------------------------------------------


def test_hits_far_apart_are_two_stretches_and_a_lone_one_is_none():
    at_s = np.arange(100) / 10
    values = np.zeros(100)
    hit = np.isin(np.arange(100), [3, 4, 5, 50, 80, 82])
    assert list(stretches(at_s, values, hit, least_s=0.1, gap_s=0.5)) == [(3, 6), (80, 83)]


def test_frames_that_nobody_looked_at_do_not_thin_out_a_stretch():
    at_s = np.arange(60) / 10
    values = np.full(60, np.nan)
    values[::6] = 1.0
    assert list(stretches(at_s, values, values > 0, least_s=1.0)) == [(0, 55)]

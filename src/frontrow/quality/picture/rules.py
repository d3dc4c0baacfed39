"""The limits that a picture is held to; the defaults are the general pack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureRules:
    """One field a limit."""

    black_luma: float = 22.0
    """Brightest code (limited range, 16 is black) of a frame that counts as black; a hum of noise stays below 20."""
    black_s: float = 2.0
    """Longest black between two hard cuts in the middle, seconds; shorter ones are in every trailer."""
    black_fade_s: float = 5.0
    """Longest black between a fade out and a fade in, seconds."""
    black_ends_s: float = 8.0
    """Longest black at the start or the end, seconds; a slate and a second or two are usual."""

    freeze_s: float = 1.0
    """Shortest standstill in motion that goes on afterwards, seconds: a viewer notices half a second."""
    freeze_cut_s: float = 2.0
    """Shortest one that ends with a cut or the film, seconds: a pose may be held that long."""
    freeze_fine: float = 0.35
    """Mean difference of pixels, codes, up to which two frames are the same picture encoded twice."""
    still_s: float = 30.0
    """Longest still picture that begins with a cut or a fade, seconds: a card or a still shot."""

    repeat_share: float = 0.12
    """A frame that differs from the one before by less than this share of the motion around it repeats it."""
    repeat_motion: float = 0.6
    """Least motion, codes a pixel, in which a repeated frame can be seen."""
    repeats: int = 3
    """Repeated or missing frames within `repeats_within_s` from which on motion stutters."""
    repeats_within_s: float = 3.0
    """Window of that count, seconds."""
    cadence_s: float = 3.0
    """Shortest stretch of frames repeated in a fixed rhythm, seconds."""

    window_step: float = 0.025
    """Least share of height or width by which bars grow that counts as another window."""
    window_s: float = 0.8
    """Shortest time that another window stands, seconds."""

    level_share: float = 0.01
    """Share of the picture that may lie outside EBU R 103 (1%)."""
    level_gross_share: float = 0.08
    """Share from which on it is a fault and not only a note: white letters of credits reach 4%."""
    level_s: float = 1.0
    """Shortest time outside of it, seconds."""
    range_share: float = 0.004
    """Share of all pixels of a file beyond nominal levels that gives away a wrong range; 0.003 in clean film."""
    range_comb: float = 0.55
    """Comb of empty codes, 0 to 1, from which on levels were stretched and half of that share is enough."""

    chroma_least: float = 3.0
    """Mean colour, codes, from which on a film has colour that can go missing."""
    chroma_s: float = 0.4
    """Shortest time without colour, seconds."""
    flash_frames: int = 8
    """Longest flash of a wrong colour, frames."""
    flash_chroma: float = 25.0
    """Least step of mean colour of such a flash, codes."""

    pixel_aspect_tolerance: float = 0.015
    """How far the shape of a pixel may be from one that is known, as a share."""
    missing_s: float = 0.5
    """How much shorter than stated a file may be, seconds; a hundredth of its length is always allowed."""
    ends_apart_s: float = 3.0
    """How far the ends of picture and sound may lie apart, seconds."""

    flash_area: float = 0.25
    """Share of the picture that flashes together from which on flashing counts (BT.1702: a quarter)."""
    flash_balance: float = 0.5
    """Where what falls is more than this share of what rises (or the other way), the picture moves."""
    flash_together_s: float = 0.07
    """Parts of the picture that turn within this time turn together, seconds: a flash may have a soft front."""
    flashes_most: int = 3
    """Flashes allowed within one second (BT.1702)."""
    flashes_lasting: int = 2
    """Flashes a second from which on they may not last."""
    flash_window_s: float = 5.0
    """Window in which lasting flashes are counted, seconds."""
    flash_lasting_s: float = 4.0
    """Time with lasting flashes that is allowed within that window, seconds (as EA's IRIS counts)."""

    blockiness: float = 0.07
    """Share of the places on the block grid, beyond that off it, that show a step; clean film stays below 0.05."""
    block_ratio: float = 2.0
    """How much fuller than the next the fullest of eight places must be: a grid, not texture."""
    block_s: float = 0.3
    """Shortest time with blocks, seconds."""
    band_levels: int = 6
    """Levels of a gradient in a row that stand apart; clean film stays below 4, colour bars have 4, and the greys of a
    program's windows, as screens are recorded, 5."""
    band_s: float = 0.5
    """Shortest time with bands, seconds."""
    blur_sharpness: float = 0.56
    """Sharpness of the sharpest edges up to which a shot can be blurred: a Gaussian of 1.3 pixels leaves 0.5."""
    blur_share: float = 0.6
    """The same as a share of what the film usually has."""
    blur_spread: float = 1.15
    """How much sharper the sharpest edges may be than the sharp ones; a shallow focus has 1.2 and more."""
    blur_fall: float = 0.4
    """Least fall of fine detail at once, as the log of a ratio; 0.4 leaves two thirds of it."""
    blur_s: float = 1.0
    """Shortest blur, seconds."""
    combed: float = 0.00015
    """Share of the picture that is combed; clean film stays below 0.00002."""
    combed_s: float = 0.3
    """Shortest time with combing, seconds."""
    field_lead: float = 0.15
    """How clearly one field is the earlier one, 0 to 1; interlaced motion gives 0.3 to 0.6."""
    torn: float = 0.009
    """Torn sides a macroblock; clean film stays below 0.006."""
    torn_s: float = 0.1
    """Shortest time with torn blocks, seconds."""
    tear: float = 0.02
    """Sides a macroblock that tear in what changes: twice within a second, once by half as much again; or once by two
    and a half times as much. Clean film stays below 0.018, but for 0.025 in one of 7,000 looks."""
    stuck_most: int = 16
    """Most pixels that can be stuck; more are texture, or dirt that lies still."""
    stuck_s: float = 2.5
    """Shortest time of a stuck pixel, seconds, after the four that it takes to know."""
    specks: int = 2
    """Specks of a single frame that are a fault: one may be a glint."""
    specks_within_s: float = 6.0
    """Time within which the next speck must come, seconds."""
    specks_a_second: float = 4.0
    """More specks than this a second are sparks, rain or the dirt of an old print."""
    specks_most: int = 6
    """More specks than this in one frame are noise, sparks or snow."""
    letters: int = 7
    """Cells (two letters or so each, a sixtieth of the height) in a line of text from which on it is told of; the
    stripes of a wall behind a webcam's picture reach 6."""
    letter_share: float = 0.6
    """Share of all still, hard-edged cells that the line must be: more of them elsewhere are texture (grass: 0.5)."""
    letters_s: float = 0.4
    """Shortest time of such text, seconds, after the 0.75 that it takes to know."""

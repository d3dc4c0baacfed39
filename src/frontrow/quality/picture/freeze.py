"""Freeze: motion that stops dead, within the film or at its end.

A still picture is no fault: cards, drawings held for seconds, a locked camera. They begin with a cut, a fade, or come
to rest. A freeze stops a shot that moves from one frame to the next, and where it ends the shot has gone on.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import Floats, Mask, alike, cuts, runs, step_s, when

_PEAK: Final = 8.0
"""Largest change of a cell, codes, while the picture stands."""
_NOISE_FINE: Final = 1.2
_NOISE_PEAK: Final = 2.5
"""The same with noise: encoders renew it in pieces, and means of areas do not see it."""
_BEFORE: Final = 12
_BUSY: Final = 0.5
"""Least motion before a freeze, codes a pixel."""
_BUSY_PEAK: Final = 25.0
"""Or of the cell that changes most, codes: a face may move in a room that stands."""
_REST: Final = 0.4
"""Motion right before the stop, as a share of that before it, below which the shot came to rest by itself."""
_GAP_S: Final = 0.5
"""A hole in the times of frames from this on is a standstill, seconds."""


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Freezes (error), and still pictures of uncommon length (info)."""
    picture = measured.picture
    if picture is None or len(picture["at_s"]) < _BEFORE:
        return []
    still = still_frames(picture, rules)
    cut = cuts(picture)
    found = [_judge(picture, cut, first, stop, rules) for first, stop in runs(still)]
    return [finding for finding in found if finding] + _holes(picture)


def still_frames(picture: Series, rules: PictureRules) -> Mask:
    """Frames that show what the one before showed, black ones left out."""
    fine, peak = np.nan_to_num(picture["motion_fine"], nan=99.0), np.nan_to_num(picture["motion_peak"], nan=99.0)
    same = (fine <= rules.freeze_fine) & (peak <= _PEAK)
    same |= (fine <= _NOISE_FINE) & (peak <= _NOISE_PEAK)
    return np.asarray(same & (picture["luma_top"] > rules.black_luma))


def _judge(picture: Series, cut: Mask, first: int, stop: int, rules: PictureRules) -> Finding | None:
    start, end = when(picture, max(0, first - 1), stop)
    length = end - start
    if length < rules.freeze_s:
        return None
    fine = picture["motion_fine"]
    inside = float(np.nanmedian(fine[first:stop]))
    busy = float(np.median(fine[max(1, first - _BEFORE) : first])) if first > 1 else 0.0
    stops = _stops(fine, first, stop, _BUSY, 4.0) or _stops(picture["motion_peak"], first, stop, _BUSY_PEAK, 8.0)
    own = not cut[max(0, first - 3) : first].any() and not _fades(picture, first)
    tail = stop == len(fine)
    goes_on = not tail and not cut[stop : stop + 2].any() and alike(picture, first, stop)
    shortest = rules.freeze_s if goes_on else rules.freeze_cut_s
    numbers = {"length_s": length, "motion_before": busy, "motion": inside}
    empty = bool(np.isnan(picture["detail"][first:stop]).all())  # a plain ground that everything has left
    if stops and own and not empty and length >= shortest:
        where = "to the end" if tail else "in the middle of a shot"
        return Finding(
            "freeze", "error", start, end, 0.9, f"the picture stands still for {length:.1f} s {where}", numbers
        )
    if length > rules.still_s:
        detail = f"a still picture for {length:.1f} s; up to {rules.still_s:g} s are usual"
        return Finding("freeze", "warn", start, end, 0.4, detail, numbers)
    return None


def _stops(motion: Floats, first: int, stop: int, least: float, times: float) -> bool:
    """Whether there was motion before, `times` of what is left, up to the last frame: it did not come to rest."""
    before = motion[max(1, first - _BEFORE) : first]
    if len(before) < 3:
        return False
    busy, last = float(np.median(before)), float(before[-1])
    lasting = max(busy, float(np.median(before[-4:])))
    return busy > max(least, times * float(np.nanmedian(motion[first:stop]))) and last > _REST * lasting


def _fades(picture: Series, first: int) -> bool:
    """Whether light alone changed before: the end of a fade, not of motion."""
    before = slice(max(1, first - 6), first)
    motion = float(np.nansum(picture["motion"][before]))
    return motion > 0 and abs(float(np.nansum(picture["shift"][before]))) > 0.7 * motion


def _holes(picture: Series) -> list[Finding]:
    steps = np.diff(picture["at_s"])
    usual = step_s(picture)
    found = []
    for place in np.flatnonzero(steps > max(_GAP_S, 4 * usual)):
        start, end = float(picture["at_s"][place]), float(picture["at_s"][place + 1])
        detail = f"no frame for {end - start:.2f} s: the one before stays"
        found.append(Finding("freeze", "error", start, end, 0.85, detail, {"length_s": end - start}))
    return found

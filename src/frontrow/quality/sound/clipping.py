"""Clipping: waves cut at full scale or, attenuated afterwards, anywhere below it; and what will be cut when played.

Lossless sound shows it by flat tops. Behind a lossy encode the tops are round again, but values still pile up around
the old ceiling (plateaus.py). Samples far over full scale, which floating-point decoders hand out, no converter plays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.sound.meter import ROWS_A_SECOND
from frontrow.quality.sound.plateaus import GROUP_ROWS
from frontrow.quality.sound.rows import Floats, Mask, amplitude, level_db, runs, span, streams
from frontrow.quality.sound.rules import SoundRules

_NEAR_ROWS: Final = 50
_CEILING: Final = 0.7
"""Least share of what the peaks around reach that a ceiling is at: an encode overshoots it a little, and now and then
a lot."""
_REACHED_PERCENT: Final = 95


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """One finding for each stretch that is clipped in one of the ways."""
    found = []
    for stream, series in streams(measured):
        for first, stop, detail, numbers, sure, severity in _stretches(series, rules):
            start_s, end_s = span(series, first, stop)
            found.append(Finding("clipping", severity, start_s, end_s, sure, detail, numbers, stream.index))
    return found


def _stretches(series: Series, rules: SoundRules) -> Iterator[tuple[int, int, str, dict[str, float], float, Severity]]:
    """(first row, one past the last, what was seen, the numbers, how sure, how bad)."""
    flat, peak = np.asarray(series["flat"]), np.asarray(series["peak"])
    pile, ceiling = _over_group(np.asarray(series["plateau"])), _over_group(np.asarray(series["plateau_level"]))
    clipped = flat > rules.clipping_share
    over = peak > amplitude(rules.clipping_over_db)
    # what was cut at a level has hardly anything much above it nearby; a sung note has
    pile = np.where(ceiling > _CEILING * _reached_near(peak), pile, 0)
    flat_runs = runs(_crowded(clipped, rules.clipping_least), ROWS_A_SECOND)
    for first, stop in flat_runs:
        share, rows = float(flat[first:stop].mean()), int(clipped[first:stop].sum())
        level = level_db(float(peak[first:stop].max()))
        detail = f"tops cut flat at {level:.1f} dBFS: {100 * share:.1f} % of the samples, {rows} times 100 ms"
        numbers = {"flat_share": share, "rows": float(rows), "peak_dbfs": level}
        sure = float(np.clip(0.6 + 0.03 * rows + 5 * share, 0, 0.99))
        yield first, stop, detail, numbers, sure, "error" if rows >= ROWS_A_SECOND or share > 0.02 else "warn"
    told = np.zeros(len(flat), bool)
    for first, stop in flat_runs:
        told[max(0, first - ROWS_A_SECOND) : stop + ROWS_A_SECOND] = True
    for first, stop in runs(_crowded(over, rules.clipping_least) & ~told, ROWS_A_SECOND):
        level = level_db(float(peak[first:stop].max()))
        detail = f"samples up to {level:.1f} dB over full scale: whatever plays them cuts them"
        told[first:stop] = True
        yield first, stop, detail, {"peak_dbfs": level}, 0.95, "error"
    for first, stop in runs((pile > rules.clipping_pile) & ~told, 4 * ROWS_A_SECOND):
        most = float(pile[first:stop].max())
        rows = int((pile[first:stop] > rules.clipping_pile).sum())
        if rows <= GROUP_ROWS and most < rules.clipping_pile_alone:
            continue
        level = level_db(float(ceiling[first + int(pile[first:stop].argmax())]))
        detail = f"values pile up at {level:.1f} dBFS, up to {100 * most:.0f} % of the samples: cut there, then encoded"
        numbers = {"pile_share": most, "ceiling_dbfs": level}
        sure = float(np.clip(0.6 + 2 * most, 0, 0.95))
        yield first, stop, detail, numbers, sure, "error" if most > rules.clipping_pile_alone else "warn"


def _reached_near(peak: Floats) -> Floats:
    """What all peaks within five seconds but the highest few reach."""
    from scipy.ndimage import percentile_filter

    reached: Floats = percentile_filter(peak, _REACHED_PERCENT, 2 * _NEAR_ROWS + 1, mode="nearest")
    return reached


def _over_group(values: Floats) -> Floats:
    """Each value also in the rows before that were measured with it."""
    spread = np.concatenate([values, np.zeros(GROUP_ROWS - 1, values.dtype)])
    largest: Floats = np.lib.stride_tricks.sliding_window_view(spread, GROUP_ROWS).max(axis=1)
    return largest


def _crowded(rows: Mask, least: int) -> Mask:
    """Of the rows, those with at least so many of them within a second."""
    around = np.convolve(rows, np.ones(ROWS_A_SECOND))[(ROWS_A_SECOND - 1) // 2 :][: len(rows)]
    crowded: Mask = rows & (around >= least)
    return crowded

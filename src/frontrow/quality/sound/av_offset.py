"""Sound against picture: where the streams begin and end, and, where cuts come with sounds, how far these are apart.

Lips are not read. Sound that was moved and made up to length leaves digital silence at one end. A shift is only told
from content when one stands out of all others; most films give no such sign.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.meter import ROW_S
from frontrow.quality.sound.rows import Floats, decibels, span, streams
from frontrow.quality.sound.rules import SoundRules

_STEP_S: Final = 0.02
_REACH_S: Final = 1.0
_LEAST_EVENTS: Final = 15
_ONSET_DB: Final = 6.0
_CUT: Final = 12.0
_DIGITAL: Final = 1e-4
"""Largest sample of digital silence, with what an encoder may add."""
_SWING_ROWS: Final = 10
_SWING: Final = 0.02
"""How much quieter than the second by it, power, sound in full swing may be beside the break."""
_LOUD: Final = 1e-5
_FADE_DB: Final = 8.0
_EVENLY: Final = 0.8
_ALWAYS: Final = 0.99
_FLOOR: Final = 1.3e-4
"""Peak (-78 dBFS) of a noise that is a room's and not that of 16 bits."""
_FLOOR_ROWS: Final = 50


def find(measured: Measurements, rules: SoundRules) -> list[Finding]:
    """At most one finding of each kind a stream."""
    found = []
    pictures = measured.facts.of("video")
    if measured.picture is None or not pictures:
        return []
    for stream, series in streams(measured):
        found += _ends(pictures[0], measured.picture, stream, series, rules)
        finding = _content(measured.picture, stream, series, rules)
        if finding:
            found.append(finding)
    return found


def _ends(video: StreamFacts, picture: Series, stream: StreamFacts, series: Series, rules: SoundRules) -> list[Finding]:
    found = []
    begins_s = float(series["at_s"][0]) - float(picture["at_s"][0])
    if abs(begins_s) > rules.start_offset_s:
        detail = f"sound begins {abs(begins_s):.2f} s {'after' if begins_s > 0 else 'before'} the picture"
        start_s, end_s = sorted((float(series["at_s"][0]), float(picture["at_s"][0])))
        numbers = {"start_s": begins_s}
        found.append(Finding("av_offset", "warn", start_s, end_s, 0.5, detail, numbers, stream.index))
    if not stream.end_s or not video.end_s:
        return found or _padding(stream, series, rules)
    ends_s = stream.end_s - video.end_s
    if ends_s > rules.sound_after_s or -ends_s > rules.sound_short_s:
        detail = f"sound ends {abs(ends_s):.2f} s {'after' if ends_s > 0 else 'before'} the picture: cut, or shifted"
        start_s, end_s = sorted((stream.end_s, video.end_s))
        sure = float(np.clip(0.4 + 0.2 * abs(ends_s), 0, 0.7))
        numbers = {"end_s": ends_s}
        found.append(Finding("av_offset", "warn", start_s, end_s, sure, detail, numbers, stream.index))
    return found or _padding(stream, series, rules)


def _padding(stream: StreamFacts, series: Series, rules: SoundRules) -> list[Finding]:
    """Digital silence at one end that breaks off into sound in full swing: what moving it leaves, made up to length."""
    peak, power = np.asarray(series["peak"], float), np.asarray(series["power"], float)
    plays = np.flatnonzero(peak > _DIGITAL)
    if len(plays) < _SWING_ROWS:
        return []
    found = []
    for first, inner, where, moved in (
        (plays[0], power[plays[0] + 1 :][:_SWING_ROWS], "begins after", "late"),
        (len(peak) - 1 - plays[-1], power[: plays[-1]][::-1][:_SWING_ROWS], "ends before", "early"),
    ):
        empty_s = float(first) * ROW_S
        if not rules.padding_s <= empty_s <= rules.padding_most_s or len(inner) < _SWING_ROWS:
            continue
        if not (_in_swing(inner, moved) or _at_floor(peak, first if moved == "late" else len(peak) - first, moved)):
            continue
        start_s, end_s = (
            span(series, 0, int(first)) if moved == "late" else span(series, len(peak) - int(first), len(peak))
        )
        detail = f"sound {where} {empty_s:.1f} s of digital silence at once, without a fade: {moved} by as much, or cut"
        numbers = {"silence_s": empty_s}
        found.append(Finding("av_offset", "warn", start_s, end_s, 0.4, detail, numbers, stream.index))
    return found


def _in_swing(inner: Floats, moved: str) -> bool:
    """Whether a second of sound (power of its rows, from the break on) is as loud at once as a second later.

    A first word or hit may begin at once by itself, so there no pause may follow; nothing ends so. A level that rises
    evenly from the break on is a fade.
    """
    mean, level = inner.mean(), decibels(inner)
    if np.ptp(level) > _FADE_DB and np.corrcoef(np.arange(len(level)), level)[0, 1] > _EVENLY:
        return False
    steady = moved == "early" or inner.min() >= 0.1 * _SWING * mean
    return bool(steady and mean >= _LOUD and inner[:2].min() >= _SWING * mean)


def _at_floor(peak: Floats, edge: int, moved: str) -> bool:
    """Whether a recording that is never digitally silent elsewhere stands at its own noise at once beside the break."""
    sound, beside = (peak[edge:], peak[edge + 1 :][:2]) if moved == "late" else (peak[:edge], peak[: edge - 1][-2:])
    plays = sound > _DIGITAL
    if plays.mean() < _ALWAYS or plays.sum() < _FLOOR_ROWS:
        return False
    floor = float(np.percentile(sound[plays], 10))
    return bool(floor > _FLOOR and beside.min() >= 0.5 * floor)


def _content(picture: Series, stream: StreamFacts, series: Series, rules: SoundRules) -> Finding | None:
    offset = estimate(picture, series)
    if offset is None:
        return None
    shift_s, score, events = offset
    if score < rules.av_offset_score or abs(shift_s) < rules.av_offset_s:
        return None
    start_s, end_s = span(series, 0, len(series["at_s"]))
    late = "late" if shift_s > 0 else "early"
    detail = f"sound is {abs(shift_s):.2f} s {late}: its onsets lie so against {events} cuts and flashes"
    sure = float(np.clip(0.1 * score, 0, 0.9))
    numbers = {"offset_s": shift_s, "score": score, "events": float(events)}
    return Finding("av_offset", "error", start_s, end_s, sure, detail, numbers, stream.index)


def estimate(picture: Series, series: Series) -> tuple[float, float, int] | None:
    """(seconds that sound is late, deviations that this shift stands out by, events of the picture); None: too few."""
    motion = np.nan_to_num(np.asarray(picture["motion"], float))
    change = np.abs(np.diff(np.asarray(picture["luma"], float), prepend=float(picture["luma"][0])))
    sudden = (motion > _CUT) | (change > _CUT)
    sudden[1:] &= ~sudden[:-1]
    onset = np.asarray(series["onset"], float)
    heard = onset > _ONSET_DB
    if sudden.sum() < _LEAST_EVENTS or heard.sum() < _LEAST_EVENTS:
        return None
    seen_s, sounds_s = np.asarray(picture["at_s"])[sudden], np.asarray(series["onset_at_s"], float)[heard]
    weights = np.minimum(onset[heard], 20.0)
    bins = round(2 * _REACH_S / _STEP_S) + 1
    votes: NDArray[Any] = np.zeros(bins)
    for at_s in seen_s:
        first, last = np.searchsorted(sounds_s, [at_s - _REACH_S, at_s + _REACH_S])
        places = np.round((sounds_s[first:last] - at_s + _REACH_S) / _STEP_S).astype(int)
        # one vote an event and place: a drum roll is no proof
        np.maximum.at(own := np.zeros(bins), places, weights[first:last])
        votes += own
    near = np.convolve(votes, [0.5, 1.0, 0.5], "same")
    best = int(near.argmax())
    others = np.delete(near, np.arange(max(0, best - 3), min(bins, best + 4)))
    score = float((near[best] - np.median(others)) / (others.std() + 1e-9))
    return best * _STEP_S - _REACH_S, score, len(seen_s)

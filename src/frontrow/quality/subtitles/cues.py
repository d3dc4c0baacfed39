"""Rules that one cue, or a cue and its neighbours, keep or break. Exact: at the limit passes, just beyond fails."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.subtitles.rules import SubtitleRules
from frontrow.quality.subtitles.track import TICK_S, Cue, in_order
from frontrow.quality.subtitles.width import columns

_JOINERS: Final = frozenset(
    "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00ad\ufe0e\ufe0f"
)
"""Invisible, but needed by Persian, Indic scripts and mixed directions of writing."""
_TOUCH_S: Final = 0.005
"""Cues this near one another touch: some programs end each a millisecond before the next."""
_SHOWN: Final = 40
"""Characters of a cue that a finding quotes."""
_MUCH: Final = 1.5
"""From this multiple of the limit on, reading speed is an error."""


def find(cues: Sequence[Cue], rules: SubtitleRules, frame_rate: float) -> list[Finding]:
    """Findings on the cues of a track, in the order of its file; `frame_rate` is the film's, frames a second."""
    found: list[Finding] = []
    for cue in cues:
        found += _times(cue, rules)
        found += _layout(cue, rules)
        found += _characters(cue, rules)
    found += _order(cues)
    found += _neighbours(in_order(cues), rules, frame_rate)
    return found


def _times(cue: Cue, rules: SubtitleRules) -> Iterator[Finding]:
    if cue.start_s < 0:
        yield _of(cue, "syntax", "error", f"begins at {cue.start_s:.3f} s, before the film does", start_s=cue.start_s)
    if cue.duration_s < -TICK_S:
        yield _of(cue, "syntax", "error", f"ends {-cue.duration_s:.3f} s before it begins", duration_s=cue.duration_s)
        return
    if cue.duration_s < rules.shortest_s - TICK_S:
        what = f"stands for {cue.duration_s:.3f} s; at least {rules.shortest_s:.3f} s is asked for"
        severity: Severity = "error" if cue.duration_s < rules.shortest_s / 4 else "warn"
        yield _of(cue, "duration_short", severity, what, duration_s=cue.duration_s)
    if cue.duration_s > rules.longest_s + TICK_S:
        what = f"stands for {cue.duration_s:.3f} s; at most {rules.longest_s:g} s is asked for"
        yield _of(cue, "duration_long", "warn", what, duration_s=cue.duration_s)
    length = sum(columns(line) for line in cue.lines)
    limit = rules.reading_children_per_s if rules.for_children else rules.reading_characters_per_s
    shown_s = round(cue.duration_s, 3)
    if shown_s > 0 and length > limit * shown_s * (1 + 1e-9):
        speed = length / shown_s
        severity = "error" if speed >= _MUCH * limit else "warn"
        what = f"{length} characters in {shown_s:g} s are {speed:.1f} a second; the limit is {limit:g}"
        yield _of(cue, "reading_speed", severity, what, characters_per_s=speed)


def _layout(cue: Cue, rules: SubtitleRules) -> Iterator[Finding]:
    for line in cue.lines:
        width = columns(line)
        if width > rules.line_characters:
            what = f"a line of {width} characters; the limit is {rules.line_characters}"
            yield _of(cue, "line_length", "warn", what, characters=width)
    if len(cue.lines) > rules.lines:
        what = f"{len(cue.lines)} lines; the limit is {rules.lines}"
        yield _of(cue, "line_count", "warn", what, lines=len(cue.lines))
    if not cue.lines:
        yield _of(cue, "syntax", "info", "a cue without words")


def _characters(cue: Cue, rules: SubtitleRules) -> Iterator[Finding]:
    wrong = [character for character in cue.text if not _may_stand(character, rules.symbols)]
    if wrong:
        names = ", ".join(dict.fromkeys(f"U+{ord(x):04X} {unicodedata.name(x, '')}".strip() for x in wrong[:5]))
        severity: Severity = "error" if "\N{REPLACEMENT CHARACTER}" in wrong else "warn"
        yield _of(cue, "characters", severity, f"characters that may not show: {names}", characters=len(wrong))


def _may_stand(character: str, symbols: str) -> bool:
    if character.isascii():
        return character.isprintable() or character == "\t"
    if character in symbols or character in _JOINERS:
        return True
    kind = unicodedata.category(character)
    return kind[0] in "LMNPZ" or kind in {"Sm", "Sc", "Sk"}


def _order(cues: Sequence[Cue]) -> Iterator[Finding]:
    """Cues that lie in the file after ones that begin later."""
    latest_s = -float("inf")
    for cue in cues:
        if cue.start_s < latest_s - TICK_S:
            early_s = latest_s - cue.start_s
            what = f"begins {early_s:.3f} s before a cue that stands above it in the file"
            yield _of(cue, "overlap", "warn", what, overlap_s=early_s)
        latest_s = max(latest_s, cue.start_s)


def _neighbours(cues: Sequence[Cue], rules: SubtitleRules, frame_rate: float) -> Iterator[Finding]:
    """Overlaps and gaps of cues that stand at one place, ordered by time."""
    last: dict[str, Cue] = {}
    least_s = rules.gap_frames / frame_rate
    for cue in cues:
        before = last.get(cue.position)
        if before is not None:
            gap_s = cue.start_s - before.end_s
            if gap_s < -TICK_S:
                what = f"begins {-gap_s:.3f} s before the cue ahead of it ends"
                yield _of(cue, "overlap", "error" if gap_s < -0.5 else "warn", what, overlap_s=-gap_s)
            elif gap_s < least_s - TICK_S and not (rules.cues_may_touch and gap_s <= _TOUCH_S):
                what = f"{gap_s * frame_rate:.1f} frames after the cue ahead; at least {rules.gap_frames} are asked for"
                yield _of(cue, "gap", "info", what, gap_s=gap_s)
        if before is None or cue.end_s >= before.end_s:
            last[cue.position] = cue


def find_at_cuts(
    cues: Sequence[Cue], cuts_s: Sequence[float], rules: SubtitleRules, frame_rate: float, confidence: float
) -> list[Finding]:
    """Cues that begin just beside a cut, or hang over one; `cuts_s`: times of the first frames of shots, ascending."""
    found: list[Finding] = []
    half_s = 0.5 / frame_rate + TICK_S
    near_s, over_s, gap_s = (x / frame_rate for x in (rules.shot_start_frames, rules.shot_end_frames, rules.gap_frames))
    for cue in in_order(cues):
        cut_s = _nearest(cuts_s, cue.start_s)
        if cut_s is not None and half_s < abs(cue.start_s - cut_s) <= near_s + TICK_S:
            frames = (cue.start_s - cut_s) * frame_rate
            what = f"begins {abs(frames):.0f} frames {'after' if frames > 0 else 'before'} a cut; begin on it"
            found.append(_of(cue, "shot_change", "info", what, confidence, frames=frames))
        cut_s = _nearest(cuts_s, cue.end_s)
        if rules.shot_end_frames and cut_s is not None and cut_s > cue.start_s + half_s:
            after_s = cue.end_s - cut_s
            if half_s < after_s < over_s - half_s or (-gap_s + half_s < after_s < -half_s):
                frames = after_s * frame_rate
                side = "after" if frames > 0 else "before"
                what = f"ends {abs(frames):.0f} frames {side} a cut; end {rules.gap_frames} before it"
                found.append(_of(cue, "shot_change", "info", what, confidence, frames=frames))
    return found


def _nearest(sorted_s: Sequence[float], at_s: float) -> float | None:
    from bisect import bisect_left

    place = bisect_left(sorted_s, at_s)
    near = sorted_s[max(0, place - 1) : place + 1]
    return min(near, key=lambda x: abs(x - at_s)) if near else None


def _of(cue: Cue, code: str, severity: Severity, what: str, confidence: float = 1.0, **measured: float) -> Finding:
    """A finding at a cue, which its line and first words name."""
    text = cue.text if len(cue.text) <= _SHOWN else cue.text[: _SHOWN - 1] + "…"
    where = f"line {cue.raw_line_no}, " if cue.raw_line_no else ""
    return Finding(
        code, severity, max(0.0, cue.start_s), max(0.0, cue.start_s, cue.end_s), confidence, f"{where}{text!r}: {what}",
        {name: round(float(value), 4) for name, value in measured.items()},
    )  # fmt: skip

"""Shots of a film: where each begins and ends, and how the picture gets into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from frontrow.artwork import cuts, transitions
from frontrow.artwork.signals import Signals

Entry = Literal["start", "cut", "fade", "dissolve", "flash"]


@dataclass(frozen=True)
class Shot:
    """Frames `first` to `last`, both included. A gradual transition belongs half to either side of its middle."""

    start_s: float
    end_s: float
    transition: Entry  # into the shot
    first: int
    last: int
    clear_first: int  # first frame after the transition into the shot
    clear_last: int  # last frame before the transition out of it


def find(signals: Signals) -> list[Shot]:
    """The shots, in order, covering every frame. `end_s` is the start of the next, or the time after the last frame."""
    hard, flashed = cuts.find(signals)
    gradual = transitions.find(signals, hard)
    entries: dict[int, tuple[Entry, int, int]] = {0: ("start", 0, 0)}
    for frame in hard:
        entries[frame] = ("flash" if frame in flashed else "cut", frame, frame)
    for x in gradual:
        if 0 < x.middle < len(signals) - 1:
            entries.setdefault(x.middle, (x.kind, x.first, x.last))
    starts = sorted(entries)
    frame_s = float(signals.at_s[-1] - signals.at_s[0]) / max(1, len(signals) - 1)
    shots = []
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        transition, _, clear_first = entries[start]
        last = len(signals) - 1 if after is None else after - 1
        clear_last = last if after is None else min(last, entries[after][1] - 1)
        if after is None and gradual and gradual[-1].last >= last - 1:
            clear_last = max(start, gradual[-1].first)
        end_s = float(signals.at_s[last]) + frame_s if after is None else float(signals.at_s[after])
        shots.append(
            Shot(float(signals.at_s[start]), end_s, transition, start, last, max(start, clear_first), clear_last)
        )
    return shots


def whole(signals: Signals) -> list[Shot]:
    """Every frame a shot of its own: what a preview of keyframes has instead of shots."""
    ends = [*signals.at_s[1:], 2 * signals.at_s[-1] - signals.at_s[-2] if len(signals) > 1 else signals.at_s[-1]]
    return [
        Shot(float(start), float(end), "start", frame, frame, frame, frame)
        for frame, (start, end) in enumerate(zip(signals.at_s, ends, strict=True))
    ]

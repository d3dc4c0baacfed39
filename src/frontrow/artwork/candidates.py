"""Which frames are worth a closer look: one to three local optima a shot, sharp, still, and outside transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.shots import Shot
from frontrow.artwork.signals import Signals


@dataclass(frozen=True)
class CandidateConfig:
    """Where to look."""

    edges: float = 0.03
    """Share of the film left out at either end: logos, titles, credits; 0 to 0.4."""
    spoilers: float = 0.0
    """Share of the film left out at its end against spoilers, e.g. 0.2; 0 to 0.9."""
    most: int = 240
    """Frames looked at closely in one film: half a minute of work; 1 and up."""
    least: int = 60
    """As many are looked at in a short film too, if it has them."""
    every_s: float = 6.0
    """Between these bounds, one a stretch of this length."""
    short_s: float = 0.3
    """Shots shorter than this, without their transitions, are left out."""
    second_s: float = 4.0
    """A shot of this length gets two candidates, of three times this length three."""
    apart_s: float = 1.0
    """Candidates of one shot lie this far apart at least."""


@dataclass(frozen=True)
class Candidate:
    """A frame to look at."""

    at_s: float
    frame: int
    shot: int
    stillness: float  # 1 still, 0 in fast motion
    jump: float  # how far its light differs from the shot's median, codes: a flash


def pick(signals: Signals, shots: Sequence[Shot], length_s: float, config: CandidateConfig) -> list[Candidate]:
    """Candidates in order of time; at most `config.most`, the best of each stretch of film where there are more."""
    first_s = config.edges * length_s
    last_s = (1 - max(config.edges, config.spoilers)) * length_s
    motion = _motion(signals)
    found: list[tuple[float, Candidate]] = []
    for number, shot in enumerate(shots):
        found += _of_shot(signals, shot, number, motion, first_s, last_s, config)
    most = int(np.clip(length_s / config.every_s, min(config.least, config.most), config.most))
    if len(found) > most:
        found = _thin(found, most, length_s)
    return sorted((candidate for _, candidate in found), key=lambda x: x.at_s)


def _of_shot(
    signals: Signals,
    shot: Shot,
    number: int,
    motion: NDArray[np.float64],
    first_s: float,
    last_s: float,
    config: CandidateConfig,
) -> list[tuple[float, Candidate]]:
    first, last = shot.clear_first + 1, shot.clear_last - 1
    if shot.first == shot.last:  # a keyframe of a preview
        first = last = shot.first
        motion = np.zeros_like(motion)
    elif last <= first or signals.at_s[last] - signals.at_s[first] < config.short_s:
        return []
    frames = np.arange(first, last + 1)
    usable = ~np.isnan(signals.detail[frames]) & (signals.at_s[frames] >= first_s) & (signals.at_s[frames] <= last_s)
    frames = frames[usable]
    if not len(frames):
        return []
    value = np.log(signals.detail[frames] + 0.2) - 0.15 * motion[frames] + 0.01 * signals.contrast[frames]
    usual = float(np.median(signals.level[shot.clear_first : shot.clear_last + 1]))
    length_s = shot.end_s - shot.start_s
    wanted = 1 + (length_s >= config.second_s) + (length_s >= 3 * config.second_s)
    chosen: list[int] = []
    for place in np.argsort(-value, kind="stable"):
        if all(abs(signals.at_s[frames[place]] - signals.at_s[frames[other]]) >= config.apart_s for other in chosen):
            chosen.append(int(place))
            if len(chosen) == wanted:
                break
    return [
        (
            float(np.log(length_s + 1)) - 0.15 * float(motion[frames[place]]) - 2 * rank,
            Candidate(
                at_s=float(signals.at_s[frames[place]]),
                frame=int(frames[place]),
                shot=number,
                stillness=float(np.exp(-motion[frames[place]] / 4)),
                jump=float(signals.level[frames[place]]) - usual,
            ),
        )
        for rank, place in enumerate(chosen)
    ]


def _motion(signals: Signals) -> NDArray[np.float64]:
    """Mean change over a frame and the next, 8-bit codes: what blurs it, on either side of it."""
    change = signals.change.astype(np.float64)
    return np.asarray((change + np.append(change[1:], 0)) / 2)


def _thin(found: list[tuple[float, Candidate]], most: int, length_s: float) -> list[tuple[float, Candidate]]:
    """The best few of each of equal stretches of the film."""
    stretches = max(1, most // 3)
    kept: list[tuple[float, Candidate]] = []
    for stretch in range(stretches):
        low, high = length_s * stretch / stretches, length_s * (stretch + 1) / stretches
        here = [x for x in found if low <= x[1].at_s < high or (stretch == stretches - 1 and x[1].at_s == high)]
        kept += sorted(here, key=lambda x: -x[0])[:3]
    return kept

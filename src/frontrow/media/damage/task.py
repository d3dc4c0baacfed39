"""One piece of damage to do, and what came of it: the words that the kinds share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frontrow.media.rework import Shape

_LARGEST_PART = 0.6
"""Share of a clip that a damaged span takes at most: there must be a before and an after."""


@dataclass(frozen=True)
class Task:
    """Damage `source` at `severity` (0-1) and write it to `out`."""

    source: Path
    out: Path
    severity: float
    rng: np.random.Generator
    film: Shape | None
    other: Path | None = None

    @property
    def shape(self) -> Shape:
        """The film's shape; kinds of picture and sound always have one."""
        assert self.film is not None
        return self.film

    def grade(self, mild: float, gross: float) -> float:
        """A strength between two ends by severity, in equal ratios."""
        return float(mild * (gross / mild) ** self.severity)

    def span(self, mild_s: float, gross_s: float) -> tuple[float, float]:
        """A span somewhere in the clip, longer the more severe: (start, end) in seconds, on frame boundaries."""
        length = min(self.grade(mild_s, gross_s), _LARGEST_PART * self.shape.duration_s)
        start = self.rng.uniform(0.1, 0.9) * (self.shape.duration_s - length)
        if not self.shape.width:
            return float(start), float(start + length)
        rate = self.shape.frame_rate
        first = int(start * rate)
        return first / rate, (first + max(1, round(length * rate))) / rate


@dataclass(frozen=True)
class Done:
    """Where the damage lies, and how it was made."""

    start_s: float
    end_s: float
    how: str


def during(start_s: float, end_s: float) -> str:
    """ffmpeg's `enable` for a span; the end is open."""
    return f"gte(t,{start_s - 1e-4:.5f})*lt(t,{end_s - 1e-4:.5f})"

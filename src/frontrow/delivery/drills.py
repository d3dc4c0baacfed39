"""What goes wrong, rehearsed on a log: a cache dies at its peak, a forecast is off, a hit comes from nowhere.

Each drill says what share of the bytes it touches came from the cache, beside the same bytes of the undisturbed log.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.delivery import rehearsal
from frontrow.delivery.network import Array
from frontrow.delivery.replay import HOUR_S, Task
from frontrow.delivery.requests import DAY_S, Log

DRILLS = {
    "cache-dies": "the disk is lost in the busiest hour of a day: the next 24 hours",
    "forecast-wrong": "each title's forecast is half or one and a half of what it was: the whole log",
    "surprise-hit": "a title hardly asked for takes a tenth of a week's requests: its own bytes",
}
_WHEN = 0.6  # of the log's days lie before the day that the disk dies on, or the hit begins on
_HIT_SHARE, _HIT_DAYS = 0.1, 7
_QUIET_RANK = 10  # the tenth least asked for: one that nobody wants may not be in the catalogue any more


@dataclass(frozen=True)
class Drilled:
    """Bytes that a drill touches, and how many of them the cache served with it and without it. Caches add up."""

    bytes: int
    hit_bytes: int
    undisturbed_hit_bytes: int

    def __add__(self, other: Drilled) -> Drilled:
        return Drilled(
            self.bytes + other.bytes,
            self.hit_bytes + other.hit_bytes,
            self.undisturbed_hit_bytes + other.undisturbed_hit_bytes,
        )

    @property
    def byte_hit_ratio(self) -> float:
        """Share of the bytes that came from the cache all the same."""
        return self.hit_bytes / self.bytes if self.bytes else 0.0

    @property
    def undisturbed(self) -> float:
        """Share of the same bytes that comes from the cache when nothing goes wrong."""
        return self.undisturbed_hit_bytes / self.bytes if self.bytes else 0.0


def drill(task: Task, names: tuple[str, ...], rng: np.random.Generator) -> dict[str, Drilled]:
    """Live through the log undisturbed and once more for each of `names` (see DRILLS), planned and reactive."""
    log, files = task.log, task.files
    size = files.size[log.object]
    whole = _lived(task, log)

    def told(hits: npt.NDArray[np.bool_], touched: npt.NDArray[np.bool_]) -> Drilled:
        return Drilled(*(int(size[touched & mask].sum()) for mask in (np.ones(len(size), bool), hits, whole)))

    peak_s = _peak_s(log)
    found = {}
    for name in names:
        if name == "cache-dies":
            dead = _lived(task, log, dies_at_s=peak_s)
            found[name] = told(dead, (log.at_s >= peak_s) & (log.at_s < peak_s + DAY_S))
        elif name == "forecast-wrong":
            factor = rng.choice([0.5, 1.5], files.titles)
            found[name] = told(_lived(task, log, factor=factor), np.ones(len(size), bool))
        else:
            surprised, hit = _with_a_hit(task, peak_s, rng)
            lived = _lived(task, surprised)
            own = files.size[surprised.object]
            found[name] = Drilled(int(own[hit].sum()), int(own[hit & lived].sum()), int(own[hit & whole].sum()))
    return found


def _peak_s(log: Log) -> int:
    """The busiest hour of the day that `_WHEN` of the log lies before, in seconds."""
    day = int(_WHEN * log.days)
    today = log.at_s[log.day(day)]
    if not len(today):
        return int(log.at_s[len(log.at_s) // 2])
    return int((log.first_day + day) * DAY_S + np.bincount(today % DAY_S // HOUR_S).argmax() * HOUR_S)


def _lived(task: Task, log: Log, *, factor: Array | None = None, dies_at_s: int | None = None) -> npt.NDArray[np.bool_]:
    error = None if factor is None else np.log(factor)
    forecast = rehearsal.forecaster(log, task.files, launch_day=task.launch_day, guess=task.guess, error=error)
    return rehearsal.planned_and_reactive(log, task.files, task.cache, forecast, dies_at_s=dies_at_s).hits


def _with_a_hit(task: Task, peak_s: int, rng: np.random.Generator) -> tuple[Log, npt.NDArray[np.bool_]]:
    """The log with a tenth of a week's requests gone over to a quiet title, and which requests those are."""
    log, files = task.log, task.files
    asked = np.argsort(np.bincount(files.title[log.object], minlength=files.titles), kind="stable")
    theirs = np.flatnonzero(files.title == asked[min(_QUIET_RANK, len(asked) - 1)])
    hit = (log.at_s >= peak_s) & (log.at_s < peak_s + _HIT_DAYS * DAY_S) & (rng.random(len(log.object)) < _HIT_SHARE)
    objects = log.object.copy()
    objects[hit] = theirs[rng.choice(len(theirs), int(hit.sum()))]
    return Log(log.at_s, objects), hit

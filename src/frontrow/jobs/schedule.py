"""When the nightly fit is due: daily, at one time of the UTC day; nights that the machine slept through count once."""

from __future__ import annotations

from frontrow.jobs.queue import Queue

NIGHTLY = "nightly"
_DAY_MS = 86_400_000


def next_run_ms(at: str, after_ms: int) -> int:
    """The first time strictly after `after_ms` (UTC milliseconds) at which a UTC clock shows `at` ("HH:MM")."""
    hours, minutes = at.split(":")
    of_day_ms = (int(hours) * 60 + int(minutes)) * 60_000
    day_ms = after_ms - after_ms % _DAY_MS
    return day_ms + of_day_ms if day_ms + of_day_ms > after_ms else day_ms + _DAY_MS + of_day_ms


def submit_when_due(queue: Queue, at: str, started_ms: int) -> int | None:
    """Submit the nightly when its time has passed since the last one was submitted, however that was; its id or None.

    Where there never was one, the time counts from `started_ms`, when this worker began: a new workspace waits for its
    first night.
    """
    earlier = queue.list(kind=NIGHTLY, limit=1)
    since_ms = earlier[0].made_at_ms if earlier else started_ms
    if next_run_ms(at, since_ms) > queue.clock():
        return None
    return queue.submit(NIGHTLY, {}, unique=NIGHTLY)

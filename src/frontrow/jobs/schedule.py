"""When the nightly fit is due: daily, at one time of the UTC day; nights that the machine slept through count once."""

from __future__ import annotations

from frontrow.jobs.queue import Queue

NIGHTLY = "nightly"
LEARN_PICTURES = "artwork-chooser"
PLAN_DELIVERY = "delivery"  # the fill plan, after the nightly fit
LEARN_BITRATE = "bitrate"  # predictor and weights of the bitrate controller
WATCH_QUALITY = "quality-nightly"  # audits, drift, and a new judge where people have said enough
PACKAGE = "package"  # a film for the web player
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
    first night. A clock that was set back is not waited for: what lies ahead of it does not count as a time.
    """
    now_ms = queue.clock()
    earlier = queue.list(kind=NIGHTLY, limit=1)
    since_ms = next((at_ms for at_ms in (*(job.made_at_ms for job in earlier), started_ms) if at_ms <= now_ms), 0)
    if next_run_ms(at, since_ms) > now_ms:
        return None
    return queue.submit(NIGHTLY, {}, unique=NIGHTLY)

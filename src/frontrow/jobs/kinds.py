"""Every kind of job there is, and the function that does it."""

from __future__ import annotations

from frontrow.jobs import artwork, bitrate, delivery, judge, nightly, packaging, quality
from frontrow.jobs.schedule import LEARN_BITRATE, LEARN_PICTURES, PACKAGE, PLAN_DELIVERY, WATCH_QUALITY
from frontrow.jobs.worker import JobFunction


def functions() -> dict[str, JobFunction]:
    """Every job there is, by its kind."""
    return {
        "nightly": nightly.run,
        PLAN_DELIVERY: delivery.run,
        artwork.MAKE: artwork.make,
        LEARN_PICTURES: artwork.learn,
        artwork.DEMO_FILM: artwork.fetch_demo_film,
        PACKAGE: packaging.run,
        LEARN_BITRATE: bitrate.run,
        quality.INSPECT: quality.inspect,
        quality.INSPECT_ALL: quality.inspect_all,
        quality.DEMO: quality.demonstrate,
        judge.TRAIN: judge.run,
        WATCH_QUALITY: judge.nightly,
    }

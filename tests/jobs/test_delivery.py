"""The nightly fill plan: five made-up regions fed by the real log, one artifact, a page that opens from a file."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np

from frontrow.config import Settings
from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import EventLog
from frontrow.data.workspace import Workspace, create
from frontrow.errors import InputError
from frontrow.jobs import delivery
from frontrow.jobs.queue import Queue, State
from frontrow.jobs.worker import Worker
from frontrow.schema import Event, Kind, Title

DAY_MS = 86_400_000
START_MS = 1_700_000_000_000


def world(root: Path, plays: int) -> Workspace:
    place, settings = create(root), Settings()
    with Catalogue(place.store_url(settings)) as catalogue:
        catalogue.upsert([Title(title=f"t{n:02}", name=f"Title {n}", duration_s=3000 + 60 * n) for n in range(40)])
    rng = np.random.default_rng(0)
    titles = np.minimum(rng.zipf(1.4, plays) - 1, 39)
    events = [
        Event(
            id=str(uuid.UUID(int=i + 1)),
            at_ms=START_MS + int(i / plays * 9 * DAY_MS),
            kind=Kind.PLAY,
            member=f"m{rng.integers(60)}",
            title=f"t{title:02}",
        )
        for i, title in enumerate(titles)
    ]
    with EventLog(place.log, settings.events) as log:
        log.append(events)
    return place


def run(place: Workspace):
    with Queue(place.jobs) as queue:
        queue.submit("delivery", {})
        return Worker(queue, {"delivery": delivery.run}, place, Settings()).run_one()


def test_every_region_gets_a_plan_that_fits_its_disk_and_the_page_says_what_is_made_up(tmp_path):
    place = world(tmp_path / "cinema", 3000)
    assert run(place) is State.DONE
    artifact = artifacts.open_current(place.artifacts, "delivery")
    assert artifact is not None
    plan = artifact.frame("plan.parquet")
    assert set(plan["cache"]) == set(delivery.REGIONS)
    assert "t00" in plan.filter(plan["cache"] == "north")["title"].to_list()
    page = artifact.text("report.txt")
    assert "made up" in page and page.count("<svg") >= 9
    assert artifact.manifest.metrics["byte_hit_ratio_frontrow"] > artifact.manifest.metrics["byte_hit_ratio_planned"]


def test_too_few_viewings_are_said(tmp_path):
    outcome = run(world(tmp_path / "cinema", 20))
    assert isinstance(outcome, InputError) and "20 viewings" in str(outcome)


def test_the_same_log_gives_the_same_plan(tmp_path):
    versions = []
    for i in range(2):
        place = world(tmp_path / f"cinema{i}", 600)
        run(place)
        artifact = artifacts.open_current(place.artifacts, "delivery")
        versions.append(artifact.version.split("-")[1])
    assert versions[0] == versions[1]

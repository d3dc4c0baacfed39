"""`frontrow nightly`, `fit` and `jobs` as their users meet them: one JSON value, exit statuses, words."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from frontrow.config import Settings
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import EventLog
from frontrow.data.workspace import Workspace, create
from frontrow.jobs.queue import Queue, State
from frontrow.schema import Event, Kind, Title
from worlds.commands import frontrow


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    made = create(tmp_path / "w")
    with Catalogue(made.store_url(Settings())) as catalogue:
        catalogue.upsert([Title(title=f"t{n}", name=f"Title {n}") for n in range(6)])
    events = [
        Event(
            id=str(uuid.UUID(int=n)), at_ms=1_700_000_000_000 + n, kind=Kind.PLAY, member=f"m{n % 4}", title=f"t{n % 6}"
        )
        for n in range(12)
    ]
    with EventLog(made.log, Settings().events) as log:
        log.append(events)
    return made


def test_nightly_prints_one_json_value_and_shows_in_the_list(place: Workspace) -> None:
    done = frontrow("nightly", "--workspace", str(place.root), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["job"] == 1
    assert (place.artifacts / "recommend" / said["version"] / "manifest.json").exists()
    listed = json.loads(frontrow("jobs", "list", "--workspace", str(place.root), "--json").stdout)
    assert [(job["id"], job["kind"], job["state"]) for job in listed["jobs"]] == [(1, "nightly", "done")]
    shown = frontrow("jobs", "show", "1", "--workspace", str(place.root)).stdout
    assert said["version"] in shown


def test_a_fit_without_the_gate_says_so(place: Workspace) -> None:
    done = frontrow("fit", "recommend", "--no-gate", "--workspace", str(place.root), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["gate"] == "not asked for"


def test_a_waiting_job_can_be_cancelled_and_run_is_then_an_error(place: Workspace) -> None:
    with Queue(place.jobs) as queue:
        number = queue.submit("nightly", {}, run_at_ms=2**50)
    cancelled = frontrow("jobs", "cancel", str(number), "--workspace", str(place.root), "--json")
    assert json.loads(cancelled.stdout)["state"] == State.CANCELLED
    again = frontrow("jobs", "cancel", str(number), "--workspace", str(place.root))
    assert (again.returncode, again.stdout) == (2, "")
    assert "is cancelled; only a waiting or running job" in again.stderr
    assert frontrow("jobs", "run", str(number), "--workspace", str(place.root)).returncode == 1


def test_a_failed_jobs_exit_status_is_kept_for_whoever_follows_it(place: Workspace) -> None:
    with Queue(place.jobs) as queue:
        number = queue.submit("nightly", {})
        job = queue.claim("elsewhere")
        assert job is not None
        queue.fail(job, "not published: loses by 3%", 3)
    followed = frontrow("jobs", "run", str(number), "--workspace", str(place.root))
    assert (followed.returncode, followed.stderr.strip().splitlines()[-1]) == (
        3,
        "frontrow: not published: loses by 3%",
    )


def test_no_workspace_and_nothing_to_fit_end_with_2(tmp_path: Path) -> None:
    assert frontrow("nightly", "--workspace", str(tmp_path)).returncode == 2
    create(tmp_path / "empty")
    done = frontrow("nightly", "--workspace", str(tmp_path / "empty"))
    assert done.returncode == 2
    assert "the catalogue of" in done.stderr

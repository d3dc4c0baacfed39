"""The nightly fit publishes what does not lose, says by how much the rest loses, and repeats itself bit for bit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy as np
import pytest

from frontrow.config import Settings
from frontrow.data import artifacts
from frontrow.data.artifacts import Artifact
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import EventLog
from frontrow.data.workspace import Workspace, create
from frontrow.errors import FrontrowError, GateRefused, InputError
from frontrow.jobs import gate, nightly
from frontrow.jobs.queue import Queue, State
from frontrow.jobs.worker import JobContext, Worker
from frontrow.recommend.model import Model
from frontrow.recommend.parts import FitConfig
from frontrow.schema import Event, Kind, Title

DAY_MS = 86_400_000
START_MS = 1_700_000_000_000
SIDES = 2
TITLES_A_SIDE = 40
DAYS = 30


def world(root: Path, *, members: int = 80, days: int = DAYS, seed: int = 0, taste_changes: bool = False) -> Workspace:
    """Two groups of members, each of which watches one half of the catalogue, a title a day.

    With `taste_changes` they change sides a week before the end: what was learnt before is wrong then.
    """
    place, settings = create(root), Settings()
    with Catalogue(place.store_url(settings)) as catalogue:
        catalogue.upsert([Title(title=f"t{n:02}", name=f"Title {n}") for n in range(SIDES * TITLES_A_SIDE)])
    rng = np.random.default_rng(seed)
    events = []
    for member in range(members):
        own = [rng.permutation(TITLES_A_SIDE) + side * TITLES_A_SIDE for side in range(SIDES)]
        for day in range(days):
            side = (member + (taste_changes and day >= days - 7)) % SIDES
            events.append(
                Event(
                    id=str(uuid.UUID(int=member * 1000 + day)),
                    at_ms=START_MS + day * DAY_MS + member,
                    kind=Kind.PLAY,
                    member=f"m{member}",
                    title=f"t{own[side][day]:02}",
                )
            )
    with EventLog(place.log, settings.events) as log:
        log.append(events)
    return place


def run(place: Workspace, settings: Settings | None = None, **args: object) -> FrontrowError | State | None:
    with Queue(place.jobs) as queue:
        queue.submit("nightly", args)
        return Worker(queue, {"nightly": nightly.run}, place, settings or Settings()).run_one()


def published(place: Workspace) -> Artifact:
    artifact = artifacts.open_current(place.artifacts, "recommend")
    assert artifact is not None
    return artifact


def result(place: Workspace) -> dict[str, object]:
    with Queue(place.jobs) as queue:
        return queue.list()[0].result or {}


@pytest.fixture(autouse=True)
def untuned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tuning takes seconds; the test that looks at it sets its own limit."""
    monkeypatch.setattr(nightly, "TUNING_S", 0.0)


def test_a_tuned_fit_repeats_itself_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "TUNING_S", 900.0)
    places = [world(tmp_path / name, members=40) for name in ("one", "two")]
    assert [run(place) for place in places] == [State.DONE, State.DONE]
    one, two = (published(place) for place in places)
    assert one.version[-16:] == two.version[-16:]
    assert one.manifest.config["fit"] != msgspec.to_builtins(asdict(FitConfig()))


def test_members_with_two_tastes_get_a_model_that_beats_popularity(tmp_path: Path) -> None:
    place = world(tmp_path / "w")
    assert run(place) == State.DONE
    metrics = published(place).manifest.metrics
    assert metrics["gate"] == "passed"
    assert float(metrics["recall@20"] or 0) > 1.5 * float(metrics["recall@20_popularity"] or 0)
    assert metrics["viewers"] == 80
    assert published(place).manifest.rows["pairs"] == 80 * DAYS
    assert published(place).manifest.high_water == 80 * DAYS


def test_the_same_log_and_seed_give_the_same_hash(tmp_path: Path) -> None:
    first, second = world(tmp_path / "one"), world(tmp_path / "two")
    assert run(first) == run(second) == run(second) == State.DONE
    hashes = {
        version[-16:] for place in (first, second) for version in artifacts.versions(place.artifacts, "recommend")
    }
    assert len(hashes) == 1
    other = world(tmp_path / "three", seed=1)
    assert run(other) == State.DONE
    assert published(other).version[-16:] not in hashes


def test_a_model_that_loses_is_refused_with_by_how_much_and_the_current_one_stays(tmp_path: Path) -> None:
    place = world(tmp_path / "w", taste_changes=True)
    assert run(place, gated=False) == State.DONE
    before = published(place).version
    outcome = run(place)
    assert isinstance(outcome, GateRefused)
    assert "below popularity" in str(outcome)
    assert published(place).version == before


def test_within_the_tolerance_a_model_passes_and_beyond_it_not() -> None:
    gate.decide(0.099, {"popularity": 0.1}, 0.02, 7, 50)
    with pytest.raises(GateRefused, match=r"0\.0970, 3\.0% below popularity \(0\.1000, 50 viewers\)"):
        gate.decide(0.097, {"popularity": 0.1}, 0.02, 7, 50)


def test_a_first_model_with_too_little_to_judge_by_is_published_with_the_reason(tmp_path: Path) -> None:
    place = world(tmp_path / "w", members=5)
    assert run(place) == State.DONE
    assert str(published(place).manifest.metrics["gate"]).startswith("not held: 5 viewers to judge by")


def test_another_configuration_of_the_current_model_is_fitted_and_judged_too(tmp_path: Path) -> None:
    place = world(tmp_path / "w")
    assert run(place) == State.DONE
    current = published(place)
    other = {**current.manifest.config["fit"], "edlae": {**current.manifest.config["fit"]["edlae"], "ridge": 1e9}}
    config = {"fit": other}
    files = Model.load(current).files() | {"model.json": {**current.json("model.json"), "config": other}}
    artifacts.publish(
        place.artifacts, "recommend", files, config=config, high_water=1, rows={}, metrics={}, parents={},
        now_ms=START_MS + 10**12, keep=5,
    )  # fmt: skip
    assert run(place) == State.DONE
    assert "recall_current" in result(place)
    assert "recall_current" not in published(place).manifest.metrics


def killed_at(note: str) -> Callable[..., object]:
    """The nightly job, cut off at the step of that name as by a stop."""

    def cut(context: JobContext, **args: object) -> object:
        step = context.step

        def step_or_stop(done: int, total: int, text: str = "") -> None:
            step(done, total, text)
            if text == note:
                raise KeyboardInterrupt

        context.step = step_or_stop  # type: ignore[method-assign]
        return nightly.run(context, **args)  # type: ignore[arg-type]

    return cut


@pytest.mark.parametrize(("note", "fits"), [("reading the log", 2), ("judging", 1), ("fitting on everything", 1)])
def test_a_nightly_cut_off_goes_on_with_the_same_events_and_fits_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str, fits: int
) -> None:
    whole, place = world(tmp_path / "whole"), world(tmp_path / "cut")
    assert run(whole) == State.DONE
    with Queue(place.jobs) as queue:
        queue.submit("nightly", {})
        with pytest.raises(KeyboardInterrupt):
            Worker(queue, {"nightly": killed_at(note)}, place, Settings()).run_one()  # type: ignore[dict-item]
        if note != "reading the log":  # one more event, after what the job has read
            late = Event(
                id=str(uuid.UUID(int=2**64)), at_ms=START_MS + DAYS * DAY_MS, kind=Kind.PLAY, member="m0", title="t79"
            )
            with EventLog(place.log, Settings().events) as log:
                log.append([late])
        calls = []
        fit = nightly.fit
        monkeypatch.setattr(nightly, "fit", lambda *args, **named: calls.append(1) or fit(*args, **named))
        assert Worker(queue, {"nightly": nightly.run}, place, Settings()).run_one() == State.DONE
    assert len(calls) == fits
    assert published(place).version[-16:] == published(whole).version[-16:]


def test_old_versions_go_and_as_many_as_set_stay(tmp_path: Path) -> None:
    place = world(tmp_path / "w", members=5)
    settings = Settings(jobs={"keep_versions": 2})  # type: ignore[arg-type]
    for _ in range(4):
        assert run(place, settings) == State.DONE
    assert len(artifacts.versions(place.artifacts, "recommend")) == 2


def test_an_empty_workspace_says_what_is_missing(tmp_path: Path) -> None:
    place = create(tmp_path / "w")
    outcome = run(place)
    assert isinstance(outcome, InputError)
    assert "the catalogue of" in str(outcome)
    with Catalogue(place.store_url(Settings())) as catalogue:
        catalogue.upsert([Title(title="a", name="A")])
    outcome = run(place)
    assert isinstance(outcome, InputError)
    assert "has no play, rating or click yet" in str(outcome)

"""The controller learnt from the log: published where it holds, refused by how much, asked of the experiment first."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np
import pytest

from frontrow import config
from frontrow.data import artifacts
from frontrow.data.events import EventLog
from frontrow.data.workspace import Workspace, create
from frontrow.delivery import generator, viewing
from frontrow.delivery.controller import TableController
from frontrow.delivery.link import Trace
from frontrow.delivery.policy import from_dict
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import WEB_PLAYER
from frontrow.errors import GateRefused
from frontrow.experiments.assignment import assign
from frontrow.experiments.definition import parse
from frontrow.jobs import bitrate, packaging, policies
from frontrow.jobs.kinds import functions
from frontrow.jobs.queue import Queue, State
from frontrow.jobs.schedule import LEARN_BITRATE
from frontrow.jobs.worker import Worker
from frontrow.schema import Event, Kind

RATES = [300.0, 700.0, 1500.0]
SEGMENTS = 12
NOW_MS = 1_760_000_000_000
TASTE = viewing.Taste(Weights(switch=4.0), base=-1.0, slope=0.4)


def make_place(root: Path) -> Workspace:
    """A workspace with one packaged title, without its media."""
    place = create(root)
    folder = packaging.folder_of(place, "film")
    folder.mkdir(parents=True)
    sizes = [[4.0 * rate * (1 + 0.2 * np.sin(n)) for rate in RATES] for n in range(SEGMENTS)]
    (folder / "package.json").write_text(json.dumps({"segment_s": 4.0, "bitrates_kbps": RATES, "sizes_kbit": sizes}))
    policies.write(folder / "policy.json", policies.title_of(folder), policies.SHIPPED)
    (folder / "master.m3u8").touch()
    return place


def lines(count: int, seed: int) -> list[Trace]:
    rng = np.random.default_rng(seed)
    waves = [
        Trace(str(n), np.ones(200), 450 * np.exp(0.9 * np.sin(np.arange(200) / 9 + n) + 0.3 * rng.normal(size=200)),
              np.zeros(200))
        for n in range(30)
    ]  # fmt: skip
    return generator.generate(generator.fit(waves, generator.GeneratorConfig(step_s=4.0)), count, 200.0, rng)


def watch(place: Workspace, count: int, *, seed: int = 1, experiment: dict | None = None, spoilt: str = "") -> None:
    """Log `count` sessions; in an experiment those of the arm `spoilt` get two more seconds of stall each report."""
    title = policies.title_of(packaging.folder_of(place, "film"))
    controller = TableController(policies.SHIPPED.table(title))
    made = viewing.sessions(lines(count, seed), title, WEB_PLAYER, controller, TASTE, np.random.default_rng(seed))
    rng, events = np.random.default_rng(seed), []
    for n, reports in enumerate(made):
        about = {"member": f"m{n}", "title": "film", "session": f"{seed}-{n}"}
        arm = assign(parse(experiment), f"m{n}") if experiment else None
        if arm:
            told = {"experiment": experiment["name"], "arm": arm, "propensity": experiment["arms"][arm]}
            events.append(event(rng, Kind.EXPOSURE, NOW_MS + n * 1000, told, about))
        for k, props in enumerate(reports):
            if arm and arm == spoilt and props["played_s"]:
                props["stall_s"] += rng.exponential(2.0)
            events.append(event(rng, Kind.QOE, NOW_MS + n * 1000 + k, props | {"controller": arm or "current"}, about))
    with EventLog(place.log, config.load(place.root).events) as log:
        log.append(events)


def event(rng: np.random.Generator, kind: Kind, at_ms: int, props: dict, about: dict) -> Event:
    return Event(id=str(uuid.UUID(bytes=rng.bytes(16))), at_ms=at_ms, kind=kind, props=props, **about)


def run(place: Workspace) -> tuple[object, dict | None]:
    with Queue(place.jobs) as queue:
        job = queue.submit(LEARN_BITRATE, {})
        ended = Worker(queue, functions(), place, config.load(place.root)).run_one()
        return ended, queue.get(job).result


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict]:
    place = make_place(tmp_path_factory.mktemp("learnt") / "place")
    watch(place, 1600)
    ended, result = run(place)
    assert ended is State.DONE, ended
    return place, result


def test_what_was_learnt_goes_out_with_its_figures(learnt):
    place, result = learnt
    artifact = artifacts.open_current(place.artifacts, LEARN_BITRATE)
    assert artifact.version == result["version"]
    assert artifact.manifest.rows["sessions"] == 1600 and artifact.manifest.metrics["sessions"] > 50
    assert result["switch_weight"] > LINEAR.switch, "these viewers mind switches more than the shipped weights say"
    known = policies.published(place)
    assert known.weights.switch == pytest.approx(result["planned_switch_weight"], abs=1e-3)
    assert known.weights.stall == pytest.approx(result["planned_stall_weight"], abs=1e-3)


def test_the_player_gets_the_table_of_the_version_in_force_and_falls_back_where_it_is_not_there(learnt):
    place, result = learnt
    folder = packaging.folder_of(place, "film")
    file, fallback = policies.policy_file(folder, policies.CURRENT, result["version"])
    assert file.name == f"policy-{result['version']}.json" and fallback == ""
    assert from_dict(json.loads(file.read_text())).predictor.surprises.tolist() == (
        policies.published(place).predictor.surprises.tolist()
    )
    assert policies.policy_file(folder, policies.PACKAGED, result["version"]) == (folder / "policy.json", "")
    assert policies.policy_file(folder, policies.CURRENT, "20260101T000000000Z-0123456789abcdef") == (
        folder / "policy.json", policies.PACKAGED,
    )  # fmt: skip
    assert policies.policy_file(folder, policies.BUFFER_BASED, result["version"]) == (None, "")


def test_a_worse_table_does_not_go_out(learnt, monkeypatch):
    place, result = learnt
    careless = policies.Knowledge(policies.SHIPPED.predictor, Weights(stall=0.1, switch=0.0))

    monkeypatch.setattr(bitrate, "learn", lambda *_: (careless, 1.0))
    ended, _ = run(place)
    assert isinstance(ended, GateRefused) and "not published" in str(ended)
    assert artifacts.current_version(place.artifacts, LEARN_BITRATE) == result["version"]


def test_too_few_sessions_are_said_and_nothing_is_published(tmp_path):
    place = make_place(tmp_path / "place")
    ended, result = run(place)
    assert ended is State.DONE and "0 sessions" in result["note"]
    assert artifacts.current_version(place.artifacts, LEARN_BITRATE) is None


EXPERIMENT = {
    "name": "controllers", "planned_units": 1000, "arms": {"current": 0.5, "packaged": 0.5},
    "metrics": [{"name": "stall ratio", "kind": "ratio", "column": "qoe.stall_s", "denominator": "qoe.played_s",
                 "direction": "down"}],
}  # fmt: skip


def test_an_arm_that_is_surely_better_than_the_one_in_force_goes_out_first(tmp_path):
    place = make_place(tmp_path / "place")
    watch(place, 900, experiment=EXPERIMENT, spoilt="current")
    sessions, exposures, _ = bitrate.read_log(place)
    values = {x.arm: x for x in bitrate.value_arms(sessions, exposures, LINEAR, np.random.default_rng(1))}
    assert values["packaged"].low > values["current"].high
    assert values["packaged"].sessions + values["current"].sessions == 900
    ended, _ = run(place)
    assert isinstance(ended, GateRefused) and "bring 'packaged' out first" in str(ended)


def test_the_analysis_of_experiments_reads_what_players_tell(tmp_path):
    from frontrow.data.replay import replay
    from frontrow.experiments.analysis import analyse
    from frontrow.experiments.events import read_events
    from frontrow.experiments.exposure import collect

    place = make_place(tmp_path / "place")
    watch(place, 900, experiment=EXPERIMENT, spoilt="packaged")
    definition = parse(EXPERIMENT)
    found = analyse(collect(read_events(replay(place.log).frame, definition), definition), definition)
    (result,) = found.results
    assert result.arm == "packaged" and result.low > 0, "stalls of the spoilt arm are longer, whenever one looks"
    total = sum(sum(x.stall_s) for x in bitrate.read_log(place)[0])
    assert total > 0

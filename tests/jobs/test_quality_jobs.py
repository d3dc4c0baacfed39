"""From a film in the media folder to the reviewers' queue, and from verdicts to a published judge."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from frontrow import config
from frontrow.cli.quality_examples import write_delivery
from frontrow.config import Settings
from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.data.reviews import Found, Inspected, Reviews, Word
from frontrow.data.workspace import Workspace, create
from frontrow.errors import GateRefused, InputError, Refusal
from frontrow.jobs import judge
from frontrow.jobs import quality as work
from frontrow.jobs.kinds import functions
from frontrow.jobs.queue import Queue, State
from frontrow.jobs.schedule import WATCH_QUALITY
from frontrow.jobs.worker import JobContext, Worker
from frontrow.quality.conformal import Costs
from frontrow.quality.judge import NAME
from frontrow.quality.learning import Example
from frontrow.schema import Title


@dataclass
class Site:
    place: Workspace
    settings: Settings
    queue: Queue

    def run(self, kind: str, **args: Any) -> Any:
        """The job's result, or the error it ended with."""
        job_id = self.queue.submit(kind, args)
        ended = Worker(self.queue, functions(), self.place, self.settings).run_one(job_id=job_id)
        return self.queue.get(job_id).result if ended == State.DONE else ended

    def reviews(self) -> Reviews:
        return Reviews(self.place.store_url(self.settings))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    place = create(tmp_path / "site")
    (place.root / "media").mkdir()
    with Queue(place.jobs) as queue:
        yield Site(place, config.load(place.root), queue)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivery")
    write_delivery(folder)
    return folder


def test_every_film_of_the_catalogue_is_inspected_once_and_what_is_wrong_waits(site: Site, delivery: Path) -> None:
    for name in ("film.mp4", "film.en.srt"):
        shutil.copy(delivery / name, site.place.root / "media" / name)
    with Catalogue(site.place.store_url(site.settings)) as catalogue:
        catalogue.upsert([Title(title="t", name="T", asset="film.mp4"), Title(title="u", name="U")])
    assert site.run(work.INSPECT_ALL) == {"inspected": 1, "reject": 1}
    assert site.run(work.INSPECT_ALL) == {"inspected": 0}
    with site.reviews() as reviews:
        ((case, it),) = work.waiting(reviews, "ann")
        found = reviews.found(it.id)
        assert reviews.get(it.id).features["black.severity"] == 3
    assert (it.file, it.title, it.verdict, case.said) == ("film.mp4", "t", "reject", {})
    assert {"black", "overlap"} <= {x.code for x in found}
    black = next(x for x in found if x.code == "black")
    folder = work.folder(site.place, it.id)
    assert (folder / work.still_name(black.start_s, black.end_s)).read_bytes().startswith(b"\xff\xd8")
    assert "Rejected" in (folder / "report.html").read_text()
    assert (folder / work.SUBTITLES).read_text().startswith("WEBVTT\n\n00:00:00.400 --> 00:00:02.000\n")
    shutil.copy(delivery / "mild.yaml", site.place.root / "mild.yaml")
    site.settings = Settings(quality={"pack": "mild.yaml"})  # type: ignore[arg-type]
    mild = site.run(work.INSPECT, file="film.mp4")["inspection"]
    with site.reviews() as reviews:
        assert reviews.get(mild).pack == "mild"
        assert {x.severity for x in reviews.found(mild) if x.code == "black"} == {"warn"}


@pytest.mark.parametrize("file", ["none.mp4", "../frontrow.toml"])
def test_only_files_below_the_media_folders_are_inspected(site: Site, file: str) -> None:
    assert site.run(work.INSPECT, file=file).exit_status == InputError.exit_status


def settle(site: Site, count: int, *, seed: int = 0) -> None:
    """Reviewed files whose brightness tells the verdict: dark ones are rejected."""
    rng = np.random.default_rng(seed)
    with site.reviews() as reviews:
        for number in range(count):
            is_dark = bool(number % 2)
            luma = float(rng.normal(40 if is_dark else 120, 15))
            it = Inspected(
                id=f"i{seed}-{number}", file=f"{seed}-{number}.mp4", title="", pack="general", judge="", made_ms=number,
                verdict="review", risk=0.5, reasons=(), audit=False, views=1.0, duration_s=60.0, frame_rate=25.0,
                features={"rules": 0.5, "picture.luma.p50": luma, "sound.peak.p95": float(rng.normal())},
            )  # fmt: skip
            reviews.add(it, [Found(0, "black", "warn", 0.0, 1.0, 0.5, "")])
            said, about = ("reject", "right") if is_dark else ("approve", "wrong")
            name = f"{seed}-{number}"
            reviews.say(
                [Word(f"w{name}", it.id, "ann", said, number), Word(f"f{name}", it.id, "ann", about, number, 0)]
            )


def test_too_few_verdicts_publish_nothing_and_say_how_many_are_needed(site: Site) -> None:
    settle(site, 20)
    refused = site.run(judge.TRAIN)
    assert refused.exit_status == Refusal.exit_status
    assert "10 rejected and 10 accepted files are labelled; 30 and 30" in str(refused)
    assert artifacts.current_version(site.place.artifacts, NAME) is None


def test_verdicts_teach_a_judge_that_tells_new_files_apart_and_the_gate_keeps_a_worse_one_out(site: Site) -> None:
    settle(site, 160)
    told = site.run(judge.TRAIN)
    assert told["files"] == 160
    assert told["auc"] > 0.95
    judging = work.in_force(site.place)
    assert judging is not None
    assert judging.version == told["version"] == artifacts.current_version(site.place.artifacts, NAME)
    dark, bright = ({"rules": 0.5, "picture.luma.p50": luma, "sound.peak.p95": 0.0} for luma in (30.0, 130.0))
    risks = judging.judge.risk([dark, bright])
    assert risks[0] > 0.8 > 0.2 > risks[1]
    settle(site, 100, seed=1)
    with site.reviews() as reviews:  # what the current judge learnt from is turned upside down: only it is right now
        for it in reviews.inspections(features=True):
            if it.id.startswith("i0-"):
                said = "reject" if it.features["picture.luma.p50"] > 80 else "approve"
                reviews.say([Word(f"again {it.id}", it.id, "ann", said, 1000)])
    refused = site.run(judge.TRAIN)
    assert refused.exit_status == GateRefused.exit_status
    assert "log loss" in str(refused)
    night = site.run(WATCH_QUALITY)  # tells what the gate refused, beside what it watches
    assert night["fitted"].startswith("no: not published: log loss")
    assert (night["newly_settled"], night["promise_broken"]) == (100, False)
    assert artifacts.current_version(site.place.artifacts, NAME) == told["version"]


def test_a_night_fits_a_judge_only_where_people_have_said_enough_since_the_current_one(site: Site) -> None:
    assert site.run(WATCH_QUALITY)["fitted"].startswith("no: 0 files were settled since the current judge, 10 are")
    settle(site, 20)
    assert "30 and 30, of 5 films each, are needed" in site.run(WATCH_QUALITY)["fitted"]
    settle(site, 100, seed=1)
    first = site.run(WATCH_QUALITY)
    assert (first["fitted"], first["newly_settled"], first["audits"], first["shifted"]) == ("yes", 120, 0, [])
    assert first["version"] == artifacts.current_version(site.place.artifacts, NAME)
    settle(site, 9, seed=2)
    assert site.run(WATCH_QUALITY)["fitted"].startswith("no: 9 files")


def test_promise_and_costs_are_those_of_the_settings(site: Site) -> None:
    settle(site, 120)
    site.settings = Settings(quality={"alpha": 0.2, "bad_share": 0.1, "wrong_reject": 30})  # type: ignore[arg-type]
    assert "at most 20% of the bad" in site.run(judge.TRAIN)["promise"]
    judging = work.in_force(site.place)
    assert judging is not None
    assert (judging.judge.config.bad_share, judging.judge.config.costs) == (
        0.1,
        Costs(wrong_approve=50, wrong_reject=30),
    )


def test_audits_that_break_the_promise_make_a_night_fit_anew_at_once(site: Site) -> None:
    settle(site, 120)
    assert site.run(WATCH_QUALITY)["fitted"] == "yes"
    with site.reviews() as reviews:
        for number in range(5):
            it = Inspected(
                id=f"a{number}", file=f"a{number}.mp4", title="", pack="general", judge="", made_ms=number,
                verdict="approve", risk=0.1, reasons=(), audit=True, views=1.0, duration_s=60.0, frame_rate=25.0,
                features={"rules": 0.1, "picture.luma.p50": 120.0, "sound.peak.p95": 0.0},
            )  # fmt: skip
            reviews.add(it, [])
            reviews.say([Word(f"{who}{number}", it.id, who, "reject", number) for who in ("ann", "bob")])
    night = site.run(WATCH_QUALITY)
    assert night["promise_broken"]
    assert night["audits_bad"] == night["audits"] == night["newly_settled"] == 5
    assert night["approved_of_the_bad"][0] > 0.05
    assert night["files"] == 125


def test_a_night_learns_from_the_rehearsal_that_the_current_judge_learnt_from(site: Site, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    examples = [
        Example({"rules": 0.5, "picture.luma.p50": float(rng.normal(40 if bad else 120, 15))}, bad, f"film {number}")
        for number, bad in enumerate([True, False] * 50)
    ]
    (tmp_path / "examples.json").write_bytes(msgspec.json.encode(examples))
    assert site.run(judge.TRAIN, rehearsals=str(tmp_path))["files"] == 100
    (tmp_path / "examples.json").unlink()
    settle(site, 12)
    night = site.run(WATCH_QUALITY)
    assert (night["fitted"], night["files"]) == ("yes", 112)


def test_a_worker_submits_the_watch_over_quality_each_night(site: Site) -> None:
    hours = itertools.count(0, 3_600_000)  # every look at the clock is an hour later
    done: list[str] = []

    def watch(_context: JobContext) -> None:
        done.append(WATCH_QUALITY)
        worker.stop()

    with Queue(site.place.jobs, clock=lambda: next(hours)) as queue:
        worker = Worker(queue, {WATCH_QUALITY: watch}, site.place, site.settings)
        worker.run_forever()
    assert done == [WATCH_QUALITY]


def test_new_files_that_look_otherwise_than_those_that_people_judged_are_named_by_what_moved(site: Site) -> None:
    rng = np.random.default_rng(5)
    with site.reviews() as reviews:
        for number in range(240):
            is_new = number >= 120
            features = {"picture.luma.p50": float(rng.normal(40 if is_new else 120, 9)), "rules": float(rng.normal())}
            it = Inspected(
                id=f"n{number}", file=f"{number}.mp4", title="", pack="general", judge="", made_ms=number,
                verdict="review", risk=0.5, reasons=(), audit=False, views=1.0, duration_s=60.0, frame_rate=25.0,
                features=features,
            )  # fmt: skip
            reviews.add(it, [])
        words = [Word(f"w{number}", f"n{number}", "ann", "approve", number) for number in range(120)]
        reviews.say(words[:90])
        assert work.figures(reviews, None)["shifted"] == []  # too few to tell
        reviews.say(words[90:])
        assert work.figures(reviews, None)["shifted"] == ["picture.luma.p50"]


def test_a_damaged_judge_leaves_the_decision_to_rules(site: Site) -> None:
    files = {"judge.json": {}, "trees.json": {}}
    published = artifacts.publish(
        site.place.artifacts, NAME, files, config={}, high_water=0, rows={}, metrics={}, parents={}, now_ms=1, keep=1
    )
    (site.place.artifacts / NAME / published.version / "judge.json").write_bytes(b"{")
    assert work.in_force(site.place) is None


def test_defects_are_known_only_where_every_finding_was_judged(site: Site) -> None:
    settle(site, 4)
    with site.reviews() as reviews:
        it = reviews.get("i0-0")
        reviews.add(it, [Found(0, "black", "warn", 0, 1, 0.5, ""), Found(1, "hum", "error", 0, 1, 0.5, "")])
        reviews.say([Word("m", "i0-1", "ann", "missed", 9, None, "click", 3.0, 4.0)])
        by_film = {x.film: x for x in judge.labels(reviews)}
    assert by_film["0-0.mp4"].defects is None
    assert by_film["0-1.mp4"].defects == {"black", "click"}
    assert by_film["0-2.mp4"].defects == frozenset()
    assert [by_film[f"0-{n}.mp4"].rejected for n in range(4)] == [False, True, False, True]


def test_views_are_those_of_the_newest_weeks_and_the_median_for_a_new_title(tmp_path: Path) -> None:
    from worlds import service as world

    place, _ = world.build(tmp_path / "service", fitted=False)
    from frontrow.data.events import EventLog
    from frontrow.schema import Kind

    with EventLog(place.log, config.load(place.root).events) as log:
        plays = [("t0", 5), ("t1", 1), ("t2", 1)]
        log.append([
            world.event(90_000 + 10 * which + n, f"m{n}", title, Kind.PLAY, 0.0)
            for which, (title, count) in enumerate(plays) for n in range(count)
        ])  # fmt: skip
    assert work.expected_views(place, "t0") == 5
    assert work.expected_views(place, "new") == 1

"""`frontrow quality review`, `report` and `train` on a workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from frontrow import config
from frontrow.data.events import EventLog
from frontrow.data.replay import replay
from frontrow.data.reviews import Found, Inspected, Reviews
from frontrow.data.workspace import create
from worlds import commands
from worlds.commands import Done

Frontrow = Callable[..., Done]
UNSURE = Inspected(
    id="i1", file="a.mp4", title="t1", pack="general", judge="", made_ms=1, verdict="review", risk=0.4,
    reasons=("black at 0:00:01.000",), audit=False, views=3.0, duration_s=60.0, frame_rate=25.0,
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = create(tmp_path / "site")
    with Reviews(place.store_url(config.load(place.root))) as reviews:
        reviews.add(UNSURE, [Found(0, "black", "warn", 1.0, 2.0, 0.8, "black for 1 s")])
    return place.root


@pytest.fixture
def frontrow(root: Path) -> Frontrow:
    def run(*args: object) -> Done:
        return commands.frontrow("quality", *args, "--workspace", root, "--json")

    return run


def test_a_verdict_from_the_command_line_is_in_store_log_and_report(root: Path, frontrow: Frontrow) -> None:
    (waiting,) = json.loads(frontrow("review").stdout)
    assert (waiting["inspection"], waiting["state"]) == ("i1", "waiting")
    by_ann = ("--reviewer", "ann")
    assert frontrow("review", "i1", "--say", "right", "--finding", 0, *by_ann).returncode == 0
    assert frontrow("review", "i1", "--say", "missed", "--code", "hum", "--from", 3, "--to", 4, *by_ann).returncode == 0
    assert frontrow("review", "i1", "--say", "reject", *by_ann).returncode == 0
    shown = json.loads(frontrow("review", "i1").stdout)
    assert [(x["said"], x["reviewer"]) for x in shown["words"]] == [
        ("right", "ann"),
        ("missed", "ann"),
        ("reject", "ann"),
    ]
    assert json.loads(frontrow("review", "--reviewer", "ann").stdout) == []
    assert len(replay(root / "log").frame) == 3
    told = json.loads(frontrow("report").stdout)
    assert told["verdicts"] == {"review": 1}
    assert {x["code"]: (x["right"], x["missed"]) for x in told["codes"]} == {"black": (1, 0), "hum": (0, 1)}


def test_what_is_said_wrongly_is_the_users_mistake_and_changes_nothing(root: Path, frontrow: Frontrow) -> None:
    for args, because in [
        (("i1", "--say", "right"), "--finding N"),
        (("i1", "--say", "missed"), "needs --code"),
        (("i1", "--say", "right", "--finding", "9"), "no finding 9"),
        (("i1", "--say", "fine"), "is no verdict"),
        (("i9", "--say", "approve"), "no inspection 'i9'"),
    ]:
        done = frontrow("review", *args)
        assert done.returncode == 2, args
        assert because in done.stderr
    assert len(replay(root / "log").frame) == 0


def test_beside_a_running_service_its_page_is_named(root: Path, frontrow: Frontrow) -> None:
    with EventLog(root / "log", config.load(root).events):
        done = frontrow("review", "i1", "--say", "approve")
    assert done.returncode == 2
    assert "/quality/i1" in done.stderr
    with Reviews(f"sqlite:///{root / 'catalogue.db'}") as reviews:
        assert reviews.words() == []


def test_training_on_nothing_is_refused_with_what_is_needed(frontrow: Frontrow) -> None:
    done = frontrow("train")
    assert done.returncode == 3
    assert "0 rejected and 0 accepted files are labelled" in done.stderr

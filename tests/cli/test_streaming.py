"""`frontrow delivery abr` as scripts call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frontrow.cli.app import assemble
from frontrow.delivery.policy import from_dict
from frontrow.errors import InputError

APP = assemble()


def run(*arguments: object) -> str:
    return CliRunner().invoke(APP, ["delivery", "abr", *map(str, arguments)], catch_exceptions=False).stdout


@pytest.fixture
def example(tmp_path: Path) -> Path:
    told = json.loads(run("--example", tmp_path, "--json"))
    assert len(told["files"]) == 4
    return tmp_path


@pytest.mark.parametrize("protocol", ["pensieve", "sabre-live", "sabre-vod"])
def test_the_written_example_plays_under_every_protocol(example, protocol):
    told = json.loads(
        run("--traces", example / "traces", "--manifest", example / "movie.json", "--protocol", protocol, "--json")
    )
    assert told["traces"] == 3
    scores = told["controllers"]
    assert {"frontrow", "offline"} <= scores.keys()
    assert {"qoe", "stall_s", "bitrate_kbps", "switch_kbps"} <= scores["frontrow"].keys()
    assert scores["offline"]["qoe"] >= max(score["qoe"] for score in scores.values()) - 0.02


def test_the_policy_it_writes_can_be_read(example):
    policy = example / "policy.json"
    trace, title = example / "traces" / "commute", example / "movie.json"
    run("--traces", trace, "--manifest", title, "--no-bound", "--policy", policy, "--json")
    assert len(from_dict(json.loads(policy.read_text())).worth) == 3


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("bad", "0 1\n9 2\n5 3\n", "bad line 3"), ("blob", "\x00 x y\n", "columns differ"), ("none", "", "empty")],
)
def test_a_bad_trace_among_good_ones_is_named(example, name, text, said):
    (example / "traces" / name).write_text(text)
    with pytest.raises(InputError, match=said):
        run("--traces", example / "traces", "--manifest", example / "movie.json")


def test_missing_input_is_said_in_one_line(tmp_path):
    with pytest.raises(InputError, match="name the lines"):
        run()
    (tmp_path / "empty").mkdir()
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(InputError, match="missing or no number"):
        run("--traces", tmp_path / "empty", "--manifest", tmp_path / "m.json")

"""`frontrow delivery lines` and `learn` as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from frontrow.cli.app import assemble
from frontrow.cli.trace_files import load_traces
from frontrow.data.workspace import create
from frontrow.errors import InputError


def call(*command: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(assemble(), ["delivery", *map(str, command)], catch_exceptions=False)
    return done.exit_code, done.stdout


def test_made_up_lines_are_traces_like_those_given_and_the_seed_decides(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "measured").mkdir()
    for n in range(8):
        rates = np.exp(0.4 * np.sin(np.arange(200) / 9 + n) + 0.2 * rng.normal(size=200))
        (tmp_path / "measured" / str(n)).write_text("".join(f"{i}\t{rate:.4f}\n" for i, rate in enumerate(rates)))
    options = ("lines", "--traces", tmp_path / "measured", "--count", "40", "--seconds", "100", "--json")
    status, said = call(*options, "--seed", "3", "--out", tmp_path / "a")
    assert status == 0
    told = json.loads(said)
    assert abs(np.log(told["made"]["kbps"] / told["measured"]["kbps"])) < 0.15
    made = load_traces(tmp_path / "a")
    assert len(made) == 40 and made[0].duration_s.sum() == 100.0
    call(*options, "--seed", "3", "--out", tmp_path / "b")
    call(*options, "--seed", "4", "--out", tmp_path / "c")
    first = [(tmp_path / x / "line-00007").read_text() for x in "abc"]
    assert first[0] == first[1] != first[2]


def test_a_log_without_sessions_has_no_lines_and_teaches_nothing(tmp_path):
    place = create(tmp_path / "place")
    with pytest.raises(InputError, match="no session with measured rates"):
        call("lines", "--workspace", place.root, "--out", tmp_path / "out")
    status, said = call("learn", "--workspace", place.root, "--json")
    assert status == 0 and "0 sessions" in json.dumps(json.loads(said))

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frontrow.config import EventSettings
from frontrow.data import workspace
from frontrow.data.events import EventLog
from worlds.commands import frontrow


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return workspace.create(tmp_path / "service").root


def test_the_example_is_imported_with_its_own_mapping_and_listed(tmp_path: Path, home: Path) -> None:
    example = tmp_path / "example"
    assert frontrow("import", "table", "--example", example).returncode == 0
    mapping = ["--mapping", example / "titles.toml", "--workspace", home, "--json"]
    done = frontrow("import", "table", example / "titles.csv", "--as", "titles", *mapping)
    assert (done.returncode, json.loads(done.stdout)["titles_inserted"]) == (0, 3)
    done = frontrow("import", "table", example / "plays.csv", "--mapping", example / "plays.toml", "-w", home)
    assert done.returncode == 0
    assert "events stored" in done.stdout
    listed = json.loads(frontrow("titles", "--workspace", home, "--limit", 2, "--json").stdout)
    assert [title["name"] for title in listed] == ["The Harbour at Night", "Small Hours"]


def test_a_bad_row_under_strict_ends_with_2_and_one_line_that_names_it(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("member,title,at_ms\nada,m1,1700000000000\nada,m1,soon\n")
    done = frontrow("import", "table", path, "--workspace", home, "--strict")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "x.csv line 3: at_ms 'soon' is not a number of milliseconds" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_import_beside_a_running_writer_ends_with_2_and_says_who_writes(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("member,title,at_ms\nada,m1,1700000000000\n")
    with EventLog(home / "log", EventSettings()):
        done = frontrow("import", "table", path, "--workspace", home)
    assert done.returncode == 2
    assert str(os.getpid()) in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["table"], "name the file"),
        (["table", "x.csv", "--as", "films"], "--as is 'films'"),
        (["table", "x.csv", "--kind", "watch"], "--kind is 'watch'"),
        (["table", "missing.csv"], "cannot read missing.csv"),
        (["movielens", "/nowhere"], "there is no folder /nowhere"),
        (["recbole", "/nowhere"], "there is no /nowhere"),
        (["jellyfin", "/nowhere"], "/nowhere is no file"),
        (["jellyfin", "/nowhere", "--timezone", "../etc"], "--timezone is '../etc'"),
    ],
)
def test_what_cannot_be_imported_ends_with_2_and_says_why(home: Path, arguments: list[str], said: str) -> None:
    done = frontrow("import", *arguments, "--workspace", home)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False)


# The command itself, whose progress bar waits after the second batch until somebody presses Ctrl-C.
WAITING = """
import sys
from contextlib import contextmanager
from frontrow.cli import imports, main

@contextmanager
def progress(description):
    def step(done, total, note):
        if note.startswith("writing") and done >= 10_000:
            print(done, flush=True)
            sys.stdin.readline()
    yield step

imports.progress = progress
main()
"""


@pytest.mark.crash
def test_ctrl_c_stops_an_import_and_the_same_command_goes_on(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "big"
    folder.mkdir()
    rows = "".join(f"u{i % 97}\tt{i % 900}\t3\t{1_500_000_000 + i}\n" for i in range(17_000))
    (folder / "x.inter").write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + rows)
    command = ["import", "recbole", str(folder), "--workspace", str(home), "--json"]
    child = subprocess.Popen(
        [sys.executable, "-c", WAITING, *command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "10000\n"
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "the same command goes on from there" in said
    assert said.splitlines()[-1] == "frontrow: stopped"
    report = json.loads(frontrow(*command).stdout)
    # the checkpoint is written before the progress is shown, so both batches are known to be done
    assert (report["events_resumed_at"], report["events_stored"], report["events_duplicate"]) == (10_000, 17_000, 0)

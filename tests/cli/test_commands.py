"""The command line as a shell sees it: exit statuses, one-line errors, cheap starts."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from frontrow.cli.diagnosis import examine
from frontrow.config import EventSettings
from frontrow.data.events import EventLog
from frontrow.jobs.queue import Queue
from worlds import service as world
from worlds.commands import frontrow

HEAVY = {
    "polars",
    "numpy",
    "scipy",
    "sklearn",
    "lightgbm",
    "sqlalchemy",
    "fastapi",
    "pydantic",
    "ortools",
    "joblib",
    "av",
}


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True
    )
    return set(done.stdout.split("\n")[-2].split())


def test_importing_frontrow_imports_nothing_but_itself() -> None:
    assert {name for name in modules_after("import frontrow") if name.startswith("frontrow")} == {"frontrow"}


def test_every_package_that_the_source_imports_is_a_dependency_or_comes_with_one() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = chain(project["dependencies"], *project["optional-dependencies"].values())
    declared = {re.split(r"[^\w-]", line)[0] for line in lines} | {"starlette", "pydantic"}  # FastAPI's, the settings'
    imported = {
        name.split(".")[0]
        for path in (root / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    others = imported - set(sys.stdlib_module_names) - {"frontrow"}
    known_as = packages_distributions() | {"faster_whisper": ["faster-whisper"]}  # not installed for tests
    assert {
        name for name in others if not declared & {of.lower().replace("_", "-") for of in known_as.get(name, [name])}
    } == set()


def test_the_help_page_loads_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['frontrow', '--help']\nfrom frontrow.cli import main\n"
        "try: main()\nexcept SystemExit: pass"
    )
    loaded = modules_after(code)
    assert "frontrow.cli.serve" in loaded
    assert not loaded & HEAVY


def test_every_command_speaks_json_and_explains_itself_with_an_example() -> None:
    code = (
        "import json, typer.main; from frontrow.cli.app import assemble\n"
        "def walk(c, w):\n"
        "    if hasattr(c, 'commands'): return [x for n, s in c.commands.items() for x in walk(s, [*w, n])]\n"
        "    unexplained = [p.name for p in c.params if not p.help]\n"
        "    return [(w, c.help or '', [o for p in c.params for o in p.opts], unexplained)]\n"
        "print(json.dumps(walk(typer.main.get_command(assemble()), [])))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    commands = json.loads(told)
    assert len(commands) > 20
    for words, text, options, unexplained in commands:
        assert "Example" in text, words
        assert "--json" in options or words == ["jobs", "work"], words
        assert not unexplained, (words, unexplained)
    done = frontrow("keys", "add", "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout


def test_init_doctor_and_config_agree_about_a_new_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "cinema"
    assert frontrow("init", "-w", place).returncode == 0
    assert place.stat().st_mode & 0o077 == 0
    found = json.loads(frontrow("doctor", "-w", place, "--json").stdout)
    assert found["healthy"]
    assert {"catalogue", "model", "keys"} <= {x["what"] for x in found["findings"] if x["state"] == "note"}
    (place / "frontrow.toml").write_text("[service]\nport = 9001\n")
    monkeypatch.setenv("FRONTROW_EVENTS__SHARDS", "3")
    shown = json.loads(frontrow("config", "show", "-w", place, "--json").stdout)
    by_key = {line["key"]: line for line in shown}
    assert (by_key["service.port"]["value"], by_key["service.port"]["source"]) == (9001, str(place / "frontrow.toml"))
    assert (by_key["events.shards"]["value"], by_key["events.shards"]["source"]) == (3, "FRONTROW_EVENTS__SHARDS")
    assert by_key["service.host"]["source"] == "default"


@pytest.mark.parametrize(
    ("toml", "environment", "said"),
    [
        ("[service]\nprot = 1\n", {}, "unknown setting 'service.prot'"),
        ("[service]\nport = 'x'\n", {}, "service.port is 'x'"),
        ("[service\n", {}, "not valid TOML"),
        ("", {"FRONTROW_SERVICE__PROT": "1"}, "FRONTROW_SERVICE__PROT"),
        ("", {"FRONTROW_SERVICE__PORT": "99999"}, "service.port is '99999'"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, environment: dict[str, str], said: str
) -> None:
    frontrow("init", "-w", tmp_path / "w")
    (tmp_path / "w" / "frontrow.toml").write_text(toml)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = frontrow("config", "show", "-w", tmp_path / "w")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor_says_how_to_mend_what_is_wrong(tmp_path: Path) -> None:
    done = frontrow("doctor", "-w", tmp_path / "nowhere", "--json")
    assert done.returncode == 3
    findings = {x["what"]: x for x in json.loads(done.stdout)["findings"]}
    assert "frontrow init" in findings["workspace"]["mend"]


def test_a_missing_workspace_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    for words in (["serve"], ["keys", "list"], ["nightly"], ["fit", "recommend"]):
        done = frontrow(*words, "-w", tmp_path / "nowhere")
        assert done.returncode == 2, words
        assert "frontrow init" in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


def test_init_takes_no_folder_with_other_things_in_it(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = frontrow("init", "-w", tmp_path)
    assert done.returncode == 2
    assert "holds other things" in done.stderr


def test_keys_are_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    place = tmp_path / "w"
    frontrow("init", "-w", place)
    key = frontrow("keys", "add", "player", "--role", "ingest", "-w", place).stdout.strip()
    listed = frontrow("keys", "list", "-w", place, "--json").stdout
    assert key.startswith("fr_")
    assert key not in listed
    assert frontrow("keys", "revoke", "1", "-w", place).returncode == 0
    assert frontrow("keys", "revoke", "1", "-w", place).returncode == 2
    assert frontrow("keys", "add", "x", "--role", "king", "-w", place).returncode == 2


def test_another_address_than_loopback_needs_a_key_first(tmp_path: Path) -> None:
    frontrow("init", "-w", tmp_path / "w")
    done = frontrow("serve", "-w", tmp_path / "w", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "needs a key" in done.stderr


def test_a_second_writer_is_refused_while_the_service_runs_and_readers_are_not(tmp_path: Path) -> None:
    place, _ = world.build(tmp_path / "w")
    (tmp_path / "plays.csv").write_text("member,title,at_ms\nada,t1,1700000000000\n")
    command = [sys.executable, "-m", "frontrow", "serve", "-w", str(place.root), "--port", "0", "--no-worker", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            refused = frontrow("import", "table", tmp_path / "plays.csv", "--kind", "play", "-w", place.root)
            second = frontrow("serve", "-w", place.root, "--port", "0")
            fitted = frontrow("fit", "recommend", "--no-gate", "-w", place.root, "--json")
        finally:
            process.terminate()
    assert (refused.returncode, second.returncode) == (2, 2)
    assert str(process.pid) in refused.stderr
    assert fitted.returncode == 0, fitted.stderr


def test_a_model_is_listed_and_rolled_back_from_the_command_line(tmp_path: Path) -> None:
    place, _ = world.build(tmp_path / "w")
    assert frontrow("fit", "recommend", "--no-gate", "-w", place.root).returncode == 0
    new, old = json.loads(frontrow("artifacts", "list", "-w", place.root, "--json").stdout)["versions"]
    assert (new["current"], old["current"]) == (True, False)
    said = json.loads(frontrow("artifacts", "rollback", "recommend", "-w", place.root, "--json").stdout)
    assert (said["version"], said["before"]) == (old["version"], new["version"])
    assert frontrow("artifacts", "rollback", "recommend", "-w", place.root).returncode == 2  # none is older
    assert frontrow("artifacts", "rollback", "nothing", "-w", place.root).returncode == 2
    assert frontrow("artifacts", "rollback", "recommend", "--to", "../x", "-w", place.root).returncode == 2


def test_people_are_listed_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "w"
    monkeypatch.setenv("FRONTROW_PASSWORD", "long enough 12")
    frontrow("init", "-w", place)
    assert frontrow("people", "add", "ada", "-w", place).returncode == 0
    assert json.loads(frontrow("people", "list", "-w", place, "--json").stdout) == [{"name": "ada", "role": "read"}]
    assert frontrow("people", "remove", "ada", "-w", place).returncode == 0
    assert frontrow("people", "remove", "ada", "-w", place).returncode == 2


@pytest.mark.parametrize(
    ("harm", "what", "said"),
    [
        ("job", "last fit", "no room"),
        ("jobs.db", "jobs", "no job queue"),
        ("segment", "event log", "damaged: 0"),
        ("log/tail.db", "event log", "tail.db"),
        ("catalogue.db", "store", "no SQLite database"),
        ("artifacts/recommend/current", "model", "damaged"),
    ],
)
def test_doctor_finds_what_is_damaged(tmp_path: Path, harm: str, what: str, said: str) -> None:
    place, _ = world.build(tmp_path / "w")
    with EventLog(place.log, EventSettings()) as log:
        log.seal()
    with Queue(place.jobs) as queue:
        queue.submit("nightly", {})
        job = queue.claim("w")
        assert job is not None
        if harm == "job":
            queue.fail(job, "no room")
        else:
            queue.finish(job, {})
    assert all(finding.state != "wrong" for finding in examine(place.root)) == (harm != "job")
    if harm == "segment":
        next((place.log / "segments").iterdir()).write_bytes(b"harmed")
    elif harm != "job":
        for left in place.root.glob(f"{harm}-*"):
            left.unlink()
        (place.root / harm).write_bytes(b"harmed" * 1000)
    wrong = {finding.what: finding for finding in examine(place.root) if finding.state == "wrong"}
    assert list(wrong) == [what]
    assert said in wrong[what].found
    assert wrong[what].mend


def test_a_log_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    place = tmp_path / "w"
    frontrow("init", "-w", place)
    (place / "log").rmdir()
    (place / "log").touch()
    done = frontrow("forget", "m1", "--yes", "-w", place)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(place / "log") in done.stderr

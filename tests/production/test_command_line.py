"""The command line: shapes that scripts rely on, exit statuses, files written."""

import json
import signal
import subprocess
import sys

import pytest

from worlds import commands


def run(*args: str) -> commands.Done:
    return commands.frontrow("production", *args)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    assert run("plan", "--example", str(folder)).returncode == 0
    return folder


@pytest.fixture(scope="module")
def planned(folder):
    return run("plan", str(folder / "film.yaml"), "--out", str(folder / "out"), "--seconds", "2", "--json")


def test_plan_prints_one_json_value_and_writes_every_report(folder, planned):
    assert planned.returncode == 0, planned.stderr
    found = json.loads(planned.stdout)
    assert {"status", "cost", "currency", "ledger", "violations", "core"} <= found.keys()
    assert found["violations"] == []
    assert found["cost"] == sum(found["ledger"].values())
    written = {path.name for path in (folder / "out").iterdir()}
    assert {
        "report.html",
        "plan.json",
        "schedule.ics",
        "schedule.pdf",
        "dayoutofdays.csv",
        "callsheets.html",
    } <= written


def test_explain_and_what_if_read_the_plan(folder, planned):
    sheet, plan = str(folder / "film.yaml"), str(folder / "out" / "plan.json")
    assert {"date", "best_other", "price", "forbidden"} <= json.loads(
        run("explain", sheet, plan, "6", "--json").stdout
    ).keys()
    moved = json.loads(run("what-if", sheet, plan, "6", "2026-05-05", "--json").stdout)
    assert any("availability" in broken for broken in moved["broken"])


def test_replan_names_who_must_be_told(folder, planned):
    args = ("--locked-until", "2026-05-01", "--seconds", "2", "--json", "--out", str(folder / "again"))
    again = run("replan", str(folder / "film.yaml"), str(folder / "out" / "plan.json"), *args)
    assert again.returncode == 0, again.stderr
    assert "notices" in json.loads(again.stdout)


def test_a_replan_without_room_is_exit_status_3_with_the_core(folder, planned):
    dates = [day["date"] for day in json.loads((folder / "out" / "plan.json").read_text())["days"]]
    text = (folder / "film.yaml").read_text().replace("end: 2026-05-20", f"end: {dates[-1]}")
    away = f"{{id: ANNA, unavailable: [{{from: {dates[-1]}, to: {dates[-1]}}}], "
    (folder / "tight.yaml").write_text(text.replace("{id: ANNA, ", away))
    args = ("--locked-until", dates[1], "--seconds", "2", "--json", "--out", str(folder / "tight"))
    refused = run("replan", str(folder / "tight.yaml"), str(folder / "out" / "plan.json"), *args)
    assert refused.returncode == 3
    assert {"locked days", "availability of ANNA"} <= set(json.loads(refused.stdout)["core"])


def test_faults_are_exit_status_2_with_their_places(folder):
    bad = folder / "bad.yaml"
    bad.write_text(
        (folder / "film.yaml").read_text().replace("wage: 1800", "wage: -1").replace("2026-05-20", "2026-05-32")
    )
    checked = run("check", str(bad), "--json")
    assert checked.returncode == 2
    assert len(json.loads(checked.stdout)["faults"]) == 2
    assert "bad.yaml:" in checked.stderr
    assert run("plan", str(bad), "--out", str(folder / "no")).returncode == 2
    assert run("order", str(bad)).returncode == 2
    assert run("check", str(folder / "missing.yaml")).returncode == 2


def test_what_cannot_hold_is_exit_status_3_with_the_core(folder):
    text = (folder / "film.yaml").read_text() + "locks: [{scene: '6', date: 2026-05-05}]\n"
    (folder / "never.yaml").write_text(text)
    refused = run("plan", str(folder / "never.yaml"), "--out", str(folder / "never"), "--seconds", "3", "--json")
    assert refused.returncode == 3
    found = json.loads(refused.stdout)
    assert (found["status"], found["core"]) == ("infeasible", ["availability of BOSS", "lock of scene 6"])
    assert found["relaxations"][0]["cost"] > 0


def test_import_writes_a_sheet_that_can_be_checked_and_planned(folder):
    script = folder / "short.fountain"
    script.write_text("INT. ROOM - DAY\n\nHello.\n\nANNA\nYes.\n\nEXT. STREET - NIGHT\n\nANNA walks.\n")
    for out in ("short.yaml", "short"):
        made = run("import", str(script), "--out", str(folder / out), "--start", "2026-05-04", "--json")
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout)["scenes"] == 2
        assert run("check", str(folder / out)).returncode == 0
    for out in ("short.txt", "short.fountain/film.yaml"):  # neither form of a sheet; no folder
        assert run("import", str(script), "--out", str(folder / out)).returncode == 2
    planned = run("plan", str(folder / "short.yaml"), "--out", str(folder / "short-plan"), "--seconds", "2", "--json")
    assert json.loads(planned.stdout)["violations"] == []


def test_order_proves_a_small_instance(folder):
    (folder / "tiny.dat").write_text("tiny\n4\n3\n1 0 1 0 1\n1 1 0 1 2\n0 1 1 0 3\n1 2 3 1\n")
    found = json.loads(run("order", str(folder / "tiny.dat"), "--json").stdout)
    assert (found["cost"], found["holding"], found["proven"], found["bound"]) == (29, 2, True, 29)
    assert sorted(found["order"]) == [0, 1, 2, 3]


def test_ctrl_c_keeps_the_best_plan(folder):
    args = ("plan", str(folder / "film.yaml"), "--out", str(folder / "stopped"), "--seconds", "60", "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "frontrow", "production", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stdout, _ = process.communicate(timeout=6)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(stdout)["violations"] == []

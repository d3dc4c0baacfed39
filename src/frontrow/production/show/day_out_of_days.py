# ruff: noqa: E501
"""The day-out-of-days: for each performer and date the trade's code, and the totals that payroll asks for."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from frontrow.production.facts import Facts
from frontrow.production.plan import Plan

CODES = {
    "SW": "start and work", "W": "work", "H": "hold", "WF": "work and finish", "SWF": "start, work and finish",
    "WD": "work and drop", "SWD": "start, work and drop", "PW": "pick up and work", "PWF": "pick up, work and finish",
    "D": "dropped", "T": "travel",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One performer: code by date, and how many days of work, hold and travel."""

    who: str
    codes: dict[date, str]

    def count(self, *codes: str) -> int:
        """Number of dates with one of the codes."""
        return sum(code in codes for code in self.codes.values())

    @property
    def work(self) -> int:
        """Working days."""
        return sum("W" in code for code in self.codes.values())


def dates_of(plan: Plan) -> list[date]:
    """Every calendar date from the day before the first shooting day to the day after the last."""
    if not plan.days:
        return []
    first, last = plan.days[0].date - timedelta(days=1), plan.days[-1].date + timedelta(days=1)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_out_of_days(facts: Facts, plan: Plan) -> list[Row]:
    """Rows in the order of working days, most first.

    SW the first day, WF the last, SWF both; WD the last before a drop and PW the first after; D while dropped; H a paid
    day on hold; T the way from and to a home elsewhere. Days on which nobody could work stay blank.
    """
    sheet = facts.sheet
    working: dict[str, set[date]] = {}
    city_on = {day.date: day.city for day in plan.days}
    for day, slot in plan.slots():
        for who in sheet.scene[slot.scene].cast:
            working.setdefault(who, set()).add(day.date)
    rows = []
    for who, dates in working.items():
        spans = plan.engaged.get(who, ((min(dates), max(dates)),))
        codes: dict[date, str] = {}
        for number, (first, last) in enumerate(spans):
            for at in facts.dates:
                if first <= at <= last:
                    codes[at] = "W" if at in dates else "H"
            if number:
                for at in facts.dates:
                    if spans[number - 1][1] < at < first:
                        codes[at] = "D"
        first, last = spans[0][0], spans[-1][1]
        for earlier, later in itertools.pairwise(spans):
            codes[earlier[1]] = "WD"
            codes[later[0]] = "PW"
        codes[first] = "SW" + codes[first].removeprefix("W")
        codes[last] = "SWF" if first == last else codes[last] + "F"
        home = sheet.person[who].home
        for start, end in spans:
            if home and home != city_on.get(start):
                _travel(codes, start - timedelta(days=1))
            if home and home != city_on.get(end):
                _travel(codes, end + timedelta(days=1))
        rows.append(Row(who, dict(sorted(codes.items()))))
    return sorted(rows, key=lambda row: (-row.work, row.who))


def _travel(codes: dict[date, str], day: date) -> None:
    if codes.get(day, "D") == "D":
        codes[day] = "T"


def to_csv(facts: Facts, plan: Plan) -> str:
    """The table with a column for each date and the totals at the end."""
    dates = dates_of(plan)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["performer", *(day.isoformat() for day in dates), "work", "hold", "travel", "drop"])
    for row in day_out_of_days(facts, plan):
        codes = [row.codes.get(day, "") for day in dates]
        writer.writerow([row.who, *codes, row.work, row.count("H"), row.count("T"), row.count("D")])
    return out.getvalue()


def to_html(facts: Facts, plan: Plan) -> str:
    """The table as HTML, one coloured cell a code."""
    dates = dates_of(plan)
    head = "".join(
        f'<th class="date{" off" if day in facts.free else ""}" title="{day}"><span>{day:%a}<br>{day:%d.%m.}</span></th>'
        for day in dates
    )
    body = []
    for row in day_out_of_days(facts, plan):
        cells = []
        for day in dates:
            code = row.codes.get(day, "")
            kind = "work" if "W" in code else {"H": "hold", "T": "travel", "D": "drop"}.get(code, "")
            off = " off" if day in facts.free and not code else ""
            cells.append(f'<td class="code {kind}{off}" title="{CODES.get(code, "")}">{code}</td>')
        totals = f"<td>{row.work}</td><td>{row.count('H')}</td><td>{row.count('T')}</td>"
        body.append(f"<tr><th>{escape(row.who)}</th>{totals}{''.join(cells)}</tr>")
    legend = " · ".join(f"<b>{code}</b> {meaning}" for code, meaning in CODES.items())
    return (
        f'<div class="scroll"><table class="dood"><thead><tr><th>Performer</th><th>Work</th><th>Hold</th><th>Travel</th>{head}'
        f'</tr></thead><tbody>{"".join(body)}</tbody></table></div><p class="note">{legend}</p>'
    )

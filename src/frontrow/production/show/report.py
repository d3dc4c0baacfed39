# ruff: noqa: E501
"""All outputs of a plan as texts by file name; the report is one HTML page that opens from a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from frontrow.production import money, rules
from frontrow.production.checker import Violation
from frontrow.production.facts import Facts
from frontrow.production.ledger import Ledger
from frontrow.production.plan import Plan
from frontrow.production.risk import Outlook
from frontrow.production.show import callsheet, day_out_of_days, gantt, location_map, pdf, risk_curve, stripboard
from frontrow.production.show.calendar_file import to_ics
from frontrow.production.show.style import CSS


def files(
    facts: Facts, plan: Plan, ledger: Ledger, violations: Sequence[Violation], outlook: Outlook, stamp: datetime
) -> dict[str, str | bytes]:
    """Every output by file name."""
    return {
        "report.html": report(facts, plan, ledger, violations, outlook),
        "callsheets.html": _page(
            f"{facts.sheet.production.title}: call sheets", "".join(callsheet.call_sheets(facts, plan))
        ),
        "oneliner.csv": stripboard.one_liner_csv(facts, plan),
        "dayoutofdays.csv": day_out_of_days.to_csv(facts, plan),
        "ledger.csv": ledger_csv(ledger),
        "plan.json": json.dumps(plan.to_json(), indent=1, ensure_ascii=False) + "\n",
        "schedule.ics": to_ics(facts, plan, stamp),
        "schedule.pdf": pdf.to_pdf(_lines(facts, plan)),
    }


def ledger_csv(ledger: Ledger) -> str:
    """A line an entry, amounts as exact decimals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("item", "date", "subject", f"amount_{ledger.currency}"))
    for entry in ledger.entries:
        writer.writerow((entry.item, entry.date or "", entry.subject, money.plain(entry.amount, ledger.currency)))
    return out.getvalue()


def report(facts: Facts, plan: Plan, ledger: Ledger, violations: Sequence[Violation], outlook: Outlook) -> str:
    """Everything on one page."""
    production, currency = facts.sheet.production, ledger.currency
    sections = (
        ("Stripboard", stripboard.stripboard(facts, plan) + stripboard.cast_key(facts)),
        ("Performers over time", gantt.gantt(facts, plan)),
        ("Day-out-of-days", day_out_of_days.to_html(facts, plan)),
        ("One-liner", stripboard.one_liner_html(facts, plan)),
        ("Ledger", _ledger_html(ledger)),
        ("Rain and cost", risk_curve.risk_curve(outlook, ledger.total, currency)),
        ("Map", location_map.location_map(facts, plan)),
        ("Call sheets", "".join(callsheet.call_sheets(facts, plan))),
        ("Where values come from", _sources(facts)),
    )
    nav = "".join(f'<a href="#s{number}">{title}</a>' for number, (title, _) in enumerate(sections))
    checks = (
        '<p class="good">The independent checker finds no broken rule.</p>'
        if not violations
        else f'<ul class="bad">{"".join(f"<li>{escape(str(v))}</li>" for v in violations)}</ul>'
    )
    figures = (
        ("Total", money.text(ledger.total, currency)),
        ("P90 with rain", money.text(outlook.p90, currency)),
        ("Shooting days", str(len(plan.days))),
        ("Scenes", f"{len(plan.where())} of {len(facts.sheet.scenes)}"),
    )
    tiles = "".join(f'<div class="tile"><span>{name}</span><b>{value}</b></div>' for name, value in figures)
    body = "".join(
        f'<section id="s{n}"><h2>{title}</h2>{content}</section>' for n, (title, content) in enumerate(sections)
    )
    note = f"Rules: {escape(facts.pack.name)}, valid from {facts.pack.valid_from}. {escape(facts.pack.source)} {rules.DISCLAIMER}"
    header = (
        f'<header><h1>{escape(production.title)}</h1><nav>{nav}</nav></header><div class="tiles">{tiles}</div>{checks}'
    )
    return _page(production.title, f'{header}{body}<p class="note">{note}</p>')


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>{body}</main></body></html>\n"
    )


def _ledger_html(ledger: Ledger) -> str:
    sums, total = ledger.by_item(), max(ledger.total, 1)
    rows = "".join(
        f'<tr><td>{escape(item)}</td><td class="money">{money.text(amount, ledger.currency)}</td>'
        f'<td class="bar"><span style="width:{100 * amount / total:.1f}%"></span></td></tr>'
        for item, amount in sums.items()
    )
    foot = f'<tr><th>Total</th><th class="money">{money.text(ledger.total, ledger.currency)}</th><th></th></tr>'
    return f'<table class="ledger"><tbody>{rows}</tbody><tfoot>{foot}</tfoot></table>'


def _sources(facts: Facts) -> str:
    """How many values of each section come from the script, the user or an estimate."""
    sheet = facts.sheet
    groups: dict[str, tuple[Any, ...]] = {
        "scenes": sheet.scenes, "sites": sheet.sites, "people": sheet.people, "crew": (sheet.crew,),
        "travel": tuple(facts.trips.values()), "calendar": (sheet.calendar,), "risk": (sheet.risk,),
    }  # fmt: skip
    rows = []
    for name, items in groups.items():
        sources = [source for item in items for source in item.sources.values()]
        cells = "".join(f"<td>{sources.count(source)}</td>" for source in ("script", "user", "estimate"))
        fields = sorted({field for item in items for field, source in item.sources.items() if source == "estimate"})
        rows.append(f'<tr><td>{name}</td>{cells}<td class="note">{escape(", ".join(fields))}</td></tr>')
    head = "<tr><th>Section</th><th>Script</th><th>User</th><th>Estimate</th><th>Estimated fields</th></tr>"
    return f'<table class="list"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _lines(facts: Facts, plan: Plan) -> list[str]:
    """The one-liner as text lines, a block a day."""
    lines = [facts.sheet.production.title, ""]
    for number, day in enumerate(plan.days, 1):
        site = day.slots[0].site
        times = f"{stripboard.clock(facts, site, day.call)}-{stripboard.clock(facts, site, day.wrap)}"
        lines += [
            f"DAY {number}  {day.date:%a %d %b %Y}  {times}  {day.kind}  {day.city}  {callsheet.sun_line(facts, day)}"
        ]
        for slot in day.slots:
            scene = facts.sheet.scene[slot.scene]
            start = stripboard.clock(facts, slot.site, slot.start)
            set_name = f"{scene.int_ext} {scene.set}"
            lines.append(
                f"  {start} {scene.id:>6} {set_name[:38]:<38} {scene.time:<5} {stripboard.pages(scene.eighths):>6}  "
                f"{slot.site[:20]:<20} {', '.join(scene.cast)}"
            )
        lines.append("")
    return lines

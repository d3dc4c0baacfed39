# ruff: noqa: E501
"""Performers over dates as an SVG: solid for work, hatched for hold, a gap where dropped."""

from __future__ import annotations

from html import escape

from frontrow.production.facts import Facts
from frontrow.production.plan import Plan
from frontrow.production.show.day_out_of_days import dates_of, day_out_of_days

_ROW, _LEFT, _TOP = 20, 150, 46
_COLOURS = {"work": "#2b6cb0", "H": "#b8cbe0", "T": "#dd9b3d"}


def gantt(facts: Facts, plan: Plan) -> str:
    """The chart; its width grows with the dates."""
    dates, rows = dates_of(plan), day_out_of_days(facts, plan)
    if not dates:
        return "<p>No shooting days.</p>"
    cell = max(9, min(26, 900 // len(dates)))
    width, height = _LEFT + cell * len(dates) + 10, _TOP + _ROW * len(rows) + 10
    parts = []
    for index, day in enumerate(dates):
        x = _LEFT + index * cell
        if day in facts.free:
            parts.append(f'<rect x="{x}" y="{_TOP - 6}" width="{cell}" height="{height - _TOP}" fill="#f1f1ee"/>')
        if day.weekday() == 0 or (index == 0 and day.weekday() < 4):
            parts.append(f'<line x1="{x}" y1="{_TOP - 12}" x2="{x}" y2="{height - 8}" stroke="#d5d5d0"/>')
            parts.append(f'<text x="{x + 3}" y="{_TOP - 16}" class="tick">{day:%d %b}</text>')
    for number, row in enumerate(rows):
        y = _TOP + number * _ROW
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end" class="label">{escape(_short(row.who))}</text>'
        )
        for index, day in enumerate(dates):
            code = row.codes.get(day, "")
            colour = _COLOURS["work"] if "W" in code else _COLOURS.get(code)
            if colour:
                title = f"<title>{escape(row.who)}, {day}: {code}</title>"
                x = _LEFT + index * cell
                parts.append(
                    f'<rect x="{x + 0.5}" y="{y + 2}" width="{cell - 1}" height="{_ROW - 6}" rx="2" fill="{colour}">{title}</rect>'
                )
    key = "".join(
        f'<rect x="{_LEFT + x}" y="6" width="12" height="12" rx="2" fill="{colour}"/><text x="{_LEFT + x + 17}" y="16" class="tick">{text}</text>'
        for x, colour, text in (
            (0, _COLOURS["work"], "work"),
            (70, _COLOURS["H"], "hold"),
            (140, _COLOURS["T"], "travel"),
        )
    )
    return f'<div class="scroll"><svg width="{width}" height="{height}" role="img" aria-label="Performers over dates">{key}{"".join(parts)}</svg></div>'


def _short(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"

"""The report that people read: a sentence, the interval over time, the metrics, the checks, the definition's hash.

One self-contained HTML file without scripts or addresses; the pictures are inline SVG and follow a dark or a light
screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from frontrow.experiments.analysis import Analysis, Look, Result
from frontrow.experiments.definition import Definition

WIDTH, HEIGHT = 860, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 40, 26, 40

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1d22; --soft: #666c78; --line: #d9dce3; --paper: #fff; --card: #f6f7f9;
  --accent: #2456c9; --band: #2456c926; --good: #11754a; --bad: #b3261e; --warn: #925f00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9eaee; --soft: #9aa1ad; --line: #343842; --paper: #15171c;
  --card: #1d2027; --accent: #8fb0ff; --band: #8fb0ff2e; --good: #58c793; --bad: #ff8a80; --warn: #e7b450; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 960px; padding: 32px 24px 64px; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 36px 0 8px; }
.soft { color: var(--soft); font-size: 14px; }
.verdict { margin: 20px 0; padding: 18px 20px; border-left: 6px solid var(--tone); background: var(--card); }
.verdict b { color: var(--tone); text-transform: uppercase; letter-spacing: .06em; font-size: 13px; }
.verdict p { margin: 4px 0 0; font-size: 20px; line-height: 1.4; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
td, th { padding: 7px 10px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.ok { color: var(--good); } .warning { color: var(--warn); } .invalid { color: var(--bad); }
code { font-size: 14px; }
"""

_TONES = {"winner": "good", "loser": "bad", "invalid": "bad", "no effect": "accent", "collecting": "warn"}
_MARKS = {"ok": "passed", "warning": "warns", "invalid": "invalidates"}


def render(analysis: Analysis, definition: Definition) -> str:
    """The report as HTML text."""
    primary = next(r for r in analysis.results if r.metric.role == "primary")
    title = f"{definition.name}, version {definition.version}"
    warnings = "".join(f'<p class="warning">{escape(text)}</p>' for text in analysis.warnings)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}: {escape(analysis.state)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<div class="soft">{_arms(analysis, definition)}</div>
<div class="verdict" style="--tone: var(--{_TONES[analysis.state]})"><b>{escape(analysis.state)}</b>
<p>{escape(analysis.sentence)}</p></div>{warnings}
<h2>{escape(primary.metric.name)}: difference between {escape(primary.arm)} and the control, as it became known</h2>
{_interval_over_time(analysis.looks, primary)}
<p class="soft">The band holds the true difference at every moment at once with {1 - definition.alpha:.0%} confidence,
so the experiment may be stopped whenever one likes. {_first_look(analysis.looks, definition.unit)}</p>
<h2>Metrics</h2>{_metrics(analysis.results)}
<h2>Checks</h2>{_checks(analysis)}
<h2>Left out</h2>{_left_out(analysis)}
<h2>Definition</h2>
<p class="soft">Hash <code>{definition.hash}</code> of all that could change a verdict.</p>
{_definition(definition)}
</body></html>
"""


def _arms(analysis: Analysis, definition: Definition) -> str:
    units: dict[str, int] = {}
    for r in analysis.results:
        units[definition.control], units[r.arm] = r.estimate.n
    listed = ", ".join(f"{escape(arm)} {n:,}" for arm, n in units.items())
    return f"{sum(units.values()):,} of {definition.planned_units:,} planned {escape(definition.unit)}s: {listed}"


def _first_look(looks: Sequence[Look], unit: str) -> str:
    start = next((look for look in looks if look.low is not None), None)
    if start is None:
        return "No interval yet: too few non-zero outcomes in the smaller arm."
    return f"It begins at {start.units:,} {escape(unit)}s, where the smaller arm has 100 non-zero outcomes."


def _interval_over_time(looks: Sequence[Look], primary: Result) -> str:
    known = [look for look in looks if look.low is not None and look.high is not None]
    if not known:
        return '<p class="soft">Nothing to draw yet.</p>'
    percent = primary.metric.kind == "binary"
    scale = 100.0 if percent else 1.0
    low = np.array([float(look.low or 0) for look in known]) * scale
    high = np.array([float(look.high or 0) for look in known]) * scale
    middle = np.array([look.effect for look in known]) * scale
    # The first intervals are huge: the picture shows three times the last one's reach, and at least 0.
    reach = 1.5 * (high[-1] - low[-1])
    floor = float(min(0.0, max(low.min(), middle[-1] - reach)))
    roof = float(max(0.0, min(high.max(), middle[-1] + reach)))
    pad = (roof - floor) * 0.06 or 1.0
    floor, roof = floor - pad, roof + pad
    most = max(look.units for look in looks)

    def x(units: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * units / most

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (roof - min(max(value, floor), roof)) / (roof - floor)

    units = [look.units for look in known]
    outline = [(x(u), y(v)) for u, v in zip(units, high, strict=True)]
    outline += [(x(u), y(v)) for u, v in zip(reversed(units), low[::-1], strict=True)]
    ticks = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(t):.1f}" y2="{y(t):.1f}" stroke="var(--line)"/>'
        f'<text x="{LEFT - 8}" y="{y(t) + 4:.1f}" text-anchor="end">{t:+.4g}</text>'
        for t in _ticks(floor, roof)
        if t != 0
    )
    marks = "".join(
        f'<text x="{x(t):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{t:,.0f}</text>'
        f'<text x="{x(t):.1f}" y="{HEIGHT - BOTTOM + 34}" text-anchor="middle">{_day(looks, t)}</text>'
        for t in _ticks(0, most)
    )
    path = " ".join(f"{x(u):.1f},{y(v):.1f}" for u, v in zip(units, middle, strict=True))
    unit = "percentage points" if percent else f"{escape(primary.metric.name)} a unit"
    return f"""<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Interval of the difference over time">
{ticks}{marks}
<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in outline)}" fill="var(--band)"/>
<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="var(--ink)" stroke-width="1.2"/>
<text x="{LEFT - 8}" y="{y(0) + 4:.1f}" text-anchor="end">0</text>
<polyline points="{path}" fill="none" stroke="var(--accent)" stroke-width="2"/>
<text x="{LEFT}" y="14">difference in {unit}, by units seen</text>
</svg>"""


def _day(looks: Sequence[Look], units: float) -> str:
    """Day on which that many units had been exposed, where the log tells."""
    look = next((look for look in looks if look.units >= units), looks[-1])
    return "" if look.exposed_ms is None else str(np.datetime64(look.exposed_ms, "ms").astype("datetime64[D]"))


def _ticks(low: float, high: float) -> list[float]:
    """Some four to seven round numbers inside [low, high]."""
    raw = (high - low) / 7
    step = 10.0 ** math.floor(math.log10(raw))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= raw)
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _metrics(results: Sequence[Result]) -> str:
    head = ("metric", "role", "arm", "control", "treatment", "difference", "always-valid interval", "p", "verdict")
    rows = []
    for r in results:
        e = r.estimate
        interval = "not yet" if r.low is None or r.high is None else f"{_show(r, r.low)} to {_show(r, r.high)}"
        extra = f"<br><span class=soft>CUPED cut the variance by {e.variance_cut:.0%}</span>" if e.variance_cut else ""
        role = r.metric.role if r.metric.role != "guardrail" else f"guardrail, margin {_show(r, r.metric.margin, '')}"
        cells = [
            f"{escape(r.metric.name)}{extra}", escape(role), escape(r.arm), _show(r, e.control, ""),
            _show(r, e.treatment, ""), _show(r, e.effect), interval, f"{r.p_holm:.3g}", escape(r.verdict),
        ]  # fmt: skip
        rows.append("".join(_cell(c, numeric=3 <= i <= 7) for i, c in enumerate(cells)))
    header = "".join(f"<th{' class=n' if 3 <= i <= 7 else ''}>{h}</th>" for i, h in enumerate(head))
    return f"<div class=wide><table><tr>{header}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table></div>"


def _show(r: Result, value: float, sign: str = "+") -> str:
    """A value of the metric; of a binary one as a rate in %, or with a sign as a difference in percentage points."""
    if r.metric.kind != "binary":
        return f"{value:{sign}.4g}"
    return f"{value * 100:{sign}.2f}{' pp' if sign else '%'}"


def _cell(text: str, *, numeric: bool) -> str:
    return f"<td{' class=n' if numeric else ''}>{text}</td>"


def _checks(analysis: Analysis) -> str:
    rows = "".join(
        f'<tr><td>{escape(c.name)}</td><td class="{c.level}">{_MARKS[c.level]}</td><td>{escape(c.detail)}</td></tr>'
        for c in sorted(analysis.checks, key=lambda c: ("invalid", "warning", "ok").index(c.level))
    )
    return f"<div class=wide><table><tr><th>check</th><th>answer</th><th>what was seen</th></tr>{rows}</table></div>"


def _left_out(analysis: Analysis) -> str:
    if not analysis.left_out:
        return "<p>Nothing.</p>"
    items = "".join(f"<tr><td>{escape(what)}</td><td class=n>{n:,}</td></tr>" for what, n in analysis.left_out.items())
    return f"<table>{items}</table>"


def _definition(d: Definition) -> str:
    rows = [
        ("arms", ", ".join(f"{arm} {share * 100:.4g}%" for arm, share in d.arms.items())),
        ("error", f"at most {d.alpha:.0%} false verdicts over all looks"),
        (f"planned {d.unit}s", f"{d.planned_units:,}"),
        ("outcome window", f"{d.outcome_days:g} days after the first exposure" if d.outcome_days else "none"),
        ("layer", f"{d.layer}, slice {d.slice[0]:g} to {d.slice[1]:g}"),
    ]  # fmt: skip
    for m in d.metrics:
        text = f"{m.role} {m.kind}, better when it goes {m.direction}"
        text += f"; winsorised at {m.cap:g}" if m.cap else ""
        text += f"; adjusted by {m.covariate}" if m.covariate else ""
        rows.append((m.name, text))
    return f"<table>{''.join(f'<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>' for k, v in rows)}</table>"

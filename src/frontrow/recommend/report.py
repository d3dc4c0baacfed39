"""The evaluation as one HTML file that opens anywhere: tables, and charts drawn as SVG within it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from frontrow.recommend.evaluate import Measured, Report, Result

_COLOURS = {
    "frontrow": "#d7263d", "EASE": "#3b7ea1", "popularity": "#9aa5b1", "decayed popularity": "#5f6c7b",
}  # fmt: skip
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:68rem;padding:0 1rem;color:#1c2126;background:#fff}
h1{font-size:1.6rem;margin:0} h2{font-size:1.15rem;margin:2.2rem 0 .4rem} p{max-width:46rem}
table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{text-align:right;padding:.3rem .5rem;white-space:nowrap}
th:first-child,td:first-child{text-align:left} thead th{border-bottom:2px solid #1c2126}
td{border-bottom:1px solid #e3e7eb} .frontrow td{font-weight:600}
svg{max-width:100%;height:auto} text{font:13px system-ui,sans-serif;fill:#1c2126}
"""
_TIMING = {
    "clock": "The data has times: each window is judged by a model fitted and tuned on everything before it.",
    "order": "The rows are in order of time without a clock: the newest tenth of each viewer is held back.",
    "none": "The rows have no order: a random fifth of viewers who were not fitted on is held back.",
}


def html(report: Report) -> str:
    """The report as a page."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Recommender evaluation</title><style>{_STYLE}</style><h1>Recommender evaluation</h1>",
        f"<p>{escape(_TIMING[report.timing])} Every title is ranked; nothing is sampled.",
        f"Lines are 95% bootstrap intervals over viewers. Leak check {escape(report.leak_check)}.</p>",
    ]
    segments = list(dict.fromkeys(result.segment for result in report.results))
    for segment in segments:
        chosen = [result for result in report.results if result.segment == segment]
        parts.append(f"<h2>{escape(segment.capitalize())}</h2>")
        parts.append(_bars("NDCG@20", chosen, [result.ndcg for result in chosen]))
        parts.append(_bars("Recall@20", chosen, [result.recall for result in chosen]))
        parts.append(_table(chosen))
    if report.pages:
        parts.append("<h2>Whole pages</h2><p>Plays that a page would have got, on average a viewer: each title found")
        parts.append("counts by the place of its row and its place in the row.</p>")
        cells = "".join(
            f"<tr><td>{escape(x.window)}<td>{x.viewers}<td>{_interval(x.value)}<td>{_interval(x.popular)}"
            for x in report.pages
        )
        parts.append(f"<table><thead><tr><th>window<th>viewers<th>personal<th>everybody's</thead>{cells}</table>")
    parts.append("<h2>What tuning chose</h2><ul>")
    for window, steps in report.chosen.items():
        for what, score in steps.items():
            parts.append(f"<li>{escape(window)}: {escape(what)} ({score:.4f} on its own held-back part)")
    parts.append("</ul></html>")
    return "\n".join(parts)


def _bars(heading: str, results: Sequence[Result], values: Sequence[Measured]) -> str:
    """Bars with intervals, a group a window."""
    top = max((value.high for value in values), default=0) or 1
    height, left = 24, 210
    x = 600 / top
    lines = [
        f'<svg viewBox="0 0 900 {height * len(values) + 44}" width="900" role="img" aria-label="{escape(heading)}">',
        f'<text x="0" y="20" font-weight="600">{escape(heading)}</text>',
    ]
    window = ""
    for place, (result, value) in enumerate(zip(results, values, strict=True)):
        y = 34 + place * height
        if result.window != window:
            window = result.window
            lines.append(f'<line x1="0" x2="900" y1="{y - 1}" y2="{y - 1}" stroke="#e3e7eb"/>')
            lines.append(f'<text x="0" y="{y + 16}">{escape(window)}</text>')
        colour, length = _COLOURS.get(result.system, "#5f6c7b"), max(value.mean * x, 0)
        low, high, middle = left + value.low * x, left + value.high * x, y + height / 2
        lines.append(f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{escape(result.system)}</text>')
        lines.append(f'<rect x="{left}" y="{y + 4}" width="{length:.1f}" height="{height - 8}" fill="{colour}"/>')
        lines.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="#1c2126"/>')
        lines.append(f'<text x="{high + 8:.1f}" y="{y + 16}">{value.mean:.3f}</text>')
    return "".join(lines) + "</svg>"


def _table(results: Sequence[Result]) -> str:
    heads = ("", "window", "viewers", "NDCG@20", "recall@20", "frontrow ahead by", "coverage", "genre KL", "novelty")
    rows = ["<table><thead><tr>" + "".join(f"<th>{escape(head)}" for head in heads) + "</tr></thead>"]
    for result in results:
        gain = "" if result.gain is None else _interval(result.gain)
        cells = (
            result.system, result.window, str(result.ndcg.viewers), _interval(result.ndcg), _interval(result.recall),
            gain, f"{result.coverage:.1%}", f"{result.genre_kl:.3f}", f"{result.novelty:.2f}",
        )  # fmt: skip
        rows.append(
            f"<tr class='{escape(result.system)}'>" + "".join(f"<td>{escape(cell)}" for cell in cells) + "</tr>"
        )
    return "".join(rows) + "</table>"


def _interval(value: Measured) -> str:
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})"

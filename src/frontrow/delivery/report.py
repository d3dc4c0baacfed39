"""One HTML page about delivery that opens from a file: map, disks and fill, hit ratio over the day, fans, what-if."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from frontrow.delivery.network import Array

_COLOURS = ("#2f6df6", "#e4572e", "#17a398", "#8d5fd3", "#c28f00", "#4a7c2c")
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--paper:#fbfbf9;--card:#fff;--line:#d9dde5;--quiet:#667085}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--paper:#14171c;--card:#1c2027;--line:#333a46;--quiet:#9aa4b5}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}h1{font-size:27px;margin:0 0 4px}h2{font-size:17px;margin:0 0 8px}
p{margin:4px 0 12px;color:var(--quiet)}.grid{display:grid;gap:18px;grid-template-columns:repeat(auto-fit,minmax(440px,1fr))}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px;min-width:0}
svg{width:100%;height:auto;display:block}svg text{fill:var(--quiet);font-size:11px}.wide{grid-column:1/-1}
table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:4px 8px;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums}th:first-child,td:first-child{text-align:left}.axis{stroke:var(--line)}
.ours td{font-weight:600}.scroll{overflow-x:auto}
"""


@dataclass(frozen=True)
class CachePart:
    """What the page shows of one cache."""

    name: str
    disk_bytes: int
    fill_bytes: int
    pushed_bytes: float  # a night, mean
    byte_hit_ratio: float
    bytes_asked: float
    history: Array  # bytes asked for, an hour, up to now
    fan: Array  # (hours ahead, 5): p2.5, p10, p50, p90, p97.5
    what_if: list[tuple[float, float]]  # disk over today's, share of bytes a plan would serve
    terabyte: float  # bytes a day that one more terabyte of disk would serve
    fill_100mbps: float  # bytes a day that 100 Mbit/s more of fill would serve


@dataclass(frozen=True)
class Page:
    """All that the page shows. Hit ratios by hour of the day are (24,) a policy."""

    caches: list[CachePart]
    by_clock: dict[str, Array]
    policies: dict[str, tuple[float, float, float, float]]  # byte hit ratio, hit ratio, pushed bytes, origin peak bps
    links: list[tuple[str, str, float]]
    notes: list[str]


def render(page: Page) -> str:
    """The page as HTML; no script, no other file, light and dark."""
    best = page.policies.get("frontrow")
    head = f"{len(page.caches)} caches; {best[0]:.1%} of the bytes come from them." if best else ""
    notes = "".join(f"<p>{escape(text)}</p>" for text in page.notes)
    parts = [
        _section("Where the caches are", "Circles: demand; filled: what the cache serves.", _map(page)),
        _section("Hit ratio over the day", "Share of bytes from the caches, by hour of the day.", _clock(page)),
        _section("Disk and fill", "Disk of each cache, a night's fill, and what was pushed.", _disks(page)),
        _section("What more disk would bring", "Share of bytes that a plan would serve, by disk.", _what_if(page)),
        _section("Policies", "On the same log.", _policies(page), wide=True),
        _section("What one more unit is worth", "Bytes a day served, from the plan's prices.", _prices(page), wide=True),
        *(_section(f"Demand of {escape(part.name)}", "Gbit/s: the last week, then 48 h; bands hold 80% and 95%.", _fan(part), wide=True)
          for part in page.caches),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Delivery</title><style>{_STYLE}</style><main><h1>Delivery</h1><p>{head}</p>{notes}"
        f'<div class="grid">{"".join(parts)}</div></main></html>\n'
    )


def _section(title: str, text: str, body: str, *, wide: bool = False) -> str:
    return f'<section{" class=wide" if wide else ""}><h2>{title}</h2><p>{text}</p><div class="scroll">{body}</div></section>'


def _svg(width: int, height: int, body: str, label: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'


def _map(page: Page) -> str:
    """Caches on a ring, so that every link can be seen; area is demand, the filled part what is served at home."""
    count, most = len(page.caches), max((part.bytes_asked for part in page.caches), default=1.0) or 1.0
    at = {
        part.name: (230 + (150 if count > 1 else 0) * math.sin(2 * math.pi * i / count), 165 - (110 if count > 1 else 0) * math.cos(2 * math.pi * i / count))
        for i, part in enumerate(page.caches)
    }  # fmt: skip
    body = []
    for one, other, worth in page.links:
        (x1, y1), (x2, y2) = at[one], at[other]
        body.append(
            f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" class="axis" stroke-width="{1 + 4 * worth:.1f}"/>'
        )
    for i, part in enumerate(page.caches):
        x, y = at[part.name]
        radius = 10 + 26 * math.sqrt(part.bytes_asked / most)
        colour = _COLOURS[i % len(_COLOURS)]
        body.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.1f}" fill="{colour}" fill-opacity=".18" stroke="{colour}"/>'
        )
        body.append(
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius * math.sqrt(part.byte_hit_ratio):.1f}" fill="{colour}" fill-opacity=".75"/>'
        )
        body.append(
            f'<text x="{x:.0f}" y="{y + radius + 13:.0f}" text-anchor="middle">{escape(part.name)} {part.byte_hit_ratio:.0%}</text>'
        )
    return _svg(460, 330, "".join(body), "Map of the caches with demand and hit ratio")


def _clock(page: Page) -> str:
    lines = {
        name: [(hour, float(value)) for hour, value in enumerate(values)] for name, values in page.by_clock.items()
    }
    return _chart(
        lines,
        (0, 23),
        (0, 1),
        [(h, f"{h:02d}") for h in range(0, 24, 4)],
        [(v / 4, f"{v / 4:.0%}") for v in range(5)],
        "Hit ratio by hour",
    )


def _what_if(page: Page) -> str:
    lines = {part.name: part.what_if for part in page.caches}
    most = max((factor for part in page.caches for factor, _ in part.what_if), default=2.0)
    ticks = [(x, f"x{x:g}") for x in (0.5, 1, 2, 3, 4) if x <= most]
    return _chart(
        lines, (0, most), (0, 1), ticks, [(v / 4, f"{v / 4:.0%}") for v in range(5)], "Share served by size of disk"
    )


def _chart(
    lines: dict[str, list[tuple[float, float]]], across: tuple[float, float], up: tuple[float, float],
    ticks_x: list[tuple[float, str]], ticks_y: list[tuple[float, str]], label: str,
) -> str:  # fmt: skip
    left, top, width, height = 40, 10, 400, 220
    wide, high = across[1] - across[0] or 1.0, up[1] - up[0] or 1.0

    def place(x: float, y: float) -> str:
        return f"{left + (x - across[0]) / wide * width:.1f},{top + height - (y - up[0]) / high * height:.1f}"

    body = []
    for value, text in ticks_y:
        y = place(across[0], value).split(",")[1]
        body.append(
            f'<line x1="{left}" x2="{left + width}" y1="{y}" y2="{y}" class="axis"/><text x="{left - 6}" y="{y}" dy="4" text-anchor="end">{text}</text>'
        )
    for value, text in ticks_x:
        body.append(
            f'<text x="{place(value, up[0]).split(",")[0]}" y="{top + height + 16}" text-anchor="middle">{text}</text>'
        )
    for i, (name, points) in enumerate(lines.items()):
        colour, path = _COLOURS[i % len(_COLOURS)], " ".join(place(x, y) for x, y in points)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, row = left + 8 + (i % 4) * 100, i // 4
        body.append(
            f'<rect x="{x}" y="{268 + row * 16}" width="10" height="10" fill="{colour}"/><text x="{x + 14}" y="{277 + row * 16}">{escape(name)}</text>'
        )
    return _svg(460, 290 + 16 * ((len(lines) - 1) // 4), "".join(body), label)


def _disks(page: Page) -> str:
    most = max((part.disk_bytes for part in page.caches), default=1) or 1
    rows = []
    for i, part in enumerate(page.caches):
        y, colour = 14 + i * 44, _COLOURS[i % len(_COLOURS)]
        for row, (value, opacity) in enumerate(
            ((part.disk_bytes, 0.75), (part.fill_bytes, 0.4), (part.pushed_bytes, 1.0))
        ):
            rows.append(
                f'<rect x="90" y="{y + row * 10}" width="{max(1.0, value / most * 260):.1f}" height="8" fill="{colour}" fill-opacity="{opacity}"/>'
            )
        rows.append(f'<text x="0" y="{y + 14}">{escape(part.name[:14])}</text>')
        rows.append(f'<text x="358" y="{y + 14}">{_tb(part.disk_bytes)} / {_tb(part.fill_bytes)}</text>')
    return _svg(460, 24 + 44 * len(page.caches), "".join(rows), "Disk, fill and pushed bytes of each cache")


def _fan(part: CachePart) -> str:
    history = [float(value) * 8 / 3600 / 1e9 for value in part.history[-168:]]
    fan = [[float(value) * 8 / 3600 / 1e9 for value in row] for row in part.fan]
    total = len(history) + len(fan)
    most = max([*history, *(row[4] for row in fan), 1e-9])
    left, width, height = 50, 1040, 180

    def place(i: int, value: float) -> str:
        return f"{left + i / max(total - 1, 1) * width:.1f},{10 + height - value / most * height:.1f}"

    now = len(history)
    body = []
    for quarter in range(5):
        y = 10 + height - quarter / 4 * height
        body.append(
            f'<line x1="{left}" x2="{left + width}" y1="{y}" y2="{y}" class="axis"/><text x="{left - 6}" y="{y + 4}" text-anchor="end">{most * quarter / 4:.3g}</text>'
        )
    for low, high, opacity in ((0, 4, 0.15), (1, 3, 0.3)):
        above = [place(now + i, row[high]) for i, row in enumerate(fan)]
        under = [place(now + i, row[low]) for i, row in reversed(list(enumerate(fan)))]
        body.append(f'<polygon points="{" ".join(above + under)}" fill="{_COLOURS[0]}" fill-opacity="{opacity}"/>')
    body.append(
        f'<polyline points="{" ".join(place(i, value) for i, value in enumerate(history))}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    )
    body.append(
        f'<polyline points="{" ".join(place(now + i, row[2]) for i, row in enumerate(fan))}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>'
    )
    return _svg(1100, 205, "".join(body), f"Demand of {part.name} with its forecast")


def _policies(page: Page) -> str:
    rows = "".join(
        f"<tr{' class=ours' if name in ('planned', 'frontrow') else ''}><td>{escape(name)}</td><td>{byte:.2%}</td><td>{hit:.2%}</td>"
        f"<td>{_tb(pushed)}</td><td>{peak / 1e9:,.3f}</td></tr>"
        for name, (byte, hit, pushed, peak) in page.policies.items()
    )
    return f"<table><tr><th>policy</th><th>byte hit ratio</th><th>hit ratio</th><th>pushed</th><th>origin at peak, Gbit/s</th></tr>{rows}</table>"


def _prices(page: Page) -> str:
    rows = "".join(
        f"<tr><td>{escape(part.name)}</td><td>{_tb(part.terabyte)}</td><td>{_tb(part.fill_100mbps)}</td></tr>"
        for part in page.caches
    )
    return (
        f"<table><tr><th>cache</th><th>a terabyte more of disk</th><th>100 Mbit/s more of fill</th></tr>{rows}</table>"
    )


def _tb(value: float) -> str:
    return f"{value / 1e12:,.2f} TB" if value >= 1e11 else f"{value / 1e9:,.2f} GB"

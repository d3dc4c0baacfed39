"""One HTML page about delivery that opens from a file: map, disks and fill, hit ratio over the day, fans, what-if."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from frontrow.delivery import forecast, rehearsal
from frontrow.delivery.neighbours import Neighbours
from frontrow.delivery.network import Array
from frontrow.delivery.replay import HOUR_S, Outcome, Task, add
from frontrow.delivery.requests import file_shares

_COLOURS = ("#2f6df6", "#e4572e", "#17a398", "#8d5fd3", "#c28f00", "#4a7c2c")
_SHOWN = ("frontrow", "planned", "lru", "sieve")
_FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
_AHEAD_H = 48
_FILL_STEP_BYTES = 100e6 / 8 * 6 * 3600  # 100 Mbit/s through a window of six hours
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--paper:#fbfbf9;--card:#fff;--line:#d9dde5;--quiet:#667085}
@media(prefers-color-scheme:dark){
:root{--ink:#e8ebf1;--paper:#14171c;--card:#1c2027;--line:#333a46;--quiet:#9aa4b5}}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:27px;margin:0 0 4px}h2{font-size:17px;margin:0 0 8px}p{margin:4px 0 12px;color:var(--quiet)}
.grid{display:grid;gap:18px;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr))}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px;min-width:0}
.wide{grid-column:1/-1}.scroll{overflow-x:auto}.axis{stroke:var(--line)}
svg{width:100%;height:auto;display:block}svg text{fill:var(--quiet);font-size:11px}
svg text{paint-order:stroke;stroke:var(--card);stroke-width:3px}
table{border-collapse:collapse;width:100%}.ours td{font-weight:600}
th,td{text-align:right;padding:4px 8px;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}
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
    demand: Array  # bytes expected tomorrow, a file
    what_if: rehearsal.WhatIf
    terabyte: float  # bytes a day that one more terabyte of disk would serve
    fill_100mbps: float  # bytes a day that 100 Mbit/s more of fill would serve


@dataclass(frozen=True)
class Page:
    """All that the page shows. Hit ratios by hour of the day are (24,) a policy."""

    caches: list[CachePart]
    by_clock: dict[str, Array]
    policies: dict[str, tuple[float, float, float, float]]  # byte hit ratio, hit ratio, pushed bytes, origin peak bps
    notes: list[str]
    neighbours: Neighbours | None = None  # where caches have links

    @classmethod
    def of(
        cls, caches: list[CachePart], outcomes: list[Mapping[str, Outcome]], notes: list[str],
        links: Neighbours | None = None,
    ) -> Page:  # fmt: skip
        """The page of a replay: outcomes by policy of each cache."""
        together = {name: add([one[name] for one in outcomes]) for name in outcomes[0]}
        with np.errstate(invalid="ignore", divide="ignore"):
            by_clock = {
                name: np.nan_to_num(together[name].hit_by_clock / together[name].bytes_by_clock) for name in _SHOWN
            }
        policies = {
            name: (one.byte_hit_ratio, one.hit_ratio, float(one.fill_bytes), one.origin_peak_bps)
            for name, one in together.items()
        }
        return cls(caches, by_clock, policies, notes, links)


def of_cache(task: Task, outcomes: Mapping[str, Outcome]) -> CachePart:
    """What the page shows of one cache: outcome, forecast of demand, and what more disk or fill would bring."""
    ours, log, files, cache = outcomes["frontrow"], task.log, task.files, task.cache
    hour = log.at_s // HOUR_S
    history = np.bincount(hour - hour[0], files.size[log.object]).astype(float)
    fan = forecast.forecast([history], _AHEAD_H).quantiles[0]
    share = rehearsal.forecaster(log, files, launch_day=task.launch_day, guess=task.guess)(log.days)
    assert share is not None  # a log has a day, and after a day there is a forecast
    rate = len(log.object) / log.days * share[files.title] * file_shares(log.object, files)
    what_if = rehearsal.what_if(cache, files, rate, _FACTORS)
    return CachePart(
        cache.name, cache.disk_bytes, cache.fill_bytes, ours.fill_bytes / log.days, ours.byte_hit_ratio,
        float(ours.bytes),
        history, fan, rate * files.size, what_if, what_if.prices.disk * 1e12, what_if.prices.fill * _FILL_STEP_BYTES,
    )  # fmt: skip


def render(page: Page) -> str:
    """The page as HTML; no script, no other file, light and dark."""
    best = page.policies.get("frontrow")
    head = f"{len(page.caches)} caches; {best[0]:.1%} of the bytes come from them." if best else ""
    notes = "".join(f"<p>{escape(text)}</p>" for text in page.notes)
    linked = page.neighbours is not None
    fans = "Gbit/s: the last week, then 48 h; bands hold 80% and 95%."
    parts = [
        _section("Where the caches are", _MAP_WORDS[page.neighbours is not None], _map(page)),
        _section("Hit ratio over the day", "Share of bytes from the caches, by hour of the day.", _clock(page)),
        _section("Disk and fill", "Disk of each cache, a night's fill, and what was pushed.", _disks(page)),
        _section("What more disk would bring", "Share of bytes that a plan would serve, by disk.", _what_if(page)),
        _section("What a faster fill would bring", "The same by tonight's fill, a tenth not there.", _fills(page)),
        *([_section("Links between caches", *_links(page, page.neighbours))] if page.neighbours else []),
        _section("What one more unit is worth", "Bytes a day served, by the prices.", _prices(page), wide=linked),
        _section("Policies", "On the same log.", _policies(page), wide=True),
        *(_section(f"Demand of {escape(part.name)}", fans, _fan(part), wide=True) for part in page.caches),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Delivery</title><style>{_STYLE}</style><main><h1>Delivery</h1><p>{head}</p>{notes}"
        f'<div class="grid">{"".join(parts)}</div></main></html>\n'
    )


def _section(title: str, text: str, body: str, *, wide: bool = False) -> str:
    mark = " class=wide" if wide else ""
    return f'<section{mark}><h2>{title}</h2><p>{text}</p><div class="scroll">{body}</div></section>'


def _svg(width: int, height: int, body: str, label: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _level(left: float, width: float, y: float) -> str:
    return f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" class="axis"/>'


def _bar(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1.0) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.0):.1f}" height="{height}"'
    return f'<rect {size} fill="{colour}" fill-opacity="{opacity}"/>'


def _path(points: list[str], colour: str, stroke_width: float) -> str:
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="{stroke_width}"/>'


_MAP_WORDS = {
    False: "Circles: demand; filled: what the cache serves.",
    True: "Circles: demand; filled: what the cache serves. Lines: bytes a day that neighbours are to serve tomorrow, "
    "in the colour of the cache that sends. Below each: what a terabyte more of its disk would bring a day.",
}


def _map(page: Page) -> str:
    """Caches on a ring, so that every link can be seen; area is demand, the filled part what is served at home."""
    count, most = len(page.caches), max((part.bytes_asked for part in page.caches), default=1.0) or 1.0
    across, down = (150, 110) if count > 1 else (0, 0)
    turn = [2 * math.pi * i / max(count, 1) for i in range(count)]
    at = [(230 + across * math.sin(angle), 165 - down * math.cos(angle)) for angle in turn]
    body = _lines(page.neighbours, at) if page.neighbours else []
    for i, part in enumerate(page.caches):
        x, y = at[i]
        radius = 10 + 26 * math.sqrt(part.bytes_asked / most)
        served = radius * math.sqrt(part.byte_hit_ratio)
        colour = _COLOURS[i % len(_COLOURS)]
        centre = f'<circle cx="{x:.0f}" cy="{y:.0f}"'
        body.append(f'{centre} r="{radius:.1f}" fill="var(--card)"/>')
        body.append(f'{centre} r="{radius:.1f}" fill="{colour}" fill-opacity=".18" stroke="{colour}"/>')
        body.append(f'{centre} r="{served:.1f}" fill="{colour}" fill-opacity=".75"/>')
        body.append(_text(x, y + radius + 13, f"{part.name} {part.byte_hit_ratio:.0%}", "middle"))
        if page.neighbours:
            body.append(_text(x, y + radius + 26, f"+1 TB: {_tb(page.neighbours.terabyte[i])}", "middle"))
    return _svg(460, 360, "".join(body), "Map of the caches with demand, hit ratio and links")


def _lines(found: Neighbours, at: list[tuple[float, float]]) -> list[str]:
    """One line a direction, beside each other, as wide as what it carries; dotted where it carries nothing."""
    most = max((link.bytes for link in found.links), default=0.0) or 1.0
    lines = []
    for link in found.links:
        (x1, y1), (x2, y2) = at[link.cache], at[link.region]
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        aside_x, aside_y = (y1 - y2) / length * 7, (x2 - x1) / length * 7
        colour = _COLOURS[link.cache % len(_COLOURS)]
        look = f'stroke-width="{1.5 + 6.5 * link.bytes / most:.1f}"' if link.bytes else 'stroke-dasharray="2 5"'
        place = f'x1="{x1 + aside_x:.0f}" y1="{y1 + aside_y:.0f}" x2="{x2 + aside_x:.0f}" y2="{y2 + aside_y:.0f}"'
        said = f"<title>{_tb(link.bytes)} a day, worth {link.worth:g}</title>"
        lines.append(f'<line {place} stroke="{colour}" stroke-opacity=".6" {look}>{said}</line>')
    return lines


def _links(page: Page, found: Neighbours) -> tuple[str, str]:
    """Words and table of the links: what each carries, and what would be lost without it."""
    total = sum(float(part.demand.sum()) for part in page.caches) or 1.0
    words = (
        f"Of tomorrow's bytes, {found.alone / total:.1%} would be served without links, {found.value / total:.1%} with "
        f"them (a neighbour's byte counts what it is worth), {found.free / total:.1%} if links cost nothing."
    )
    names = [part.name for part in page.caches]
    rows = [
        (f"{names[link.cache]} to {names[link.region]}", f"{link.worth:g}", _tb(link.bytes), _tb(link.lost))
        for link in sorted(found.links, key=lambda link: -link.bytes)
    ]
    return words, _table(("link", "a byte's worth", "carries a day", "lost a day if it is cut"), rows)


_SHARES = [(quarter / 4, f"{quarter / 4:.0%}") for quarter in range(5)]


def _clock(page: Page) -> str:
    lines = {name: [(float(hour), float(v)) for hour, v in enumerate(row)] for name, row in page.by_clock.items()}
    hours = [(float(hour), f"{hour:02d}") for hour in range(0, 24, 4)]
    return _chart(lines, (0, 23), (0, 1), hours, _SHARES, "Hit ratio by hour")


def _what_if(page: Page) -> str:
    return _scaled({part.name: part.what_if.disk for part in page.caches}, "Share served by size of disk")


def _fills(page: Page) -> str:
    return _scaled({part.name: part.what_if.fill for part in page.caches}, "Share served by a night's fill")


def _scaled(lines: dict[str, list[tuple[float, float]]], label: str) -> str:
    ticks = [(x, f"x{x:g}") for x in (0.5, 1, 2, 3, 4)]
    return _chart(lines, (0, _FACTORS[-1]), (0, 1), ticks, _SHARES, label)


def _chart(
    lines: dict[str, list[tuple[float, float]]], across: tuple[float, float], up: tuple[float, float],
    ticks_x: list[tuple[float, str]], ticks_y: list[tuple[float, str]], label: str,
) -> str:  # fmt: skip
    left, top, width, height = 40, 10, 400, 220
    wide, high = across[1] - across[0] or 1.0, up[1] - up[0] or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (x - across[0]) / wide * width, top + height - (y - up[0]) / high * height

    body = []
    for value, words in ticks_y:
        _, y = place(across[0], value)
        body += [_level(left, width, y), _text(left - 6, y + 4, words, "end")]
    for value, words in ticks_x:
        body.append(_text(place(value, up[0])[0], top + height + 16, words, "middle"))
    for i, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        body.append(_path([f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points)], colour, 2))
        x, y = left + 8 + i % 4 * 100, 268 + i // 4 * 16
        body += [_bar(x, y, 10, 10, colour), _text(x + 14, y + 9, name)]
    return _svg(460, 290 + 16 * ((len(lines) - 1) // 4), "".join(body), label)


def _disks(page: Page) -> str:
    most = max((part.disk_bytes for part in page.caches), default=1) or 1
    rows = []
    for i, part in enumerate(page.caches):
        y, colour = 14 + i * 44, _COLOURS[i % len(_COLOURS)]
        for row, (value, opacity) in enumerate(
            ((part.disk_bytes, 0.75), (part.fill_bytes, 0.4), (part.pushed_bytes, 1.0))
        ):
            rows.append(_bar(90, y + row * 10, value / most * 240, 8, colour, opacity))
        rows.append(_text(0, y + 14, part.name[:14]))
        rows += [_text(336, y + 8, _tb(part.disk_bytes)), _text(336, y + 22, f"{_tb(part.fill_bytes)} a night")]
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
        body += [_level(left, width, y), _text(left - 6, y + 4, f"{most * quarter / 4:.3g}", "end")]
    for low, high, opacity in ((0, 4, 0.15), (1, 3, 0.3)):
        above = [place(now + i, row[high]) for i, row in enumerate(fan)]
        under = [place(now + i, row[low]) for i, row in reversed(list(enumerate(fan)))]
        points = " ".join(above + under)
        body.append(f'<polygon points="{points}" fill="{_COLOURS[0]}" fill-opacity="{opacity}"/>')
    body.append(_path([place(i, value) for i, value in enumerate(history)], "currentColor", 1.5))
    body.append(_path([place(now + i, row[2]) for i, row in enumerate(fan)], _COLOURS[0], 2))
    return _svg(1100, 205, "".join(body), f"Demand of {part.name} with its forecast")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], ours: tuple[str, ...] = ()) -> str:
    lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    for row in rows:
        mark = " class=ours" if row[0] in ours else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    return f"<table>{''.join(lines)}</table>"


def _policies(page: Page) -> str:
    rows = [
        (name, f"{byte:.2%}", f"{hit:.2%}", _tb(pushed), f"{peak / 1e9:,.3f}")
        for name, (byte, hit, pushed, peak) in page.policies.items()
    ]
    head = ("policy", "byte hit ratio", "hit ratio", "pushed", "origin at peak, Gbit/s")
    return _table(head, rows, ("planned", "frontrow"))


def _prices(page: Page) -> str:
    rows = [(part.name, _tb(part.terabyte), _tb(part.fill_100mbps)) for part in page.caches]
    return _table(("cache", "a terabyte more of disk", "100 Mbit/s more of fill"), rows)


def _tb(value: float) -> str:
    return f"{value / 1e12:,.2f} TB" if value >= 1e11 else f"{value / 1e9:,.2f} GB"

"""One inspected file as an HTML page that opens from a file: verdict, reasons, evidence, curves, findings, facts."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Final

from frontrow.quality import charts
from frontrow.quality.findings import Finding, gravest
from frontrow.quality.inspection import Inspection, is_subtitle
from frontrow.quality.markers import edl, rate_of, table, timecode
from frontrow.quality.measurements import FileFacts, StreamFacts
from frontrow.quality.risk import clock
from frontrow.quality.rules import Pack
from frontrow.quality.sound.programme import Programme, programmes
from frontrow.quality.thumbnails import time_of

_WORDS: Final = {"approve": "Approved", "reject": "Rejected", "review": "For review"}
_MOST_ROWS: Final = 500
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2330;--paper:#fafaf8;--card:#fff;--line:#dcdfe6;--quiet:#5d6676;
--error:#c8321f;--warn:#b97a00;--info:#3d6fd1;--good:#1c7c46;--curve:#2f62d9}
@media(prefers-color-scheme:dark){:root{--ink:#e9ecf2;--paper:#13161b;--card:#1b1f26;--line:#343b47;--quiet:#9da7b6;
--error:#ff7a66;--warn:#f0b33f;--info:#84abff;--good:#58cf8d;--curve:#84abff}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px;display:grid;gap:18px}
h1{font-size:25px;margin:0;overflow-wrap:anywhere}h2{font-size:17px;margin:0 0 10px}p{margin:0}
.quiet{color:var(--quiet)}.head{display:flex;gap:16px;align-items:center;flex-wrap:wrap}
.badge{font-weight:700;padding:6px 16px;border-radius:999px;color:#fff;white-space:nowrap}
.approve{background:#1c7c46}.reject{background:#c8321f}.review{background:#9a6500}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:18px;min-width:0}
ol{margin:0;padding-left:22px}.scroll{overflow-x:auto}svg{display:block;width:100%;min-width:640px;height:auto}
svg text{fill:var(--quiet);font-size:11px}.axis{stroke:var(--line)}.line{fill:none;stroke:var(--curve);stroke-width:1.4}
.range{fill:var(--curve);fill-opacity:.22}.cue{fill:var(--quiet);fill-opacity:.6}.band{fill-opacity:.16}
svg .error{fill:var(--error)}svg .warn{fill:var(--warn)}svg .info{fill:var(--info)}
.shots{display:grid;gap:14px;grid-template-columns:repeat(auto-fill,minmax(200px,1fr))}
figure{margin:0}figure img{width:100%;border-radius:8px;display:block;background:#000}
figcaption{font-size:13px;padding-top:5px}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
td{font-variant-numeric:tabular-nums}td:last-child{min-width:280px;overflow-wrap:anywhere}
.tag{font-weight:600}.tag.error{color:var(--error)}.tag.warn{color:var(--warn)}.tag.info{color:var(--info)}
meter{width:140px}
"""


def render(inspection: Inspection, pack: Pack, pictures: Mapping[float, bytes] | None = None) -> str:
    """The page; `pictures` are JPEG files by time (`thumbnails.pictures`). No script, no other file, light and dark."""
    verdict, measured = inspection.verdict, inspection.measured
    findings, rate = verdict.findings, rate_of(measured)
    length_s = _length_s(inspection)
    by = f"judge {verdict.judge}" if verdict.judge else "rules alone; no judge was fitted yet"
    head = (
        f'<div class="head"><span class="badge {verdict.verdict}">{_WORDS[verdict.verdict]}</span>'
        f"<h1>{escape(inspection.path.name)}</h1></div>"
    )
    meter = f'<meter min="0" max="1" low="0.2" high="0.5" optimum="0" value="{verdict.risk:.3f}"></meter>'
    risk = (
        f'<p class="quiet">Risk that a reviewer would reject it: {meter} {verdict.risk:.0%}, by {escape(by)}. '
        f"Held to “{escape(pack.title)}” of {escape(pack.dated)} ({escape(pack.source)}).</p>"
    )
    parts = [head, risk, _section("Why", _reasons(verdict.reasons, findings))]
    if findings and pictures:
        parts.append(_section("Evidence", _evidence(findings, pictures, rate)))
    if findings or inspection.track:
        parts.append(_section("Where", _scroll(charts.timeline(findings, inspection.track, length_s))))
    if measured and measured.picture and "luma" in measured.picture:
        drawn = charts.luma(measured.picture, length_s, findings)
        parts.append(_section("Luma: mean, darkest and brightest frames", _scroll(drawn)))
    levels = {one.stream: _levels(one) for one in programmes(measured)} if measured else {}
    for stream, series in (measured.sound if measured else {}).items():
        if "power" in series:
            drawn = _scroll(charts.loudness(series, length_s, findings)) + levels.get(stream, "")
            parts.append(_section(f"Short-term loudness of stream {stream}, LUFS", drawn))
    if findings:
        parts.append(_section(f"Findings: {len(findings)}", _table(findings, rate)))
    if measured:
        title = "The film that they belong to" if is_subtitle(inspection.path) else "File"
        parts.append(_section(title, _facts(measured.facts, measured.faults)))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(inspection.path.name)}: {_WORDS[verdict.verdict]}</title><style>{_STYLE}</style>"
        f"<main>{''.join(parts)}</main></html>\n"
    )


def papers(inspection: Inspection, pack: Pack, pictures: Mapping[float, bytes]) -> dict[str, bytes]:
    """What is handed out about one file, by suffix: the page, and its findings as EDL and CSV."""
    findings, rate = inspection.verdict.findings, rate_of(inspection.measured)
    texts = {
        "html": render(inspection, pack, pictures),
        "edl": edl(findings, inspection.path.name, rate),
        "csv": table(findings, rate),
    }
    return {suffix: text.encode() for suffix, text in texts.items()}


def _length_s(inspection: Inspection) -> float:
    """Length of everything that is drawn, at least a second."""
    ends = [1.0, *(x.end_s for x in inspection.verdict.findings if x.end_s < 1e6)]
    if inspection.measured:
        ends.append(inspection.measured.facts.duration_s)
        if inspection.measured.picture and len(inspection.measured.picture["at_s"]):
            ends.append(float(inspection.measured.picture["at_s"][-1]))
    if not inspection.measured and inspection.track:
        ends += [cue.end_s for cue in getattr(inspection.track, "cues", ()) if cue.end_s < 1e6]
    return max(ends)


def _levels(one: Programme) -> str:
    told = [
        f"{value:.1f} {unit}"
        for value, unit in (
            (one.integrated_lufs, "LUFS integrated"), (one.range_lu, "LU range"),
            (one.true_peak_dbtp, "dBTP true peak"),
            (one.dialogue_lufs, f"LUFS while people speak ({one.dialogue_share:.0%} of it)"),
        )
        if value is not None
    ]  # fmt: skip
    return f'<p class="quiet">{", ".join(told)}</p>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _scroll(body: str) -> str:
    return f'<div class="scroll">{body}</div>'


def _reasons(reasons: tuple[str, ...], findings: tuple[Finding, ...]) -> str:
    if reasons:
        return f"<ol>{''.join(f'<li>{escape(reason)}</li>' for reason in reasons)}</ol>"
    return f"<p>{'Nothing that was found weighs against it.' if findings else 'Nothing was found.'}</p>"


def _evidence(findings: tuple[Finding, ...], pictures: Mapping[float, bytes], rate: float) -> str:
    figures, shown = [], set()
    for x in findings:
        at_s = time_of(x)
        if at_s not in pictures or (x.code, at_s) in shown:
            continue
        shown.add((x.code, at_s))
        source = base64.b64encode(pictures[at_s]).decode()
        caption = f'<span class="tag {x.severity}">{_code(x)}</span> {timecode(at_s, rate)}'
        figures.append(
            f'<figure><img src="data:image/jpeg;base64,{source}" alt="Frame at {clock(at_s)}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return f'<div class="shots">{"".join(figures)}</div>'


def _table(findings: tuple[Finding, ...], rate: float) -> str:
    head = "<tr><th>From</th><th>To</th><th>What</th><th>Severity</th><th>Sure</th><th>Seen</th></tr>"
    rows = [
        f"<tr><td>{timecode(x.start_s, rate)}</td><td>{timecode(x.end_s, rate)}</td><td>{_code(x)}</td>"
        f'<td class="tag {x.severity}">{x.severity}</td><td>{x.confidence:.2f}</td><td>{escape(x.detail)}'
        f"{'' if x.stream is None else f' (stream {x.stream})'}</td></tr>"
        for x in gravest(findings, _MOST_ROWS)
    ]
    more = len(findings) - len(rows)
    rest = f'<p class="quiet">{more} more, that weigh less, are in the CSV and JSON files.</p>' if more > 0 else ""
    return _scroll(f"<table>{head}{''.join(rows)}</table>{rest}")


def _facts(facts: FileFacts, faults: tuple[str, ...]) -> str:
    size = f"{facts.size_bytes / 1e6:,.1f} MB"
    lines = "".join(f"<tr><td>{x.index}</td><td>{escape(x.kind)}</td><td>{_stream(x)}</td></tr>" for x in facts.streams)
    damage = "".join(f"<li>{escape(fault)}</li>" for fault in faults)
    return (
        f'<p class="quiet">{escape(facts.container)}, {clock(facts.duration_s)}, {size}</p>'
        f"{_scroll(f'<table><tr><th>Stream</th><th>Kind</th><th>What</th></tr>{lines}</table>')}"
        f"{f'<h2>Damage</h2><ul>{damage}</ul>' if damage else ''}"
    )


def _stream(x: StreamFacts) -> str:
    said = [x.codec]
    if x.kind == "video":
        said += [f"{x.width} x {x.height}", f"{x.frame_rate:.3f} frames a second", x.pixel_format, x.field_order]
        said += [f"pixel aspect {x.pixel_aspect:.3f}"] if abs(x.pixel_aspect - 1) > 1e-3 else []
    elif x.kind == "audio":
        said += [f"{x.channels} channels", x.layout, f"{x.sample_rate} Hz"]
    said += [f"language {x.language}"] if x.language else []
    return escape(", ".join(word for word in said if word))


def _code(finding: Finding) -> str:
    return escape(finding.code.replace("_", " "))

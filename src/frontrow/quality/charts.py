"""The report's drawings, as SVG: level curves over the film, and where the findings and the subtitles lie."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.findings import GROUP_OF, Finding
from frontrow.quality.measurements import Series

Array = NDArray[Any]
WIDTH: Final = 1100
LEFT: Final = 112
_PLOT: Final = WIDTH - LEFT - 24
_POINTS: Final = 900
_LANE: Final = 16
_SHORT_TERM_ROWS: Final = 30  # 3 s of 100 ms, EBU Tech 3341's "S"
_LOUDNESS_OFFSET_LU: Final = -0.691  # ITU-R BS.1770-5
_QUIETEST_LUFS: Final = -60.0


def luma(series: Series, length_s: float, findings: Sequence[Finding]) -> str:
    """Mean luma of the frames, with the darkest and the brightest of each stretch."""
    values = _thin(series["at_s"], series["luma"], length_s)
    ticks = [(16.0, "16 black"), (128.0, "128"), (235.0, "235 white")]
    return _curve(values, (0.0, 255.0), ticks, length_s, findings, "Mean luma over the film", "y")


def loudness(series: Series, length_s: float, findings: Sequence[Finding]) -> str:
    """Short-term loudness (3 s) of a sound stream."""
    power = np.maximum(np.asarray(series["power"], float), 0.0)
    summed = np.concatenate([[0.0], np.cumsum(power)])
    first = np.maximum(np.arange(len(power)) + 1 - _SHORT_TERM_ROWS, 0)
    mean = (summed[1:] - summed[first]) / (np.arange(len(power)) + 1 - first)
    with np.errstate(divide="ignore"):
        lufs = np.maximum(_LOUDNESS_OFFSET_LU + 10 * np.log10(mean), _QUIETEST_LUFS)
    values = _thin(series["at_s"], lufs, length_s)
    ticks = [(-50.0, "-50"), (-40.0, "-40"), (-30.0, "-30"), (-23.0, "-23 LUFS"), (-10.0, "-10")]
    return _curve(values, (_QUIETEST_LUFS, 0.0), ticks, length_s, findings, "Short-term loudness over the film", "s")


def timeline(findings: Sequence[Finding], track: Any, length_s: float) -> str:
    """One lane for each code that was found, and one for the subtitles' cues."""
    codes = list(dict.fromkeys(x.code for x in findings))
    cues = list(getattr(track, "cues", ()) or ())
    height = _LANE * (len(codes) + bool(cues)) + 30
    body = []
    for lane, code in enumerate(codes):
        top = 4 + lane * _LANE
        body.append(_text(LEFT - 6, top + 11, code.replace("_", " "), "end"))
        body.append(f'<line x1="{LEFT}" x2="{LEFT + _PLOT}" y1="{top + 14}" y2="{top + 14}" class="axis"/>')
        body += [_span(x, top + 2, 10, length_s) for x in findings if x.code == code]
    if cues:
        top = 4 + len(codes) * _LANE
        body.append(_text(LEFT - 6, top + 11, "cues", "end"))
        for cue in cues:
            left, width = _across(cue.start_s, cue.end_s, length_s)
            words = escape(str(getattr(cue, "text", ""))[:80])
            size = f'x="{left:.1f}" y="{top + 2}" width="{width:.1f}" height="10"'
            body.append(f'<rect {size} class="cue"><title>{words}</title></rect>')
    body += _clock(length_s, height - 8)
    return _svg(height, "".join(body), "Where the findings and the subtitles lie")


def _curve(
    values: tuple[Array, Array, Array, Array], across: tuple[float, float], ticks: list[tuple[float, str]],
    length_s: float, findings: Sequence[Finding], label: str, kind: str,
) -> str:  # fmt: skip
    top, height = 8.0, 130.0
    low, high = across

    def y(value: float) -> float:
        return top + height * (1 - (min(max(value, low), high) - low) / (high - low))

    body = []
    group = {"y": "picture", "s": "sound"}[kind]
    for x in findings:
        if GROUP_OF[x.code] == group and x.severity != "info":
            left, width = _across(x.start_s, x.end_s, length_s)
            size = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}"'
            body.append(f'<rect {size} class="band {x.severity}"/>')
    for value, words in ticks:
        body.append(f'<line x1="{LEFT}" x2="{LEFT + _PLOT}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="axis"/>')
        body.append(_text(LEFT - 6, y(value) + 4, words, "end"))
    at_s, mean, least, most = values
    if len(at_s):
        above, under, middle = (
            [f"{LEFT + _PLOT * min(t / length_s, 1.0):.1f},{y(v):.1f}" for t, v in zip(at_s, line, strict=True)]
            for line in (most, least, mean)
        )
        body.append(f'<polygon points="{" ".join(above + under[::-1])}" class="range"/>')
        body.append(f'<polyline points="{" ".join(middle)}" class="line"/>')
    body += _clock(length_s, top + height + 16)
    return _svg(top + height + 24, "".join(body), label)


def _thin(at_s: Array, values: Array, length_s: float) -> tuple[Array, Array, Array, Array]:
    """Time, mean, least and most of at most `_POINTS` stretches."""
    known = np.isfinite(values) & np.isfinite(at_s)
    at_s, values = np.asarray(at_s)[known], np.asarray(values, float)[known]
    if not len(at_s):
        return at_s, values, values, values
    stretch = np.clip((at_s / length_s * _POINTS).astype(int), 0, _POINTS - 1)
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    count = np.diff(first, append=len(values))
    return (
        np.add.reduceat(at_s, first) / count, np.add.reduceat(values, first) / count,
        np.minimum.reduceat(values, first), np.maximum.reduceat(values, first),
    )  # fmt: skip


def _across(start_s: float, end_s: float, length_s: float) -> tuple[float, float]:
    left = LEFT + _PLOT * min(max(start_s, 0.0) / length_s, 1.0)
    right = LEFT + _PLOT * min(max(end_s, 0.0) / length_s, 1.0)
    return left, max(right - left, 2.0)


def _span(finding: Finding, top: float, height: float, length_s: float) -> str:
    left, width = _across(finding.start_s, finding.end_s, length_s)
    size = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}"'
    return f'<rect {size} class="{finding.severity}"><title>{escape(finding.detail)}</title></rect>'


def _clock(length_s: float, y: float) -> list[str]:
    """Times along the bottom: at most ten, at round numbers."""
    step = next((x for x in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600) if length_s / x <= 10), 7200)
    marks = []
    for number in range(int(length_s // step) + 1):
        at = number * step
        words = f"{at // 3600}:{at // 60 % 60:02d}:{at % 60:02d}" if length_s >= 3600 else f"{at // 60}:{at % 60:02d}"
        marks.append(_text(LEFT + _PLOT * at / length_s, y, words, "middle"))
    return marks


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: float, body: str, label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">{body}</svg>'

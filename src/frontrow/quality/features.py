"""One inspected file as named numbers: what was found, what its series say, and its facts.

Names follow the findings and the meters, so a new meter is a new feature; a judge keeps the names that it was fitted on
and reads what a file lacks as missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.findings import GROUP_OF, Finding
from frontrow.quality.measurements import FileFacts, Measurements, Series
from frontrow.quality.risk import risk_by_rules

RULES: Final = "rules"
"""Risk by rules alone: the judge's best single hint, and its stand-in."""
PERCENTILES: Final = (5, 50, 95)
_WEIGHT: Final = {"info": 1.0, "warn": 2.0, "error": 3.0}
_PAIRS: Final = "cov_"
"""Columns of the sound series that name pairs of channels: their number differs from file to file."""
_HOUR_S: Final = 3600.0

Features = Mapping[str, float]


def describe(findings: Sequence[Finding], measured: Measurements | None) -> dict[str, float]:
    """The features of one file; without measurements (subtitles, unreadable files) only those of its findings."""
    duration_s = measured.facts.duration_s if measured else max((x.end_s for x in findings), default=0.0)
    named = {RULES: risk_by_rules(findings)} | _of_findings(findings, duration_s)
    if measured is not None:
        named |= _of_facts(measured.facts)
        named |= _of_series("picture", measured.picture)
        first = min(measured.sound, default=None)
        named |= _of_series("sound", measured.sound[first] if first is not None else None)
        first = min(measured.speech, default=None)
        named |= _of_series("speech", measured.speech[first] if first is not None else None)
        named["faults"] = float(len(measured.faults))
    return named


def of_code(code: str) -> tuple[str, ...]:
    """Names of the features that the findings of one code fill."""
    return tuple(f"{code}.{part}" for part in ("an_hour", "share", "confidence", "severity"))


def code_of(name: str) -> str | None:
    """The finding code behind a feature, None where it is a measurement or a fact."""
    code = name.partition(".")[0]
    return code if code in GROUP_OF else None


def table(rows: Sequence[Features], names: Sequence[str]) -> NDArray[np.float64]:
    """Rows as an array [rows, names]; NaN where a file has no such feature."""
    values = [row.get(name, np.nan) for row in rows for name in names]
    return np.array(values, np.float64).reshape(len(rows), len(names))


def names_of(rows: Iterable[Features]) -> tuple[str, ...]:
    """Every feature of any of the rows that is not the same in all, in order."""
    seen: dict[str, tuple[float, bool, int]] = {}
    total = 0
    for row in rows:
        total += 1
        for name, value in row.items():
            first, varies, count = seen.get(name, (value, False, 0))
            differs = value != first and not (np.isnan(value) and np.isnan(first))
            seen[name] = (first, varies or differs, count + 1)
    return tuple(sorted(name for name, (_, varies, count) in seen.items() if varies or count < total))


def _of_findings(findings: Sequence[Finding], duration_s: float) -> dict[str, float]:
    """Of each code: how often an hour, the share of the time, the most certain, the most severe. 0 where none."""
    named = {name: 0.0 for code in GROUP_OF for name in of_code(code)}
    for code in {finding.code for finding in findings}:
        own = [finding for finding in findings if finding.code == code]
        covered = sum(max(0.0, x.end_s - x.start_s) for x in own)
        values = (
            np.log1p(len(own) * _HOUR_S / max(duration_s, 60.0)),  # a clip of seconds is no hour of faults
            min(1.0, covered / duration_s) if duration_s > 0 else 1.0,
            max(x.confidence for x in own),
            max(_WEIGHT[x.severity] for x in own),
        )
        named |= dict(zip(of_code(code), map(float, values), strict=True))
    return named


def _of_facts(facts: FileFacts) -> dict[str, float]:
    video, audio = facts.of("video"), facts.of("audio")
    named = {
        "facts.duration_s": facts.duration_s,
        "facts.video_streams": float(len(video)),
        "facts.audio_streams": float(len(audio)),
        "facts.subtitle_streams": float(len(facts.of("subtitle"))),
        "facts.kbps": facts.size_bytes * 8e-3 / facts.duration_s if facts.duration_s > 0 else np.nan,
    }
    if video:
        shown = video[0].width * video[0].height * video[0].frame_rate
        named |= {
            "facts.height": float(video[0].height),
            "facts.width": float(video[0].width),
            "facts.frame_rate": video[0].frame_rate,
            "facts.pixel_aspect": video[0].pixel_aspect,
            "facts.bits_a_pixel": named["facts.kbps"] * 1000 / shown if shown > 0 else np.nan,
        }
    if audio:
        named |= {"facts.channels": float(audio[0].channels), "facts.sample_rate": float(audio[0].sample_rate)}
    return named


def _of_series(group: str, series: Series | None) -> dict[str, float]:
    """Percentiles and mean of every column of one series."""
    named: dict[str, float] = {}
    for column, values in (series or {}).items():
        if column == "at_s" or column.startswith(_PAIRS):
            continue
        finite = np.asarray(values, np.float64)
        finite = finite[np.isfinite(finite)]
        marks = np.percentile(finite, PERCENTILES) if len(finite) else np.full(len(PERCENTILES), np.nan)
        named |= {f"{group}.{column}.p{p:02d}": float(mark) for p, mark in zip(PERCENTILES, marks, strict=True)}
        named[f"{group}.{column}.mean"] = float(finite.mean()) if len(finite) else np.nan
    return named


def finite(numbers: Features) -> dict[str, float]:
    """Those that are numbers: JSON holds no others."""
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}

"""Everything that can be found in a subtitle track, alone or against its film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from frontrow.quality.findings import Finding
from frontrow.quality.languages import differ
from frontrow.quality.measurements import Measurements
from frontrow.quality.subtitles import cues as on_cues
from frontrow.quality.subtitles import maturity, sync
from frontrow.quality.subtitles.cuts import cuts_s
from frontrow.quality.subtitles.language import identify
from frontrow.quality.subtitles.rules import SubtitleRules
from frontrow.quality.subtitles.track import Fault, Track
from frontrow.quality.subtitles.words import Words

_CUTS_SURE: Final = 0.7
"""Confidence of shot-change findings on detected cuts; 1 on cuts that were given."""


def find(
    track: Track,
    rules: SubtitleRules,
    *,
    measured: Measurements | None = None,
    shots: Sequence[float] | None = None,
    words: Words | None = None,
) -> list[Finding]:
    """Findings by time, then code.

    `measured`: the film; `shots`: first frames of its shots, in seconds since its start, where they are known better
    than by its measurements; `words`: what `words.recognise` heard in it.
    """
    found = [_of_fault(fault, track) for fault in track.faults]
    video = measured.facts.of("video") if measured else ()
    frame_rate = (video[0].frame_rate if video else 0.0) or rules.frame_rate
    found += on_cues.find(track.cues, rules, frame_rate)
    text = " ".join(cue.text for cue in track.cues)
    language, sure = identify(text)
    found += _language(track, text, language, sure, rules)
    if rules.maturity:
        found += maturity.find(track.cues, language)
    origin_s = video[0].start_s if video else 0.0  # transport streams begin anywhere; subtitles count from their start
    cuts = sorted(shots) if shots is not None else [x - origin_s for x in cuts_s(measured)] if measured else []
    if cuts:
        confidence = 1.0 if shots is not None else _CUTS_SURE
        found += on_cues.find_at_cuts(track.cues, cuts, rules, frame_rate, confidence)
    if measured is not None and track.cues:
        found += sync.find(_moved(track, origin_s), rules, measured, language, words)
    return sorted(found, key=lambda finding: (finding.start_s, finding.code, finding.end_s))


def _moved(track: Track, by_s: float) -> Track:
    """The track in seconds of the file."""
    if not by_s:
        return track
    return replace(track, cues=tuple(replace(c, start_s=c.start_s + by_s, end_s=c.end_s + by_s) for c in track.cues))


def _of_fault(fault: Fault, track: Track) -> Finding:
    whole = fault.at_s is None
    start_s = 0.0 if fault.at_s is None else max(0.0, fault.at_s)
    end_s = max(0.0, track.end_s) if whole else start_s
    where = f"line {fault.line_no}: " if fault.line_no else ""
    numbers = {"line": float(fault.line_no)} if fault.line_no else {}
    return Finding(fault.code, fault.severity, start_s, end_s, fault.confidence, where + fault.detail, numbers)


def _language(track: Track, text: str, language: str, sure: float, rules: SubtitleRules) -> list[Finding]:
    if sum(x.isalpha() for x in text) < rules.language_letters or sure < rules.language_sure:
        return []
    if not differ(language, track.language):
        return []
    what = f"declared as '{track.language}', but the text is '{language}'"
    return [Finding("subtitle_language", "error", 0.0, max(0.0, track.end_s), min(0.98, sure), what)]

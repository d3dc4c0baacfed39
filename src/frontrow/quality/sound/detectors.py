"""All that can be wrong with sound, from the measurements of the one pass."""

from __future__ import annotations

from collections.abc import Mapping

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.sound import (
    av_offset,
    channel_duplicate,
    channel_layout,
    channel_missing,
    channel_swap,
    click,
    clipping,
    dropout,
    hum,
    language,
    loudness,
    phase,
    silence,
    true_peak,
)
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.spoken import Spoken

_DETECTORS = (
    loudness, true_peak, clipping, silence, dropout, click, hum, phase, channel_swap, channel_duplicate,
    channel_missing, channel_layout, av_offset,
)  # fmt: skip


def find(measured: Measurements, rules: SoundRules, *, spoken: Mapping[int, Spoken] | None = None) -> list[Finding]:
    """Findings of every detector, ordered by time, then code. `spoken`: the languages heard in the streams."""
    found = [finding for detector in _DETECTORS for finding in detector.find(measured, rules)]
    found += language.find(measured, rules, spoken)
    return sorted(found, key=lambda finding: (finding.start_s, finding.code, finding.end_s))

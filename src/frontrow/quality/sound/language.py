"""The tag of a track's language against what can be known of it.

Known are: tags that are no language, two tracks with the same sound and different languages, and, where somebody speaks
and the network for it is there (spoken.py), which language that is. Neighbours (Norwegian and Danish) count as one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.languages import differ, tag
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.rows import HEARD, decibels, length_s, span, streams
from frontrow.quality.sound.rules import SoundRules
from frontrow.quality.sound.spoken import Spoken

NONE: Final = ("", "und", "mul", "zxx", "mis", "qaa")
"""Tags that name no language, or say that there is none."""
_SURE: Final = 0.8
"""Probability of another language from which its tag is an error."""
_SAME_DB: Final = 0.3
"""Difference of two tracks' levels in nine tenths of the time, gain aside, under which they are the same: dubs
share music and effects, and differ where people speak."""
_LEAST_ROWS: Final = 100


def find(measured: Measurements, rules: SoundRules, spoken: Mapping[int, Spoken] | None = None) -> list[Finding]:
    """Findings of tags; `spoken` is what was heard in the streams, by their index."""
    found = []
    heard = list(streams(measured))
    for stream, series in heard:
        named = stream.language
        if named not in NONE and not (2 <= len(named.split("-")[0]) <= 3 and named.replace("-", "").isalnum()):
            found.append(_told(stream, series, "warn", 0.9, f"the language tag '{named}' is no ISO 639 code"))
        if stream.index in (spoken or {}):
            found += _against_speech(stream, series, (spoken or {})[stream.index], rules)
    for (one, first), (other, second) in itertools.combinations(heard, 2):
        if one.language != other.language and not {one.language, other.language} & set(NONE) and _same(first, second):
            detail = f"the same sound as stream {one.index} is tagged '{other.language}' here, '{one.language}' there"
            found.append(_told(other, second, "error", 0.85, detail))
    return found


def _against_speech(stream: StreamFacts, series: Series, spoken: Spoken, rules: SoundRules) -> list[Finding]:
    """Another language was heard, clearly, and the one of the tag hardly at all."""
    likely, named = spoken.language, tag(stream.language)
    heard, tagged = spoken.probabilities[likely], spoken.probabilities.get(named)
    if tagged is None or not differ(likely, named):  # a language that the network does not know, or a neighbour
        return []
    if heard < rules.language_heard or tagged > rules.language_tagged:
        return []
    detail = (
        f"tagged '{stream.language}', but {100 * heard:.0f} % of what is spoken is '{likely}' "
        f"({spoken.seconds:.0f} s of speech were listened to)"
    )
    numbers = {"heard": heard, "tagged": tagged, "speech_s": spoken.seconds}
    return [_told(stream, series, "error" if heard >= _SURE else "warn", min(0.97, heard), detail, numbers)]


def _told(
    stream: StreamFacts,
    series: Series,
    severity: Severity,
    sure: float,
    detail: str,
    numbers: Mapping[str, float] | None = None,
) -> Finding:
    start_s, end_s = span(series, 0, len(series["at_s"]))
    return Finding("language", severity, start_s, end_s, sure, detail, dict(numbers or {}), stream.index)


def _same(first: Series, second: Series) -> bool:
    """Whether two streams rise and fall together."""
    rows = min(len(first["power"]), len(second["power"]))
    if rows < _LEAST_ROWS or abs(length_s(first) - length_s(second)) > 2.0:
        return False
    powers = [np.asarray(series["power"][:rows], float) for series in (first, second)]
    plays = (powers[0] > HEARD) & (powers[1] > HEARD)
    if plays.sum() < _LEAST_ROWS:
        return False
    difference = decibels(powers[0][plays]) - decibels(powers[1][plays])
    return bool(np.percentile(np.abs(difference - np.median(difference)), 90) < _SAME_DB)

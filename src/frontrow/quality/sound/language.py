"""The tag of a track's language against what can honestly be known of it.

No network that names spoken languages comes in a package that could be shipped. Known are: tags that are no language,
two tracks with the same sound and different languages, and, where words were looked for by the English recogniser
(subtitles/words.py), whether it could read the track.
"""

from __future__ import annotations

import itertools
from typing import Final, Protocol

import numpy as np

from frontrow.quality.findings import Finding, Severity
from frontrow.quality.measurements import Measurements, Series, StreamFacts
from frontrow.quality.sound.rows import HEARD, decibels, length_s, span, streams
from frontrow.quality.sound.rules import SoundRules

ENGLISH: Final = ("eng", "en")
NONE: Final = ("", "und", "mul", "zxx", "mis", "qaa")
"""Tags that name no language, or say that there is none."""
_LEAST_WORDS: Final = 15
_READ: Final = 0.75
"""Share of words without doubt from which the track is English."""
_UNREAD: Final = 0.1
_SAME_DB: Final = 0.3
"""Difference of two tracks' levels in nine tenths of the time, gain aside, under which they are the same: dubs
share music and effects, and differ where people speak."""
_LEAST_ROWS: Final = 100


class Recognised(Protocol):
    """What the recogniser heard, in the form of subtitles/words.py."""

    @property
    def words(self) -> tuple[object, ...]:
        """Words that it did not doubt."""
        ...

    @property
    def doubted(self) -> int:
        """How many it left out."""
        ...


def find(measured: Measurements, rules: SoundRules, words: Recognised | None = None) -> list[Finding]:
    """Findings of tags; `words` are those of the first audio stream."""
    found = []
    heard = list(streams(measured))
    for stream, series in heard:
        tag = stream.language
        if tag not in NONE and not (2 <= len(tag.split("-")[0]) <= 3 and tag.replace("-", "").isalnum()):
            found.append(_told(stream, series, "warn", 0.9, f"the language tag '{tag}' is no ISO 639 code"))
    for (one, first), (other, second) in itertools.combinations(heard, 2):
        if one.language != other.language and not {one.language, other.language} & set(NONE) and _same(first, second):
            detail = f"the same sound as stream {one.index} is tagged '{other.language}' here, '{one.language}' there"
            found.append(_told(other, second, "error", 0.85, detail))
    if words is not None and heard:
        found += _against_words(*heard[0], words)
    return found


def _against_words(stream: StreamFacts, series: Series, words: Recognised) -> list[Finding]:
    clear, total = len(words.words), len(words.words) + words.doubted
    if total < _LEAST_WORDS or stream.language in NONE:
        return []
    share = clear / total
    if stream.language not in ENGLISH and share >= _READ:
        detail = f"tagged '{stream.language}', but an English recogniser reads {clear} of {total} words without doubt"
        return [_told(stream, series, "error", 0.85, detail, share)]
    if stream.language in ENGLISH and share <= _UNREAD:
        detail = f"tagged '{stream.language}', but an English recogniser doubts {words.doubted} of {total} words"
        return [_told(stream, series, "warn", 0.6, detail, share)]
    return []


def _told(
    stream: StreamFacts, series: Series, severity: Severity, sure: float, detail: str, share: float | None = None
) -> Finding:
    start_s, end_s = span(series, 0, len(series["at_s"]))
    numbers = {} if share is None else {"read_share": share}
    return Finding("language", severity, start_s, end_s, sure, detail, numbers, stream.index)


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

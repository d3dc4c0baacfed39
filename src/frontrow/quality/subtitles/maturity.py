"""Strong words in subtitles, as hints for a rating: a short list that an editor can read and change, by language."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

from frontrow.quality.findings import Finding
from frontrow.quality.subtitles.track import Cue

LEVELS: Final = ("mild", "moderate", "strong")
_FILE: Final = "strong_words.yaml"


def find(cues: Sequence[Cue], language: str) -> list[Finding]:
    """One finding a cue that holds such a word; the measured level is 1 mild, 2 moderate, 3 strong."""
    pattern, level_of = _words(language)
    found = []
    for cue in cues if pattern else ():
        hits = [word.lower() for word in pattern.findall(cue.text)] if pattern else []
        if not hits:
            continue
        level = max(_level(word, level_of) for word in hits)
        what = f"{LEVELS[level - 1]} language ({', '.join(dict.fromkeys(hits))}): a hint for the rating"
        span = (max(0.0, cue.start_s), max(0.0, cue.start_s, cue.end_s))
        found.append(Finding("maturity", "info", *span, 0.8, what, {"level": float(level)}))
    return found


@functools.cache
def _words(language: str) -> tuple[re.Pattern[str] | None, Mapping[str, int]]:
    """A pattern of the language's words, and the level of each beginning; `word*` takes any ending."""
    import yaml

    text = resources.files("frontrow.quality.subtitles").joinpath(_FILE).read_text("utf-8")
    lists = yaml.safe_load(text).get(language) or {}
    level_of = {word: LEVELS.index(level) + 1 for level, words in lists.items() for word in words}
    if not level_of:
        return None, {}
    ways = [re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in level_of]
    return re.compile(rf"\b(?:{'|'.join(ways)})\b", re.IGNORECASE), level_of


def _level(word: str, level_of: Mapping[str, int]) -> int:
    if word in level_of:
        return level_of[word]
    return max(level for start, level in level_of.items() if start.endswith("*") and word.startswith(start[:-1]))

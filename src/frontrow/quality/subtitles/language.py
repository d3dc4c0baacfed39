"""The language of a text, by py3langid (BSD-3, 4.6 MB, offline)."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final

from frontrow.quality.languages import tag

_SAMPLE: Final = 6_000
"""Letters of a text that are looked at; more decide nothing."""


def identify(text: str) -> tuple[str, float]:
    """(language, confidence 0-1) of a text, ('', 0) where it has no letters."""
    if len(text) > _SAMPLE:
        third = _SAMPLE // 3
        middle = len(text) // 2
        text = " ".join((text[:third], text[middle : middle + third], text[-third:]))
    if not any(character.isalpha() for character in text):
        return "", 0.0
    name, confidence = _identifier().classify(unicodedata.normalize("NFC", text))
    return tag(name) or name, float(confidence)


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

"""How long a line is to the eye: columns, not code points."""

from __future__ import annotations

import unicodedata
from typing import Final

_NO_WIDTH: Final = frozenset({"Mn", "Me", "Cf", "Cc"})


def columns(line: str) -> int:
    """Columns that a line takes: wide characters of East Asia two (Unicode TR 11), marks that combine none.

    Limits of 42 characters are meant for Latin letters; a line of Chinese, Japanese or Korean holds half as many.
    """
    total = 0
    for character in unicodedata.normalize("NFC", line):
        if unicodedata.category(character) in _NO_WIDTH:
            continue
        total += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return total

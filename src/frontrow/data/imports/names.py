"""Names as lists of films write them, put as people say them: "Matrix, The (1999)" is The Matrix of 1999."""

from __future__ import annotations

import re
from typing import Final

# Articles that MovieLens moves behind the name: English, French, Italian, Spanish, Portuguese, German, Dutch, Nordic.
_ARTICLES: Final = (
    "The|A|An|Le|La|Les|L'|Un|Une|Il|Lo|I|Gli|El|Los|Las|O|Os|As|Um|Uma|Der|Die|Das|Den|Ein|Eine|De|Het|Een|Det|En|Et"
)
_MOVED = re.compile(rf"^(?P<name>[^()]+?), (?P<article>{_ARTICLES})$")
_YEAR = re.compile(r"^(?P<name>.*\S)\s*\((?P<year>\d{4})(?:\s*[-–]\s*\d{0,4})?\)$", re.DOTALL)
_PARTS = re.compile(r"[^()]+")
_NO_GENRE: Final = frozenset({"", "unknown", "(no genres listed)"})


def name_and_year(text: str) -> tuple[str, int | None]:
    """The name without the year behind it, articles in front again, and the year where there is one.

    Further names in brackets stay: "City of Lost Children, The (Cité des enfants perdus, La) (1995)" is
    ("The City of Lost Children (La Cité des enfants perdus)", 1995). A range of years gives the first.
    """
    text = text.strip()
    found = _YEAR.match(text)
    name, year = (found["name"], int(found["year"])) if found else (text, None)
    return _PARTS.sub(lambda part: _with_article(part[0]), name), year


def clean_genres(names: list[str]) -> tuple[str, ...]:
    """Genres in their order, once each, without the words that mean none."""
    stripped = (name.strip() for name in names)
    return tuple(dict.fromkeys(name for name in stripped if name.lower() not in _NO_GENRE))


def _with_article(part: str) -> str:
    bare = part.strip()
    moved = _MOVED.match(bare)
    if not moved:
        return part
    gap = "" if moved["article"].endswith("'") else " "
    return part.replace(bare, moved["article"] + gap + moved["name"])

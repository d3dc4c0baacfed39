"""A drawn poster for a title that has no picture: type, a motif of its genre, and colours that stay its own.

Everything follows from the title's id, name, year and genres, so a poster looks the same on every page and machine.
The motifs themselves are SVG symbols in `templates/motifs.svg`; the type is set by `static/style.css`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

# Genre -> motif, hue in degrees, typeface. The first genre of a title that stands here decides, rarer ones first.
_LOOKS = {
    "Film-Noir": ("blinds", 220, "serif"),
    "Western": ("mesa", 24, "slab"),
    "Documentary": ("grid", 190, "sans"),
    "Musical": ("staves", 318, "serif"),
    "Animation": ("bubbles", 48, "slab"),
    "Children's": ("bubbles", 160, "slab"),
    "Children": ("bubbles", 160, "slab"),
    "Fantasy": ("moon", 262, "serif"),
    "Horror": ("teeth", 2, "slab"),
    "Sci-Fi": ("orbit", 205, "sans"),
    "Science Fiction": ("orbit", 205, "sans"),
    "Mystery": ("eye", 246, "serif"),
    "War": ("chevrons", 86, "slab"),
    "Crime": ("arcs", 14, "slab"),
    "Adventure": ("peaks", 150, "slab"),
    "Romance": ("rings", 340, "serif"),
    "Thriller": ("spiral", 268, "sans"),
    "Action": ("rays", 12, "slab"),
    "Comedy": ("sun", 38, "slab"),
    "Drama": ("curtain", 354, "serif"),
}
_OTHER = ("curtain", 210, "sans")
_LONG_NAME, _VERY_LONG_NAME = 16, 30  # characters at which the type is set smaller


@dataclass(frozen=True)
class Poster:
    """How to draw one: the genre it shows, a motif's symbol, colours and a typeface."""

    genre: str
    motif: str
    turn: int  # 0 or 1: mirrored
    hue: int  # degrees
    shade: int  # lightness of the ground, percent
    face: str  # serif, slab or sans
    size: str  # s, m or l


def draw(title: str, name: str, genres: Sequence[str]) -> Poster:
    """The poster of a title."""
    known = [genre for genre in _LOOKS if genre in genres]
    motif, hue, face = _LOOKS[known[0]] if known else _OTHER
    chance = hashlib.blake2b(f"{title}\0{name}".encode(), digest_size=4).digest()
    longest_word = max((len(word) for word in name.split()), default=0)
    if len(name) >= _VERY_LONG_NAME or longest_word > 11:
        size = "s"
    elif len(name) >= _LONG_NAME or longest_word > 8:
        size = "m"
    else:
        size = "l"
    return Poster(
        genre=known[0] if known else next(iter(genres), ""),
        motif=motif,
        turn=chance[0] % 2,
        hue=(hue + chance[1] % 41 - 20) % 360,
        shade=17 + chance[2] % 12,
        face=face,
        size=size,
    )

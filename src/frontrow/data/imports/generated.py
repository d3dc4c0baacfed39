"""A made-up service, for a demo without a network: titles with genres, members with tastes, ratings over three months.

Nothing in it is real, and whoever shows it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from frontrow.data.ids import derive_id
from frontrow.data.imports.source import Batch, Source
from frontrow.schema import Event, Kind, Title

FORMAT: Final = "generated"
_TITLES, _MEMBERS, _RATINGS_A_MEMBER = 400, 300, 40
_DAYS, _DAY_MS = 90, 86_400_000
_GENRES: Final = ("Action", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Horror", "Romance",
                  "Sci-Fi", "Thriller", "Western")  # fmt: skip
_FIRST: Final = ("Quiet", "Last", "Paper", "Northern", "Second", "Hollow", "Golden", "Borrowed", "Distant", "Open",
                 "Silver", "Late", "Broken", "Summer", "Hidden", "Electric", "Salt", "Winter", "Little",
                 "Blue")  # fmt: skip
_SECOND: Final = ("Harbour", "Train", "Letters", "Garden", "Signal", "Mountain", "Orchestra", "Window", "Witness",
                  "River", "Machine", "Lighthouse", "Summer", "Kingdom", "Road", "Island", "Mirror", "Fire",
                  "Parade", "Map")  # fmt: skip


def make(seed: int) -> Source:
    """The made-up service of a seed; the times end at the day 90 of 2026 and are shifted by the import."""
    return Source(FORMAT, Path(f"{FORMAT}-{seed}"), (), lambda: _read(seed), options={"seed": str(seed)})


def _read(seed: int) -> Iterator[Batch]:
    rng = np.random.default_rng(seed)
    pairs = [(first, second) for first in _FIRST for second in _SECOND]
    titles = Batch("titles", rows=_TITLES)
    genres = rng.integers(len(_GENRES), size=(_TITLES, 2))
    for i, pair in enumerate(rng.permutation(len(pairs))[:_TITLES]):
        names = tuple(dict.fromkeys(_GENRES[g] for g in genres[i]))
        year = int(rng.integers(1950, 2026))
        titles.titles.append((i + 1, Title(title=f"g{i + 1}", name=" ".join(pairs[pair]), year=year, genres=names)))
    yield titles

    fame = 1.0 / np.arange(3, _TITLES + 3)
    events = Batch("ratings")
    begin_ms = 1_767_225_600_000  # 2026-01-01
    for member in range(_MEMBERS):
        taste = rng.dirichlet(np.full(len(_GENRES), 0.25))
        liking = taste[genres].mean(axis=1)
        weight = fame * (0.02 + liking)
        chosen = rng.choice(_TITLES, size=_RATINGS_A_MEMBER, replace=False, p=weight / weight.sum())
        for at_ms, title in zip(np.sort(rng.integers(0, _DAYS * _DAY_MS, len(chosen))), chosen, strict=True):
            stars = float(np.clip(np.round(2 * (2.5 + 4 * liking[title] + rng.normal(0, 0.6))) / 2, 0.5, 5))
            events.rows += 1
            event = Event(
                id=derive_id(FORMAT, str(seed), str(member), str(title)), at_ms=begin_ms + int(at_ms), kind=Kind.RATE,
                member=f"m{member + 1}", title=f"g{title + 1}", value=stars,
            )  # fmt: skip
            events.events.append((events.rows, event))
    yield events

"""What the ranker needs of the titles, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Content:
    """What features need of the titles."""

    year: NDArray[np.float32]
    """Years before the newest title; NaN where unknown."""
    genre: NDArray[np.float32]
    """Membership [titles, genres], each row summing to 1 (or 0)."""
    language: NDArray[np.float32]
    """Membership [titles, languages]; rows of titles whose language is unknown are 0."""


def content_of(titles: pl.DataFrame) -> Content:
    """Years before the newest title, genre shares and languages, out of a catalogue frame."""
    import polars as pl

    n = len(titles)
    year = np.full(n, np.nan, np.float32)
    if "year" in titles.columns:
        year = titles["year"].cast(pl.Float32, strict=False).fill_null(np.nan).to_numpy()
    year = (np.nanmax(year) if np.isfinite(year).any() else 0) - year
    genres = titles["genres"].to_list() if "genres" in titles.columns else [None] * n
    spoken = titles["language"].to_list() if "language" in titles.columns else [None] * n
    languages = [(each,) if each else () for each in spoken]
    return Content(np.asarray(year, np.float32), _membership(genres), _membership(languages))


def _membership(lists: Sequence[Sequence[str] | None]) -> NDArray[np.float32]:
    """Share of each name in each title, float32 [titles, names in order]; a single column of 0 without any."""
    names = {name: place for place, name in enumerate(sorted({name for each in lists for name in each or ()}))}
    shares = np.zeros((len(lists), max(len(names), 1)), np.float32)
    for position, each in enumerate(lists):
        if each:
            shares[position, [names[name] for name in each]] = 1 / len(each)
    return shares

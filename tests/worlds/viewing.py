"""Small worlds of viewing with a known right answer."""

from __future__ import annotations

import numpy as np
import polars as pl

from frontrow.recommend.signals import Interactions, from_columns

DAY_MS = 86_400_000


def checkerboard(viewers: int = 40, titles: int = 20, seed: int = 0) -> Interactions:
    """Even viewers watch even titles, odd ones odd titles; each leaves a few of theirs out."""
    rng = np.random.default_rng(seed)
    pairs = [
        (viewer, title)
        for viewer in range(viewers)
        for title in rng.permutation(np.arange(viewer % 2, titles, 2))[: titles // 2 - 3]
    ]
    member, title = np.array(pairs).T
    return from_columns(member, title, list(range(titles)))


def chain(viewers: int = 60, titles: int = 30, length: int = 8, seed: int = 0) -> Interactions:
    """Whoever watches title i goes on to title i + 1, from a random start."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, titles - length, viewers)
    member = np.repeat(np.arange(viewers), length)
    title = (starts[:, None] + np.arange(length)).ravel()
    order = rng.permutation(titles)  # so that the ids do not ascend with time
    return from_columns(member, order[title], list(range(titles)))


def catalogue(titles: int = 20, **columns: object) -> pl.DataFrame:
    """Even titles are comedies, odd ones westerns."""
    genres = [["Comedy"] if title % 2 == 0 else ["Western"] for title in range(titles)]
    names = [f"Title {title}" for title in range(titles)]
    return pl.DataFrame({"title": list(range(titles)), "name": names, "genres": genres, **columns})

"""Histories as arrays: what each viewer did, newest first, and how much of it still counts.

A title counts weight x 2^(-rank/k) x 2^(-age/h): rank is its place in the history (0 the newest), age its distance from
the viewer's newest event in days of the activity clock, so that a viewer who comes back after years is not a blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.signals import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NEGLIGIBLE = 1e-3
FOREVER = 1e9
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Histories:
    """Viewers one after the other (`indptr`), each newest first: title positions, signed weights, ages in days."""

    indptr: NDArray[np.int64]
    title: NDArray[np.int32]
    weight: NDArray[np.float32]
    age_days: NDArray[np.float32]
    n_titles: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Titles a viewer."""
        return np.diff(self.indptr)

    def select(self, viewers: NDArray[np.integer]) -> Histories:
        """The histories of some viewers, in that order."""
        lengths = self.lengths[viewers]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        at = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths) + np.repeat(self.indptr[viewers], lengths)
        return Histories(indptr, self.title[at], self.weight[at], self.age_days[at], self.n_titles)

    def fading(self, rank_half_life: float = FOREVER, age_half_life_days: float = FOREVER) -> NDArray[np.float32]:
        """2^(-rank/k - age/h) of each title; what has faded below a thousandth is 0."""
        rank = np.arange(len(self.title)) - np.repeat(self.indptr[:-1], self.lengths)
        faded = np.exp2(-rank / rank_half_life - self.age_days / age_half_life_days).astype(np.float32)
        faded[faded < NEGLIGIBLE] = 0
        return faded

    def matrix(self, rank_half_life: float = FOREVER, age_half_life_days: float = FOREVER) -> csr_array:
        """What still counts, viewers x titles, float32."""
        from scipy.sparse import csr_array

        data, title, indptr = self.weight, self.title, self.indptr
        if rank_half_life < FOREVER or age_half_life_days < FOREVER:
            faded = self.fading(rank_half_life, age_half_life_days)
            keep = faded > 0
            data, title = (data * faded)[keep], title[keep]
            indptr = np.concatenate([[0], np.cumsum(keep)])[indptr]
        return csr_array((data, title, indptr), shape=(len(self), self.n_titles))


def histories(interactions: Interactions) -> Histories:
    """Every viewer of the interactions, in their order; zero weights left out."""
    counts = interactions.weight != 0
    viewer, title, weight = interactions.viewer[counts], interactions.title[counts], interactions.weight[counts]
    at_ms = interactions.at_ms[counts]
    lengths = np.bincount(viewer, minlength=interactions.n_viewers)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    newest_first = np.repeat(indptr[1:] + indptr[:-1] - 1, lengths) - np.arange(len(viewer))
    at_ms = at_ms[newest_first]
    gaps = np.minimum(-np.diff(at_ms, prepend=at_ms[:1]), DAY_MS) / DAY_MS
    elapsed = np.cumsum(np.where(np.isin(np.arange(len(viewer)), indptr[:-1]), 0, gaps))
    age = (
        elapsed - np.repeat(elapsed[np.minimum(indptr[:-1], max(len(viewer) - 1, 0))], lengths)
        if len(viewer)
        else elapsed
    )
    return Histories(
        indptr,
        title[newest_first].astype(np.int32),
        weight[newest_first],
        age.astype(np.float32),
        interactions.n_titles,
    )


def one_history(title: list[int], weight: list[float], at_ms: list[int], n_titles: int) -> Histories:
    """One viewer's history, given newest first."""
    at = np.array(at_ms, np.int64)
    age = np.cumsum(np.clip(-np.diff(at, prepend=at[:1]), 0, DAY_MS)) / DAY_MS
    indptr = np.array([0, len(title)], np.int64)
    return Histories(indptr, np.array(title, np.int32), np.array(weight, np.float32), age.astype(np.float32), n_titles)

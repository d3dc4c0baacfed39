"""Titles that nobody, or hardly anybody, has watched: their columns of B, predicted from what they are.

Kernel ridge regression from content to the EDLAE columns of well-known titles. With K the kernel between titles,
W their trust (more viewers, more trust), the column of a cold title c is B_warm (K_ww + lambda W^-1)^-1 K_wc. The
predicted columns (and, by symmetry, rows) drop into B, so a cold title is served, ranked and explained like any other.

The kernel is exp(-(1 - cosine of genres) - years apart / 40) plus the cosine of TF-IDF over synopsis and people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl
    from scipy.sparse import csr_array

RIDGE = 1.0
YEARS = 40.0
LANDMARKS = 4000
"""Most well-known titles that are learnt from: bounds the solve."""
TRUSTED = 5
"""A title of v viewers keeps v / (v + TRUSTED) of its own column."""
COLD_BELOW = 20
"""Titles with fewer viewers get a share of prediction."""


def fill(B: NDArray[np.float32], titles: pl.DataFrame, viewers: NDArray[np.float32]) -> None:
    """Put predicted columns and rows of the cold titles into B, in place; `viewers` counts each title's viewers.

    Does nothing when the titles have neither genres, years nor text, or when none is cold.
    """
    cold = np.flatnonzero(viewers < COLD_BELOW)
    warm = np.argsort(-viewers, kind="stable")[:LANDMARKS]
    warm = np.sort(warm[viewers[warm] >= COLD_BELOW])
    content = Kernel(titles)
    cold = cold[content.told[cold]]
    if not len(cold) or len(warm) < 20:
        return
    trust = np.clip(viewers[warm] / viewers[warm].mean(), 0.05, 1)
    A = content.between(warm, warm)
    A[np.diag_indices(len(warm))] += RIDGE / trust
    for start in range(0, len(cold), 1024):
        some = cold[start : start + 1024]
        mixing = np.linalg.solve(A, content.between(warm, some)).astype(np.float32)
        kept = (viewers[some] / (viewers[some] + TRUSTED)).astype(np.float32)
        columns, rows = B[:, warm] @ mixing, mixing.T @ B[warm]
        B[:, some] = B[:, some] * kept + columns * (1 - kept)
        rows[:, some] = B[some][:, some]  # between two cold titles the columns have spoken
        B[some] = B[some] * kept[:, None] + rows * (1 - kept[:, None])
    np.fill_diagonal(B, 0.0)


class Kernel:
    """Likeness of titles by content; `told` marks those that have any."""

    def __init__(self, titles: pl.DataFrame) -> None:
        import polars as pl

        n = len(titles)
        lists = titles["genres"].to_list() if "genres" in titles.columns else [None] * n
        places = {name: place for place, name in enumerate(sorted({g for each in lists for g in each or ()}))}
        self._genre = np.zeros((n, max(len(places), 1)), np.float32)
        for position, each in enumerate(lists):
            for name in each or ():
                self._genre[position, places[name]] = len(each) ** -0.5
        self._year = np.full(n, np.nan, np.float32)
        if "year" in titles.columns:
            self._year = titles["year"].cast(pl.Float32, strict=False).fill_null(np.nan).to_numpy()
        self._text = _text(titles)
        self.told = (self._genre.any(axis=1)) | np.isfinite(self._year)
        if self._text is not None:
            self.told |= np.diff(self._text.indptr) > 0

    def between(self, rows: NDArray[np.integer], columns: NDArray[np.integer]) -> NDArray[np.float32]:
        """K, float32 [rows, columns]."""
        apart = np.abs(self._year[rows][:, None] - self._year[columns][None, :])
        apart = np.where(np.isfinite(apart), apart, YEARS)
        K: NDArray[np.float32] = np.exp(self._genre[rows] @ self._genre[columns].T - 1 - apart / YEARS)
        if self._text is not None:
            K += (self._text[rows] @ self._text[columns].T).toarray()
        return K


def _text(titles: pl.DataFrame) -> csr_array | None:
    """TF-IDF rows of synopsis and people, each of length 1; None when hardly any title has words."""
    words = titles["text"].fill_null("").to_list() if "text" in titles.columns else [""] * len(titles)
    if "people" in titles.columns:
        people = [
            " ".join("person" + "".join(name.split()) for name in each or ()) for each in titles["people"].to_list()
        ]
        words = [f"{text} {names}" for text, names in zip(words, people, strict=True)]
    if sum(1 for each in words if each.strip()) < 20:
        return None
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        sublinear_tf=True, min_df=3, ngram_range=(1, 2), stop_words="english", max_features=20_000, dtype=np.float32
    )
    try:
        return csr_array(vectorizer.fit_transform(words))
    except ValueError:  # no word is shared by three titles
        return None

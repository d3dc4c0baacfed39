"""Every searchable name as the set of its trigrams: titles, people, genres."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Index:
    """Trigrams of every searchable name: `holds` is names x trigrams, `owner` the titles each name leads to."""

    trigrams: dict[str, int]
    holds: csr_array
    names: list[str]
    kinds: list[str]
    owners: list[NDArray[np.intp]]


def build_index(
    names: Sequence[str], works: Mapping[str, NDArray[np.intp]], genre_masks: Mapping[str, NDArray[np.bool_]]
) -> Index:
    """The index over the names of all titles, of people with the positions of their titles, and of genres."""
    from scipy.sparse import csr_array

    entries: list[tuple[str, str, NDArray[np.intp]]] = [
        (name, "title", np.array([position])) for position, name in enumerate(names)
    ]
    entries += [(person, "person", positions) for person, positions in works.items()]
    entries += [(genre, "genre", np.flatnonzero(mask)) for genre, mask in genre_masks.items()]
    trigrams: dict[str, int] = {}
    indptr, columns = [0], []
    for name, _, _ in entries:
        columns += [trigrams.setdefault(gram, len(trigrams)) for gram in sorted(trigrams_of(name))]
        indptr.append(len(columns))
    shape = (len(entries), max(len(trigrams), 1))
    holds = csr_array((np.ones(len(columns), np.float32), np.array(columns, np.int32), np.array(indptr)), shape=shape)
    return Index(
        trigrams,
        holds.T.tocsr(),
        [plain(name) for name, _, _ in entries],
        [kind for _, kind, _ in entries],
        [owner for _, _, owner in entries],
    )


def plain(text: str) -> str:
    """Lower case, without accents or punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join(letters.split())


def trigrams_of(text: str) -> set[str]:
    """Trigrams of each word with its edges marked; transposed inner letters keep their edges."""
    grams = set()
    for word in plain(text).split():
        padded = f"  {word} "
        grams |= {padded[place : place + 3] for place in range(len(padded) - 2)}
    return grams

"""Search over the catalogue: by title, person and genre, forgiving of typing errors, ranked for the viewer.

Names become sets of trigrams. A query finds the names that hold most of its trigrams, so one wrong, missing or swapped
letter costs a few of them and not the match. What matches equally well is ordered by the viewer's own score.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import rules
from frontrow.recommend.answer import Ranked
from frontrow.recommend.explain import Why, make_tiles
from frontrow.recommend.rank import stand
from frontrow.recommend.viewer import Viewer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from frontrow.recommend.model import Model

LEAST_MATCH = 0.45
"""Share of a query's trigrams that a name must hold: one wrong letter in a word of five leaves a half."""
EXACT_BONUS = 0.5
LONGEST_QUERY = 200


@dataclass(frozen=True)
class Index:
    """Trigrams of every searchable name: `holds` is names x trigrams, `owner` the titles each name leads to."""

    trigrams: dict[str, int]
    holds: csr_array
    names: list[str]
    kinds: list[str]
    owners: list[NDArray[np.intp]]


def build_index(model: Model) -> Index:
    """Names of titles, people and genres, of one model."""
    from scipy.sparse import csr_array

    entries: list[tuple[str, str, NDArray[np.intp]]] = [
        (name, "title", np.array([position])) for position, name in enumerate(model.names)
    ]
    works: dict[str, list[int]] = {}
    for position, people in enumerate(model.people_of):
        for person in people:
            works.setdefault(person, []).append(position)
    entries += [(person, "person", np.array(positions)) for person, positions in works.items()]
    entries += [(genre, "genre", np.flatnonzero(mask)) for genre, mask in model.genre_masks.items()]
    trigrams: dict[str, int] = {}
    indptr, columns = [0], []
    for name, _, _ in entries:
        columns += [trigrams.setdefault(gram, len(trigrams)) for gram in sorted(_grams(name))]
        indptr.append(len(columns))
    shape = (len(entries), max(len(trigrams), 1))
    holds = csr_array((np.ones(len(columns), np.float32), np.array(columns, np.int32), np.array(indptr)), shape=shape)
    return Index(
        trigrams,
        holds.T.tocsr(),
        [_plain(name) for name, _, _ in entries],
        [kind for _, kind, _ in entries],
        [owner for _, _, owner in entries],
    )


def search(model: Model, query: str, k: int, *, now_ms: int, viewer: Viewer | None = None) -> Ranked:
    """The k titles that match best and that the rules allow; finished ones too: people look for what they know."""
    who, index = viewer or Viewer(), model.search_index
    standing = stand(model, who)
    plain = _plain(query[:LONGEST_QUERY])
    known = [index.trigrams[gram] for gram in _grams(query[:LONGEST_QUERY]) if gram in index.trigrams]
    asked = len(_grams(query[:LONGEST_QUERY]))
    if not plain or not known:
        return Ranked([])
    held = np.asarray(index.holds[known].sum(axis=0)).ravel() / asked
    matches = np.flatnonzero(held >= LEAST_MATCH)
    match, why = np.zeros(len(model), np.float32), dict[int, Why]()
    for entry in matches[np.argsort(held[matches], kind="stable")].tolist():
        name, kind = index.names[entry], index.kinds[entry]
        value = float(held[entry])
        value += EXACT_BONUS * (2 if name == plain else 1 if name.startswith(plain) else 0.5 if plain in name else 0)
        value += {"title": 0.1, "person": 0.05, "genre": 0.0}[kind]
        for position in index.owners[entry].tolist():
            if value > match[position]:
                match[position] = value
                why[position] = (f"Matches the {kind}", "search")
    found = np.flatnonzero((match > 0) & rules.allowed(model.rules, who.country, who.age_limit, now_ms))
    # within a match of the same quality, what the viewer would like best
    order = np.lexsort((-standing.score[found], -np.round(match[found], 1)))
    chosen = found[order][:k]
    return Ranked(make_tiles(model, who, standing, chosen, [why[position] for position in chosen.tolist()]))


def _plain(text: str) -> str:
    """Lower case, without accents or punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join(letters.split())


def _grams(text: str) -> set[str]:
    """Trigrams of each word with its edges marked; transposed inner letters keep their edges."""
    grams = set()
    for word in _plain(text).split():
        padded = f"  {word} "
        grams |= {padded[place : place + 3] for place in range(len(padded) - 2)}
    return grams

"""Search over the catalogue: by title, person and genre, forgiving of typing errors, ranked for the viewer.

Names become sets of trigrams. A query finds the names that hold most of its trigrams, so one wrong, missing or swapped
letter costs a few of them and not the match. What matches equally well is ordered by the viewer's own score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frontrow.recommend import rules
from frontrow.recommend.answer import Ranked
from frontrow.recommend.explain import Why, make_tiles
from frontrow.recommend.names import plain, trigrams_of
from frontrow.recommend.sources import sparse_sum
from frontrow.recommend.standing import stand
from frontrow.recommend.viewer import Viewer

if TYPE_CHECKING:
    from frontrow.recommend.model import Model

LEAST_MATCH = 0.34
"""Share of a query's trigrams that a name must hold: two letters swapped in a word of six leave three of seven."""
LEAST_OF_BEST = 0.6
"""And of what the best name holds: where something fits well, what hardly fits is noise."""
WEIGHED = 400
"""Most names looked at closely."""
KINDS = ("title", "person", "genre")
BONUS = {"title": 0.1, "person": 0.05, "genre": 0.0}
EXACT_BONUS = 0.5
LONGEST_QUERY = 200


def search(model: Model, query: str, k: int, *, now_ms: int, viewer: Viewer | None = None) -> Ranked:
    """The k titles that match best and that the rules allow; finished ones too: people look for what they know."""
    who, index = viewer or Viewer(), model.search_index
    standing = stand(model, who, now_ms)
    query = query[:LONGEST_QUERY]
    wanted, grams = plain(query), trigrams_of(query)
    known = [index.trigrams[gram] for gram in grams if gram in index.trigrams]
    if not known:
        return Ranked([])
    may = rules.allowed(model.rules, who.country, who.age_limit, now_ms)
    held = sparse_sum(index.holds, np.array(known), np.ones(len(known), np.float32)) / len(grams)
    held[: len(model)][~may] = 0  # names of titles come first, in the order of positions
    matches = np.flatnonzero(held >= max(LEAST_MATCH, LEAST_OF_BEST * float(held.max())))
    if len(matches) > WEIGHED:  # a query of common words: the closest, of those the best liked
        liked = np.zeros(len(held))
        liked[: len(model)] = model.crowd(who.country, kids=who.kids).base_score
        closest = np.lexsort((-liked[matches], -held[matches]))
        matches = matches[closest[:WEIGHED]]
    match, kind_of = np.zeros(len(model), np.float32), np.zeros(len(model), np.int8)
    for entry in matches[np.argsort(held[matches], kind="stable")].tolist():
        name, kind = index.names[entry], index.kinds[entry]
        value = float(held[entry]) + BONUS[kind]
        value += EXACT_BONUS * (2 if name == wanted else 1 if name.startswith(wanted) else 0.5 if wanted in name else 0)
        owners = index.owners[entry]
        better = owners[value > match[owners]]
        match[better], kind_of[better] = value, KINDS.index(kind)
    found = np.flatnonzero((match > 0) & may)
    # within a match of the same quality, what the viewer would like best
    order = np.lexsort((-standing.score[found], -np.round(match[found], 1)))
    chosen = found[order][:k]
    why: list[Why] = [(f"Matches the {KINDS[kind]}", "search") for kind in kind_of[chosen].tolist()]
    return Ranked(make_tiles(model, who, standing, chosen, why))

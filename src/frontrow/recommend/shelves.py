"""Row templates: what each row would hold, before it is known which rows a page gets.

A shelf is an ordered list of positions (best first) with a heading and a reason. Its tiles are the first free ones of
that order, so filling a row is a look-up, and a page can weigh dozens of shelves within a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.crowd import crowd_name, crowds_of
from frontrow.recommend.standing import Standing

if TYPE_CHECKING:
    from frontrow.recommend.model import Model
    from frontrow.recommend.viewer import Viewer

DAY_MS = 86_400_000
LEAVING_DAYS = 14
NEW_TITLES = 200
"""Newest titles that the row New chooses from."""
FEWEST = 8
"""Pool titles that a genre, a pair of genres or a person needs for a row of its own."""


@dataclass(frozen=True)
class Shelf:
    """`order`: positions, best first; `why`: (text, source) of its tiles, None for the exact reason of the score."""

    key: str
    kind: str
    heading: str
    order: NDArray[np.integer]
    why: tuple[str, str] | None = None


def of_history(viewer: Viewer, model: Model) -> Iterator[Shelf]:
    """Continue watching, My List and Watch again: what the viewer has put there."""
    watched, index = viewer.watched, model.index
    begun, listed, finished = [], [], []
    for title in reversed(watched):
        what = watched[title]
        if what.dismissed or title not in index:
            continue
        if what.unfinished:
            begun.append(index[title])
        elif what.listed:
            listed.append(index[title])
        elif (what.furthest or 0) >= 0.9 or (what.stars or 0) >= 4:
            finished.append(index[title])
    yield Shelf("continue", "continue", "Continue watching", np.array(begun, np.intp), ("You began this", "history"))
    yield Shelf("list", "list", "My List", np.array(listed, np.intp), ("On your list", "list"))
    again = np.array(finished[5:], np.intp)  # not what they have only just seen
    yield Shelf("again", "again", "Watch again", again, ("You liked this", "history"))


def of_taste(
    model: Model, standing: Standing, pool: NDArray[np.intp], because_rows: int, pairs: int, people: int
) -> Iterator[Shelf]:
    """Shelves cut out of `pool`, the viewer's best allowed titles in order."""
    personal = bool(len(standing.history))
    if personal:
        yield Shelf("top", "top", "Top picks for you", pool)
        anchors = (at for at, what in zip(standing.history.tolist(), standing.doings, strict=True) if what.anchors)
        for anchor in islice(anchors, because_rows):
            name = model.names[anchor]
            key = f"because:{model.ids[anchor]}"
            yield Shelf(
                key, "because", f"Because you watched {name}", model.neighbours(anchor), (f"Like {name}", "similar")
            )
        gems = pool[model.obscure[pool]]
        yield Shelf("gems", "gems", "Hidden gems", gems)
    else:
        yield Shelf("top", "popular", "Popular now", pool)
    members = np.ascontiguousarray(model.genre_table[pool].T)
    counts = members.sum(axis=1).tolist()
    in_genre = pool[np.flatnonzero(members) % max(len(pool), 1)]
    by_genre = np.split(in_genre, np.cumsum(counts)[:-1]) if counts else []
    for name, count, of_all, order in zip(model.genre_names, counts, model.genre_sizes, by_genre, strict=True):
        if count >= FEWEST or count == of_all:
            yield Shelf(f"genre:{name}", "genre", name, order)
    if personal and pairs:
        yield from _pairs(model, standing, pool, members, pairs)
    if personal and people:
        yield from _people(model, standing, people)


def of_catalogue(
    model: Model, may: NDArray[np.bool_], score: NDArray[np.float32], viewer: Viewer, now_ms: int
) -> Iterator[Shelf]:
    """Trending (in the viewer's crowd, if one is known), New and Leaving soon."""
    crowd = next((name for name in crowds_of(viewer.country, kids=viewer.kids) if name in model.trends_here), "")
    country, with_kids, _ = crowd.partition(crowd_name("", kids=True))
    where = (" with kids" if with_kids else "") + (f" in {country}" if country else "")
    order = model.trends_here.get(crowd, model.by_trend)
    why = (f"Watched more than usual{where}", "trend")
    yield Shelf("trending", "trending", f"Trending{where or ' now'}", order, why)
    newest = model.by_newness[may[model.by_newness]][:NEW_TITLES]
    newest = newest[: max(20, len(newest) // 2)]
    yield Shelf("new", "new", "New", newest[np.argsort(-score[newest], kind="stable")], ("New here", "new"))
    until = model.rules.until_ms
    if model.some_leave:
        leaving = np.flatnonzero(may & (until < now_ms + LEAVING_DAYS * DAY_MS))
        order = leaving[np.argsort(-score[leaving], kind="stable")]
        yield Shelf("leaving", "leaving", "Leaving soon", order, ("Leaves within two weeks", "window"))


def _pairs(
    model: Model, standing: Standing, pool: NDArray[np.intp], members: NDArray[np.bool_], most: int
) -> Iterator[Shelf]:
    """Two genres at once: the pairs that the viewer's history holds most of."""
    held = model.genre_table[standing.history[standing.liked]].astype(np.float32)
    together = held.T @ held
    np.fill_diagonal(together, 0)
    for flat in np.argsort(-together, axis=None, kind="stable")[: 2 * most].tolist():  # each pair is there twice
        one, other = divmod(flat, len(together))
        if one > other:
            continue
        order = pool[members[one] & members[other]]
        if together[one, other] >= 2 and len(order) >= FEWEST:
            names = f"{model.genre_names[one]} & {model.genre_names[other]}"
            yield Shelf(f"pair:{names}", "pair", names, order)


def _people(model: Model, standing: Standing, most: int) -> Iterator[Shelf]:
    """More from those whom the viewer has watched twice or more."""
    if not model.people:
        return
    seen: dict[str, int] = {}
    for position in standing.history[standing.liked][:50].tolist():
        for name in model.people_of[position]:
            if name not in model.people:
                continue
            seen[name] = seen.get(name, 0) + 1
    for name in sorted((n for n in seen if seen[n] >= 2), key=lambda n: (-seen[n], n))[:most]:
        works = model.people[name]
        order = works[np.argsort(-standing.score[works], kind="stable")]
        yield Shelf(f"person:{name}", "person", f"More from {name}", order, (f"With {name}", "person"))

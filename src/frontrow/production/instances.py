"""Pure-order problems: which scene after which, with wages for every day between a performer's first and last.

Two text forms are read. *Talent scheduling* (Cheng et al. 1993): a name, the numbers of scenes and of actors, a 0/1 row
and a wage for each actor, then the durations. *Movie shoot*: the numbers of actors, scenes, locations and precedences,
wages, location costs, durations, the location of each scene, a 0/1 row for each actor, then the precedences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np

from frontrow.errors import InputError

MOST_SCENES = 2_000
MOST_ACTORS = 500


@dataclass(frozen=True)
class OrderInstance:
    """Scenes to be put in one order.

    `works` is bool (actors, scenes); `wages` and `durations` are non-negative integers. A visit to `locations[s]` costs
    `location_costs[...]` from the second visit on; without locations every scene is at the same place. `before` holds
    pairs (earlier, later).
    """

    name: str
    works: np.ndarray
    wages: np.ndarray
    durations: np.ndarray
    locations: np.ndarray
    location_costs: np.ndarray
    before: tuple[tuple[int, int], ...] = ()
    extra_only: bool = False  # movie-shoot instances count what exceeds the unavoidable wages

    @property
    def scenes(self) -> int:
        """Number of scenes."""
        return int(self.durations.size)

    @cached_property
    def unavoidable(self) -> int:
        """Wages of the days on which each actor plays: no order changes them."""
        return int((self.works * self.durations).sum(axis=1) @ self.wages)

    def holding(self, order: Sequence[int]) -> int:
        """Wages paid for waiting between each actor's first and last scene."""
        durations = self.durations[list(order)]
        works = self.works[:, list(order)]
        begun = np.logical_or.accumulate(works, axis=1)
        wanted = np.logical_or.accumulate(works[:, ::-1], axis=1)[:, ::-1]
        return int(((begun & wanted & ~works) @ durations) @ self.wages)

    def moving(self, order: Sequence[int]) -> int:
        """Cost of every visit to a location after the first."""
        places = self.locations[list(order)]
        starts = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
        visits = np.bincount(places[starts], minlength=self.location_costs.size)
        return int(np.maximum(visits - 1, 0) @ self.location_costs)

    def extra_cost(self, order: Sequence[int]) -> int:
        """What an order decides: holding and moving."""
        return self.holding(order) + self.moving(order)

    def cost(self, order: Sequence[int]) -> int:
        """The cost as the instance's family counts it: with all wages (talent), or the extra alone (movie shoot)."""
        return self.extra_cost(order) + (0 if self.extra_only else self.unavoidable)

    def allows(self, order: Sequence[int]) -> bool:
        """Whether `order` holds every scene once and keeps every precedence."""
        if sorted(order) != list(range(self.scenes)):
            return False
        at = {scene: position for position, scene in enumerate(order)}
        return all(at[a] < at[b] for a, b in self.before)


def read_instance(text: str) -> OrderInstance:
    """The instance in `text`, whichever of the two forms it has.

    Raises InputError naming the line, the value and what was expected.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputError("the instance is empty; give a talent-scheduling .dat or a movie-shoot .txt")
    tokens = [(number, word) for number, words in lines for word in words]
    all_numbers = all(_is_number(word) for _, word in tokens)
    if all_numbers and _fits_shoot([int(word) for _, word in tokens[:4]], tokens):
        return _read_shoot(tokens)
    name = lines[0][1]
    return _read_talent(" ".join(name), tokens[len(name) :])


def _is_number(word: str) -> bool:
    """Whether a word is a whole number of at most nine digits: sums then stay exact."""
    return word.removeprefix("-").isdecimal() and word.isascii() and len(word) <= 10


def _fits_shoot(head: list[int], tokens: list[tuple[int, str]]) -> bool:
    if len(head) < 4 or min(head) < 0:
        return False
    actors, scenes, locations, precedences = head
    return len(tokens) == 4 + actors + locations + 2 * scenes + actors * scenes + 2 * precedences


class _Reader:
    """Takes whole numbers off a list of tokens, and says which line is wrong."""

    def __init__(self, tokens: list[tuple[int, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def take(self, count: int, what: str, most: int | None = None) -> np.ndarray:
        chunk = self.tokens[self.at : self.at + count]
        if len(chunk) < count:
            line = self.tokens[-1][0] if self.tokens else 1
            raise InputError(
                f"line {line}: the instance ends before {what}: {count} numbers wanted, {len(chunk)} found"
            )
        self.at += count
        values = []
        for line, word in chunk:
            if not _is_number(word):
                raise InputError(f"line {line}: {what} is {word[:40]!r}; give a whole number")
            value = int(word)
            if value < 0 or (most is not None and value > most):
                raise InputError(f"line {line}: {what} is {value}; give a number from 0 to {most or 'any'}")
            values.append(value)
        return np.array(values, dtype=np.int64)


def _read_talent(name: str, tokens: list[tuple[int, str]]) -> OrderInstance:
    reader = _Reader(tokens)
    scenes = int(reader.take(1, "the number of scenes", MOST_SCENES)[0])
    actors = int(reader.take(1, "the number of actors", MOST_ACTORS)[0])
    _some(scenes)
    rows = []
    wages = []
    for actor in range(actors):
        rows.append(reader.take(scenes, f"the scenes of actor {actor}", 1))
        wages.append(int(reader.take(1, f"the wage of actor {actor}")[0]))
    durations = reader.take(scenes, "the durations")
    _finish(reader)
    return OrderInstance(
        name=name,
        works=np.array(rows, dtype=bool).reshape(actors, scenes),
        wages=np.array(wages, dtype=np.int64),
        durations=durations,
        locations=np.zeros(scenes, dtype=np.int64),
        location_costs=np.zeros(1, dtype=np.int64),
    )


def _read_shoot(tokens: list[tuple[int, str]]) -> OrderInstance:
    reader = _Reader(tokens)
    actors, scenes, places, pairs = (int(x) for x in reader.take(4, "the numbers of the head", MOST_SCENES**2))
    _some(scenes)
    wages = reader.take(actors, "a wage")
    location_costs = reader.take(places, "a location cost")
    durations = reader.take(scenes, "a duration")
    locations = reader.take(scenes, "a location", places - 1)
    works = reader.take(actors * scenes, "the cast table", 1).astype(bool).reshape(actors, scenes)
    before = reader.take(2 * pairs, "a precedence", scenes - 1).reshape(pairs, 2)
    _finish(reader)
    graph: dict[int, set[int]] = {}
    for earlier, later in before.tolist():
        graph.setdefault(later, set()).add(earlier)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = " before ".join(str(scene) for scene in error.args[1])
        raise InputError(f"the precedences go in a circle: {cycle}; take one of them out") from None
    return OrderInstance(
        name="movie shoot",
        works=works,
        wages=wages,
        durations=durations,
        locations=locations,
        location_costs=location_costs,
        before=tuple((int(a), int(b)) for a, b in before),
        extra_only=True,
    )


def _some(scenes: int) -> None:
    if scenes == 0:
        raise InputError("the instance has no scenes; give at least one")


def _finish(reader: _Reader) -> None:
    if reader.at < len(reader.tokens):
        line, word = reader.tokens[reader.at]
        raise InputError(f"line {line}: {word!r} comes after the last number wanted; check the numbers at the head")

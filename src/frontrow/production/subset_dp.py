"""Proven best orders by dynamic programming over sets of scenes, one vectorised layer per set size.

What it costs to have shot a set of scenes does not depend on their order, so one best cost per (set, last location) is
enough (Garcia de la Banda, Stuckey and Chu 2011). Three things keep the sets few:

- scenes with the same cast are merged, and performers who can never wait are left out (`merge`);
- a set whose cost plus a lower bound on the rest reaches a known plan's cost is dropped; the bound charges each pair of
  performers on location the cheaper of "the one waits for the other" and the reverse (`waiting_bound`);
- without locations and precedences an order costs the same backwards, so a suffix is priced by the prefix table and
  only sets of at most half the scenes are built (the two ends of Qin et al. 2016, met in the middle).

A beam (the same layers, cut to a width) finds the plan whose cost the exact pass has to beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frontrow.production.instances import OrderInstance

_CHUNK = 1 << 15  # states expanded at a time: keeps the matrices in cache and memory under a few hundred MB
_FRESH = 1 << 22  # successors gathered before doubles are dropped
_COST_BITS = np.uint64(32)


@dataclass(frozen=True)
class Merged:
    """An instance after merging; `groups[g]` are the original scenes behind merged scene g, in shooting order."""

    works: np.ndarray  # bool (actors, scenes)
    wages: np.ndarray
    durations: np.ndarray
    locations: np.ndarray
    location_costs: np.ndarray
    before: tuple[tuple[int, int], ...]
    groups: tuple[tuple[int, ...], ...]

    @property
    def scenes(self) -> int:
        """Number of merged scenes."""
        return len(self.groups)

    @property
    def symmetric(self) -> bool:
        """Whether every order costs the same backwards and is allowed backwards."""
        return not self.before and len(set(self.locations.tolist())) <= 1

    def unfold(self, order: list[int]) -> list[int]:
        """The original scenes in the order of the merged ones."""
        return [scene for group in order for scene in self.groups[group]]


@dataclass(frozen=True)
class Proof:
    """The outcome of the exact pass: `order` of original scenes, its extra cost, and a bound no order goes below."""

    order: tuple[int, ...]
    extra: int
    bound: int
    states: int

    @property
    def proven(self) -> bool:
        """Whether no order is cheaper."""
        return self.bound >= self.extra


def merge(instance: OrderInstance) -> Merged:
    """Join scenes that some best order shoots together, and leave out performers who can never wait.

    Scenes with the same cast and location and without precedences can always be moved next to one of them; a performer
    who then has one scene left (or all of them) never waits, which may make more casts the same.
    """
    tied = {scene for pair in instance.before for scene in pair}
    groups = [[scene] for scene in range(instance.scenes)]
    actors = np.arange(instance.works.shape[0])
    while True:
        heads = [group[0] for group in groups]
        counts = instance.works[np.ix_(actors, np.array(heads, dtype=np.int64))].sum(axis=1)
        waiting = actors[(counts > 1) & (counts < len(heads)) & (instance.wages[actors] > 0)]
        by_cast: dict[tuple[object, ...], list[int]] = {}
        for group in groups:
            head = group[0]
            alone = head if head in tied else -1
            key = (alone, int(instance.locations[head]), instance.works[waiting, head].tobytes())
            by_cast.setdefault(key, []).extend(group)
        if len(by_cast) == len(groups) and waiting.size == actors.size:
            break
        groups, actors = list(by_cast.values()), waiting
    heads = [group[0] for group in groups]
    index = {head: position for position, head in enumerate(heads)}
    return Merged(
        works=instance.works[np.ix_(actors, np.array(heads, dtype=np.int64))],
        wages=instance.wages[actors],
        durations=np.array([instance.durations[group].sum() for group in groups], dtype=np.int64),
        locations=instance.locations[heads],
        location_costs=instance.location_costs,
        before=tuple((index[a], index[b]) for a, b in instance.before),
        groups=tuple(tuple(group) for group in groups),
    )


class Layers:
    """Expands all sets of one size at a time. A state is a set of scenes (bits) with the last location above them."""

    def __init__(self, merged: Merged) -> None:
        n = merged.scenes
        self.n = n
        self.merged = merged
        self.bits = np.uint64(1) << np.arange(n, dtype=np.uint64)
        works = merged.works
        self.scene_masks = (works * self.bits).sum(axis=1, dtype=np.uint64)  # of each actor
        self.predecessors = np.zeros(n, dtype=np.uint64)
        for a, b in merged.before:
            self.predecessors[b] |= self.bits[a]
        # (actors, scenes): what a waiting actor costs while a scene without him is shot
        self.waits = (merged.wages[:, None] * ~works * merged.durations).astype(np.float64)
        first, second = np.triu_indices(works.shape[0], 1)
        self.pairs = (first, second)
        scaled = merged.durations[:, None] * merged.wages
        self.pair_waits = tuple(
            (scaled[:, a] * (works[b] & ~works[a]).T).astype(np.float32) if a.size else np.zeros((n, 0), np.float32)
            for a, b in (self.pairs, self.pairs[::-1])
        )
        self.at_place = merged.locations[:, None] == np.arange(merged.location_costs.size)
        self.place_costs = merged.location_costs.astype(np.float64)

    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """The empty set, at no location."""
        return np.array([np.uint64(self.merged.location_costs.size) << np.uint64(self.n)]), np.zeros(1, np.int64)

    def expand(self, states: np.ndarray, costs: np.ndarray, upper: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every set one scene larger with its best cost and a bound on what is left; only what stays under `upper`."""
        kept, fresh, waiting = np.zeros(0, np.uint64), [], 0
        for i in range(0, states.size, _CHUNK):
            fresh.append(self._successors(states[i : i + _CHUNK], costs[i : i + _CHUNK], upper))
            waiting += fresh[-1].size
            if waiting > max(_FRESH, kept.size):  # doubles are dropped as they come, so that memory follows the sets
                kept, fresh, waiting = _cheapest([kept, *fresh]), [], 0
        kept = _cheapest([kept, *fresh])
        states = kept >> _COST_BITS
        costs = (kept & np.uint64(0xFFFFFFFF)).astype(np.int64)
        bounds = np.concatenate(
            [self.bound(states[i : i + _CHUNK]) for i in range(0, states.size, _CHUNK)] or [np.zeros(0, np.int64)]
        )
        keep = costs + bounds < upper
        return states[keep], costs[keep], bounds[keep]

    def _on_location(self, states: np.ndarray) -> np.ndarray:
        """Bool (states, actors): begun and not finished."""
        shot = states[:, None] & self.scene_masks
        open_: np.ndarray = (shot != 0) & (shot != self.scene_masks)
        return open_

    def _successors(self, states: np.ndarray, costs: np.ndarray, upper: int) -> np.ndarray:
        open_ = self._on_location(states)
        possible = (states[:, None] & self.bits) == 0
        if self.merged.before:
            possible &= (states[:, None] & self.predecessors) == self.predecessors
        new_costs = costs[:, None] + np.rint(open_ @ self.waits).astype(np.int64)
        new_states = states[:, None] | self.bits
        if self.place_costs.size > 1:
            place = (states >> np.uint64(self.n)).astype(np.int64)
            moved = place[:, None] != self.merged.locations
            new_costs += moved * self.merged.location_costs[self.merged.locations]
            low = np.uint64((1 << self.n) - 1)
            new_states = (new_states & low) | (self.merged.locations.astype(np.uint64) << np.uint64(self.n))
        possible &= new_costs < upper
        packed: np.ndarray = (new_states[possible] << _COST_BITS) | new_costs[possible].astype(np.uint64)
        return packed

    def bound(self, states: np.ndarray) -> np.ndarray:
        """A cost no completion goes below: waiting of pairs, and one visit to each location still wanted."""
        left = (states[:, None] & self.bits) == 0
        total = self.waiting_bound(self._on_location(states), left)
        if self.place_costs.size > 1:
            here = (states >> np.uint64(self.n)).astype(np.int64)
            wanted = (left.astype(np.float32) @ self.at_place.astype(np.float32)) > 0
            wanted &= here[:, None] != np.arange(self.place_costs.size)
            total = total + wanted @ self.place_costs
        floor: np.ndarray = np.floor(total + 1e-3).astype(np.int64)
        return floor

    def waiting_bound(self, open_: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Of two performers on location one leaves last and waits through the other's scenes.

        The wage of a performer waiting in a scene is shared out among the scene's performers on location, so that the
        pairs' minima may be added up (after Garcia de la Banda et al. 2011, section 4).
        """
        sharing = open_.astype(np.float32) @ self.merged.works.astype(np.float32)
        shares = left / np.maximum(sharing, 1)
        first, second = self.pairs
        one, other = (shares @ waits for waits in self.pair_waits)
        cheaper = np.minimum(one, other) * (open_[:, first] & open_[:, second])
        return np.asarray(cheaper.sum(axis=1, dtype=np.float64) * (1 - 1e-6))  # rounding must not lift the bound


def _cheapest(packed: list[np.ndarray]) -> np.ndarray:
    """Of states packed above their costs, each state once with its least cost, sorted."""
    everything = np.concatenate(packed)
    everything.sort()
    keys = everything >> _COST_BITS
    first = np.ones(keys.size, dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    kept: np.ndarray = everything[first]
    return kept


def beam(merged: Merged, width: int) -> tuple[int, list[int]]:
    """A good order of the merged scenes: the layers, each cut to the `width` most promising sets."""
    layers = Layers(merged)
    states, costs = layers.start()
    table = [(states, costs)]
    for _ in range(layers.n):
        states, costs, bounds = layers.expand(states, costs, 1 << 31)
        if states.size > width:
            keep = np.sort(np.argpartition(costs + bounds, width)[:width])
            states, costs = states[keep], costs[keep]
        table.append((states, costs))
    return _trace(layers, table, int(np.argmin(costs)))


def _trace(layers: Layers, table: list[tuple[np.ndarray, np.ndarray]], index: int) -> tuple[int, list[int]]:
    """Walk back from a state of the last layer: the cost, and the scenes in order."""
    states, costs = table[-1]
    state, cost = int(states[index]), int(costs[index])
    total, order = cost, []
    n, low = layers.n, (1 << layers.n) - 1
    locations = layers.merged.locations
    for states, costs in reversed(table[:-1]):
        last = state >> n
        for scene in range(n):
            if not state >> scene & 1 or (layers.place_costs.size > 1 and locations[scene] != last):
                continue
            rest = (state & low) & ~(1 << scene)
            found = _parent(layers, states, costs, rest, scene, state, cost)
            if found is not None:
                order.append(scene)
                state, cost = found
                break
        else:
            raise AssertionError("a state without a parent")
    return total, order[::-1]


def _parent(
    layers: Layers, states: np.ndarray, costs: np.ndarray, rest: int, scene: int, state: int, cost: int
) -> tuple[int, int] | None:
    places = range(layers.place_costs.size + 1) if layers.place_costs.size > 1 else (layers.merged.location_costs.size,)
    for place in places:
        key = np.uint64(rest | place << layers.n)
        at = int(np.searchsorted(states, key))
        if at == states.size or states[at] != key:
            continue
        packed = layers._successors(states[at : at + 1], costs[at : at + 1], 1 << 31)
        if (np.uint64(state) << _COST_BITS | np.uint64(cost)) in packed:
            return int(key), int(costs[at])
    return None


def prove(
    instance: OrderInstance,
    *,
    width: int = 400,
    most_states: int = 10_000_000,
) -> Proof:
    """The best order with its proof, or the best known with a bound when a layer exceeds `most_states`.

    Memory is 16 bytes for each state kept and some 100 for each state of the widest layer.
    """
    merged = merge(instance)
    if merged.scenes == 0:
        return Proof(tuple(range(instance.scenes)), 0, 0, 0)
    offset = int(merged.location_costs[np.unique(merged.locations)].sum()) if merged.location_costs.size > 1 else 0
    cost, order = beam(merged, width)
    layers = Layers(merged)
    n = layers.n
    last = (n + 1) // 2 if merged.symmetric else n
    table = [layers.start()]
    states_seen = 1
    for _size in range(1, last + 1):
        states, costs = table[-1]
        if states.size > most_states:
            lowest = min(
                int((costs[i : i + _CHUNK] + layers.bound(states[i : i + _CHUNK])).min())
                for i in range(0, states.size, _CHUNK)
            )
            return Proof(tuple(merged.unfold(order)), cost - offset, min(cost, lowest) - offset, states_seen)
        states, costs, _ = layers.expand(states, costs, cost)
        states_seen += states.size
        table.append((states, costs))
        if not states.size:
            break
    if merged.symmetric:
        better = _meet(layers, table, cost)
    else:
        better = _trace(layers, table, int(np.argmin(table[-1][1]))) if table[-1][0].size else None
    if better is not None:
        cost, order = better
    return Proof(tuple(merged.unfold(order)), cost - offset, cost - offset, states_seen)


def _meet(layers: Layers, table: list[tuple[np.ndarray, np.ndarray]], upper: int) -> tuple[int, list[int]] | None:
    """The cheapest prefix with the reversed prefix of its complement, when together they stay under `upper`."""
    n = layers.n
    if len(table) <= (n + 1) // 2:
        return None
    (front, front_costs), (back, back_costs) = table[n // 2], table[n - n // 2]
    if not front.size or not back.size:
        return None
    wanted = front ^ np.uint64((1 << n) - 1)
    at = np.minimum(np.searchsorted(back, wanted), back.size - 1)
    totals = np.where(back[at] == wanted, front_costs + back_costs[at], upper)
    best = int(np.argmin(totals))
    if totals[best] >= upper:
        return None
    _, prefix = _trace(layers, table[: n // 2 + 1], best)
    _, suffix = _trace(layers, table[: n - n // 2 + 1], int(at[best]))
    return int(totals[best]), prefix + suffix[::-1]

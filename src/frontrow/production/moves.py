"""Annealing on a board, compiled: scenes, swaps, chains, groups of a site, whole dates, and sites of sets are moved."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from frontrow.production.board import BROKEN, CHANGED, DATE, NEW_UNIT_COST, TOTAL, UNIT_COST, Board, relocate, resite
from frontrow.production.evaluation import evaluate, keep, take_back
from frontrow.production.tables import Tables

_STEP, _MIX1, _MIX2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@njit(cache=True, nogil=True)
def draw(random: np.ndarray) -> float:
    """The next number in [0, 1) of a stream (SplitMix64; Steele, Lea and Flood 2014)."""
    random[0] += _STEP
    z = random[0]
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return float((z ^ (z >> _S31)) >> _S11) * 2.0**-53


@njit(cache=True, nogil=True)
def below(random: np.ndarray, n: int) -> int:
    """A whole number from 0 to n - 1."""
    return int(draw(random) * n)


@njit(cache=True, nogil=True)
def anneal(
    t: Tables,
    b: Board,
    moves: int,
    temperature: float,
    best: np.ndarray,
    best_date: np.ndarray,
    best_option: np.ndarray,
) -> None:
    """`moves` proposals at one temperature; `best` (1,), `best_date`, `best_option` keep the cheapest plan met."""
    for _ in range(moves):
        propose(t, b)
        if b.now[CHANGED] == 0:
            keep(b)
            continue
        total = evaluate(t, b)
        if total == BROKEN:
            take_back(t, b, False)
            continue
        loss = total - b.now[TOTAL]
        if loss > 0 and draw(b.random) >= math.exp(-loss / temperature):
            take_back(t, b, True)
            continue
        b.now[TOTAL] = total
        b.now[UNIT_COST] = b.now[NEW_UNIT_COST]
        keep(b)
        if total < best[0]:
            best[0] = total
            best_date[:] = b.units[:, DATE]
            best_option[:] = b.option


@njit(cache=True, nogil=True)
def propose(t: Tables, b: Board) -> None:
    """Make one random change."""
    days, kind = len(t.ordinal), draw(b.random)
    if len(t.choices) and kind < 0.01:
        _other_site(t, b)
    elif kind < 0.03:
        _shift_dates(t, b)
    elif kind < 0.05:
        x, y = below(b.random, days), below(b.random, days)
        _exchange(b, x, y)
    else:
        u = below(b.random, len(b.units))
        if b.contents[days, 0] and draw(b.random) < 0.3:
            u = _any_of(b, days)
        _move_unit(t, b, u, kind)


@njit(cache=True, nogil=True)
def _any_of(b: Board, d: int) -> int:
    """A unit of a date that has some."""
    return int(b.contents[d, 1 + below(b.random, b.contents[d, 0])])


@njit(cache=True, nogil=True)
def _site_of(t: Tables, b: Board, u: int) -> int:
    return int(t.site[b.option[t.lists[t.units[u].scenes_from]]])


@njit(cache=True, nogil=True)
def _move_unit(t: Tables, b: Board, u: int, kind: float) -> None:
    x = b.units[u, DATE]
    y = likely_date(t, b, u)
    if x == y:
        return
    if kind < 0.5:
        relocate(b, u, y)
    elif kind < 0.58:  # a group of one site moves together
        site = _site_of(t, b, u)
        for i in range(b.contents[x, 0], 0, -1):
            v = b.contents[x, i]
            if _site_of(t, b, v) == site:
                relocate(b, v, y)
    elif b.contents[y, 0]:
        v = _any_of(b, y)
        if kind < 0.9:
            relocate(b, u, y)
            relocate(b, v, x)
        else:  # a chain: what had to go from the second date finds a third
            z = likely_date(t, b, v)
            relocate(b, u, y)
            relocate(b, v, z)
            if z != x and b.contents[z, 0] > 1 and draw(b.random) < 0.5:
                w = _any_of(b, z)
                if w != v:
                    relocate(b, w, x if draw(b.random) < 0.5 else likely_date(t, b, w))


@njit(cache=True, nogil=True)
def likely_date(t: Tables, b: Board, u: int) -> int:
    """A date at random, more often on or next to one of a scene of the same set or with a performer in common."""
    days, unit = len(t.ordinal), t.units[u]
    scene = t.scenes[t.lists[unit.scenes_from + below(b.random, unit.scenes_to - unit.scenes_from)]]
    chance = draw(b.random)
    v = u
    if chance < 0.35:
        v = t.lists[scene.set_from + below(b.random, scene.set_to - scene.set_from)]
    elif chance < 0.7 and scene.cast_to > scene.cast_from:
        who = t.people[t.lists[scene.cast_from + below(b.random, scene.cast_to - scene.cast_from)]]
        v = t.lists[who.units_from + below(b.random, who.units_to - who.units_from)]
    if v == u or b.units[v, DATE] == days:
        return below(b.random, days)
    near = below(b.random, 5)
    d = b.units[v, DATE] + (-1 if near == 0 else 1 if near == 1 else 0)
    return int(min(max(d, 0), days - 1))


@njit(cache=True, nogil=True)
def _exchange(b: Board, x: int, y: int) -> None:
    """Two dates swap their contents."""
    if x == y:
        return
    mine = b.contents[x, 0]
    for _ in range(b.contents[y, 0]):
        relocate(b, b.contents[y, 1], x)
    for i in range(mine, 0, -1):
        relocate(b, b.contents[x, i], y)


@njit(cache=True, nogil=True)
def _shift_dates(t: Tables, b: Board) -> None:
    """Take a block of dates out and put it in elsewhere; those in between move up."""
    days = len(t.ordinal)
    length = 1 + max(0, below(b.random, 5) - 2)
    if length >= days:
        return
    low = below(b.random, days - length + 1)
    step = 1 + below(b.random, 8)
    to = min(max(low + (step if draw(b.random) < 0.5 else -step), 0), days - length)
    if to == low:
        return
    first, last = min(low, to), max(low, to) + length
    units = np.empty(len(b.units), np.int64)
    count = 0
    for d in range(first, last):
        for i in range(1, b.contents[d, 0] + 1):
            units[count] = b.contents[d, i]
            count += 1
    for i in range(count):
        d = b.units[units[i], DATE]
        inside = low <= d < low + length
        relocate(b, units[i], d + (to - low if inside else -length if to > low else length))


@njit(cache=True, nogil=True)
def _other_site(t: Tables, b: Board) -> None:
    """Let another site play a set: contents stay, prices and rules of those dates change."""
    choice = t.choices[below(b.random, len(t.choices))]
    site = t.lists[choice.sites_from + below(b.random, choice.sites_to - choice.sites_from)]
    for i in range(choice.scenes_from, choice.scenes_to):
        s = t.lists[i]
        for option in range(t.scenes[s].option_from, t.scenes[s].option_to):
            if t.site[option] == site and b.option[s] != option:
                resite(t, b, s, option)

"""A plan on a board of dates, as arrays for compiled code, and the changes to it that can be taken back.

A *unit* is a group of scenes that must share a date. The last "date" of the board holds what is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from frontrow.production.tables import Tables

BROKEN = -1
# Columns of `dates`: what a date with its contents is, by itself; then come its sites, then its cast.
COST, CALL, WRAP, CITY, SITES, CAST, FIRST_SITE = range(7)
# Places in `now`.
TOTAL, UNIT_COST, NEW_UNIT_COST, MOVED, CHANGED, RESITED, PATH_CHANGED, REPAID = range(8)
# Columns of `units` and of `people`.
DATE, COLUMN = range(2)
PAY, FIRST, LAST, COUNT, AFFECTED, WORKED = range(6)


class Board(NamedTuple):
    """A plan and the room to try changes in. Dates without scenes have city -1."""

    option: np.ndarray  # (scenes,) the option (site) each scene takes
    units: np.ndarray  # (units, 2) date, column in `contents`
    contents: np.ndarray  # (days + 1, 1 + units) their number, then units
    dates: np.ndarray  # (2 * (days + 1), ...): the second half holds what changed dates were, or may become
    works: np.ndarray  # (people, days)
    path: np.ndarray  # (1 + cities, days) the unit's city; then nights before a date spent elsewhere than in each city
    people: np.ndarray  # (people, 6) cost, first and last date, number of dates; room: affected, minutes of one date
    now: np.ndarray  # numbers, by the names above
    moved: np.ndarray  # (2 * units, 2) unit, date before
    resited: np.ndarray  # (scenes, 2) scene, option before
    repaid: np.ndarray  # (people, 5) performer; cost, first, last, number before
    changed: np.ndarray  # (days + 1, 2) dates touched; place of each date among them, or -1
    random: np.ndarray  # (1,) uint64, the state of the stream of random numbers


@njit(cache=True, nogil=True)
def cast(t: Tables, b: Board, row: int, i: int) -> int:
    """The i-th performer of a row of `dates`."""
    return int(b.dates[row, FIRST_SITE + t.numbers[0].most_sites + i])


@njit(cache=True, nogil=True)
def relocate(b: Board, u: int, d: int) -> None:
    """Move a unit to a date; remembered until it is kept or taken back."""
    before = b.units[u, DATE]
    if before == d:
        return
    number = b.now[MOVED]
    b.moved[number, 0], b.moved[number, 1] = u, before
    b.now[MOVED] = number + 1
    put(b, u, d)
    touch(b, before)
    touch(b, d)


@njit(cache=True, nogil=True)
def resite(t: Tables, b: Board, s: int, option: int) -> None:
    """Let a scene take another option (site); remembered until it is kept or taken back."""
    number = b.now[RESITED]
    b.resited[number, 0], b.resited[number, 1] = s, b.option[s]
    b.now[RESITED] = number + 1
    b.option[s] = option
    touch(b, b.units[t.scenes[s].unit, DATE])


@njit(cache=True, nogil=True)
def touch(b: Board, d: int) -> None:
    """Note that a date has to be priced again."""
    if b.changed[d, 1] < 0:
        b.changed[d, 1] = b.now[CHANGED]
        b.changed[b.now[CHANGED], 0] = d
        b.now[CHANGED] += 1


@njit(cache=True, nogil=True)
def put(b: Board, u: int, d: int) -> None:
    """Move a unit to a date without a trace."""
    before, column = b.units[u, DATE], b.units[u, COLUMN]
    last = b.contents[before, b.contents[before, 0]]
    b.contents[before, column] = last
    b.units[last, COLUMN] = column
    b.contents[before, 0] -= 1
    b.contents[d, 0] += 1
    b.contents[d, b.contents[d, 0]] = u
    b.units[u, DATE], b.units[u, COLUMN] = d, b.contents[d, 0]

"""The price of a change to a plan, in microseconds: only the dates and performers that it touches are priced anew."""

from __future__ import annotations

import numpy as np
from numba import njit

from frontrow.production.board import (
    AFFECTED,
    BROKEN,
    CAST,
    CHANGED,
    CITY,
    COLUMN,
    COST,
    COUNT,
    DATE,
    FIRST,
    FIRST_SITE,
    LAST,
    MOVED,
    NEW_UNIT_COST,
    PATH_CHANGED,
    PAY,
    REPAID,
    RESITED,
    TOTAL,
    UNIT_COST,
    Board,
    cast,
    put,
)
from frontrow.production.prices import performer, price_date, unit_cost, walk
from frontrow.production.tables import Tables


def empty_board(t: Tables, option: np.ndarray, seed: int) -> Board:
    """A board with every scene left out."""
    days, units, people = len(t.ordinal), len(t.units), len(t.people)
    board = Board(
        option=option.copy(),
        units=np.zeros((units, 2), np.int64),
        contents=np.zeros((days + 1, 1 + units), np.int64),
        dates=np.zeros((2 * (days + 1), FIRST_SITE + int(t.numbers[0]["most_sites"]) + people), np.int64),
        works=np.zeros((people, days), np.bool_),
        path=np.zeros((1 + t.travel.shape[1], days), np.int64),
        people=np.tile(np.array([0, days, -1, 0, 0, 0]), (people, 1)),
        now=np.zeros(8, np.int64),
        moved=np.zeros((2 * units, 2), np.int64),
        resited=np.zeros((len(t.scenes), 2), np.int64),
        repaid=np.zeros((people, 5), np.int64),
        changed=np.zeros((days + 1, 2), np.int64),
        random=np.array([seed % 2**64], np.uint64),
    )
    board.units[:, DATE], board.units[:, COLUMN] = days, np.arange(1, units + 1)
    board.contents[days] = np.arange(-1, units)
    board.contents[days, 0] = units
    board.dates[:, CITY] = board.changed[:, 1] = -1
    board.now[TOTAL] = board.dates[days, COST] = int(t.numbers[0]["left_out"]) * len(t.scenes)
    walk(t, board)
    return board


@njit(cache=True, nogil=True)
def evaluate(t: Tables, b: Board) -> int:
    """The cost of the plan as moved, BROKEN where it breaks a rule (everything but the moves is then as before)."""
    days = len(t.ordinal)
    for i in range(b.now[MOVED]):  # cheap tests first: most moves fail one
        u = b.moved[i, 0]
        d = b.units[u, DATE]
        if d < days:
            for j in range(t.units[u].scenes_from, t.units[u].scenes_to):
                if t.loss[b.option[t.lists[j]], d] < 0:
                    return BROKEN
        if not _orders_hold(t, b, u):
            return BROKEN
    total = b.now[TOTAL] - b.now[UNIT_COST]
    path_changed = False
    for i in range(b.now[CHANGED] - 1, -1, -1):  # where a unit comes to before where it goes from: that fails more
        d, row = b.changed[i, 0], days + 1 + i
        if not price_date(t, b, d, row):
            return BROKEN
        total += b.dates[row, COST] - b.dates[d, COST]
        path_changed |= b.dates[row, CITY] != b.dates[d, CITY]
    _note_work(t, b, 1)
    _swap(t, b)
    _note_work(t, b, -1)
    cost = unit_cost(t, b)
    if cost != BROKEN and path_changed:
        _walk_anew(t, b)
    for i in range(b.now[REPAID]):
        b.people[b.repaid[i, 0], AFFECTED] = 0
    b.now[NEW_UNIT_COST] = cost
    b.now[PATH_CHANGED] = path_changed and cost != BROKEN
    if cost == BROKEN:
        _restore_people(b)
        _swap(t, b)
        return BROKEN
    for i in range(b.now[REPAID]):
        p = b.repaid[i, 0]
        _span(b, p)
        b.people[p, PAY] = performer(t, b, p)
        total += b.people[p, PAY] - b.repaid[i, 1]
    return int(total + cost)


@njit(cache=True, nogil=True)
def keep(b: Board) -> None:
    """Make the moves since the last time part of the plan."""
    for i in range(b.now[CHANGED]):
        b.changed[b.changed[i, 0], 1] = -1
    b.now[MOVED] = b.now[CHANGED] = b.now[RESITED] = b.now[REPAID] = b.now[PATH_CHANGED] = 0


@njit(cache=True, nogil=True)
def take_back(t: Tables, b: Board, priced: bool) -> None:
    """Undo the moves since the last `keep`; `priced` says whether `evaluate` found them allowed."""
    if priced:
        _swap(t, b)
        _restore_people(b)
    for i in range(b.now[MOVED] - 1, -1, -1):
        put(b, b.moved[i, 0], b.moved[i, 1])
    for i in range(b.now[RESITED] - 1, -1, -1):
        b.option[b.resited[i, 0]] = b.resited[i, 1]
    if priced and b.now[PATH_CHANGED]:
        walk(t, b)
    keep(b)


@njit(cache=True, nogil=True)
def _orders_hold(t: Tables, b: Board, u: int) -> bool:
    """Whether the orders of a unit hold; what is left out may wait for anything, and nothing for it."""
    days = len(t.ordinal)
    for i in range(t.units[u].orders_from, t.units[u].orders_to, 3):
        later = b.units[t.lists[i + 1], DATE]
        if later < days and b.units[t.lists[i], DATE] + t.lists[i + 2] > later:
            return False
    return True


@njit(cache=True, nogil=True)
def _swap(t: Tables, b: Board) -> None:
    """Exchange changed dates with what stands in the second half, and work days with them."""
    for i in range(b.now[CHANGED]):
        d, row = b.changed[i, 0], len(t.ordinal) + 1 + i
        for j in range(b.dates[d, CAST]):
            b.works[cast(t, b, d, j), d] = False
        for j in range(b.dates[row, CAST]):
            b.works[cast(t, b, row, j), d] = True
        end = FIRST_SITE + t.numbers[0].most_sites + max(b.dates[d, CAST], b.dates[row, CAST])
        for j in range(end):
            b.dates[d, j], b.dates[row, j] = b.dates[row, j], b.dates[d, j]


@njit(cache=True, nogil=True)
def _note(b: Board, p: int) -> None:
    """Note that a performer has to be priced again, and how it was before."""
    if not b.people[p, AFFECTED]:
        b.people[p, AFFECTED] = 1
        i = b.now[REPAID]
        b.repaid[i, 0] = p
        for j in range(4):
            b.repaid[i, 1 + j] = b.people[p, j]
        b.now[REPAID] = i + 1


@njit(cache=True, nogil=True)
def _note_work(t: Tables, b: Board, change: int) -> None:
    """Before `_swap` (`change` 1): performers who come to a changed date; after it (-1): those who no longer do."""
    for i in range(b.now[CHANGED]):
        d, row = b.changed[i, 0], len(t.ordinal) + 1 + i
        for j in range(b.dates[row, CAST]):
            p = cast(t, b, row, j)
            if not b.works[p, d]:
                _note(b, p)
                b.people[p, COUNT] += change


@njit(cache=True, nogil=True)
def _restore_people(b: Board) -> None:
    for i in range(b.now[REPAID]):
        for j in range(4):
            b.people[b.repaid[i, 0], j] = b.repaid[i, 1 + j]
    b.now[REPAID] = 0


@njit(cache=True, nogil=True)
def _span(b: Board, p: int) -> None:
    """First and last working date of a performer, from those before and the changed dates."""
    if b.people[p, COUNT] == 0:
        b.people[p, FIRST], b.people[p, LAST] = b.works.shape[1], -1
        return
    first, last = b.people[p, FIRST], b.people[p, LAST]
    for i in range(b.now[CHANGED]):
        d = b.changed[i, 0]
        if d < b.works.shape[1] and b.works[p, d]:
            first, last = min(first, d), max(last, d)
    while not b.works[p, first]:
        first += 1
    while not b.works[p, last]:
        last -= 1
    b.people[p, FIRST], b.people[p, LAST] = first, last


@njit(cache=True, nogil=True)
def _walk_anew(t: Tables, b: Board) -> None:
    """The new way of the unit; performers engaged while it differs from the old one have to be priced again."""
    here, low, high = 0, len(t.ordinal), -1
    for d in range(len(t.ordinal)):
        here = b.dates[d, CITY] if b.dates[d, CITY] >= 0 else here
        if b.path[0, d] != here:
            low, high = min(low, d), d
    if high < 0:
        return
    walk(t, b)
    for p in range(len(b.people)):
        if b.people[p, COUNT] and b.people[p, FIRST] <= high and b.people[p, LAST] >= low:
            _note(b, p)

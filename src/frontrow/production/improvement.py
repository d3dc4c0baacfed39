"""Annealing of the day plan: from a first plan to a much cheaper one, in as many moves as one asks for.

CP-SAT proves and repairs, but its large neighbourhoods are slow where the cost is mostly waiting between first and last
days. A move here touches a few dates and performers and is priced exactly in a few microseconds (`board`, `moves`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from frontrow.production import board, evaluation, moves
from frontrow.production.greedy import bundles
from frontrow.production.options import Space
from frontrow.production.sequence import Decision
from frontrow.production.tables import tables

# Set on generated productions of other seeds than those reported. Temperatures are shares of what a move mostly loses.
_HOT, _COLD = 1.0, 1 / 150
_QUICK = 0.1  # share of the moves for the first cooling
_STEPS = 400  # temperatures, at least
_MOST_MOVES = 100_000  # at one temperature, so that Ctrl-C is heard within a second


class Annealer:
    """Holds a plan and improves it; `decision` reads it off."""

    def __init__(self, space: Space, start: Decision, previous: dict[str, int] | None, seed: int) -> None:
        self.space = space
        self.units = bundles(space)
        self.tables = tables(space, self.units, previous)
        option = self._one_site_a_set(start)
        self.board = evaluation.empty_board(self.tables, option, seed)
        moves.anneal(self.tables, self.board, 0, 1.0, np.zeros(1, np.int64), option, option)  # compiles it
        self._adopt(start)

    def _one_site_a_set(self, start: Decision) -> np.ndarray:
        """The option of each scene; scenes of one set share its site, also those that the first plan left out."""
        space = self.space
        site = [min(sites) for sites in space.candidates]
        chosen: dict[str, int] = {}
        for scenes in start.scenes.values():
            for scene, place in scenes:
                site[scene] = place
                chosen.setdefault(space.scenes[scene].set, place)
        for scene, place in enumerate(site):
            chosen.setdefault(space.scenes[scene].set, place)
        wanted = [chosen[space.scenes[s].set] for s in range(len(site))]
        rows = zip(wanted, site, space.candidates, self.tables.scenes["option_from"].tolist(), strict=True)
        return np.array([first + sites.index(w if w in sites else k) for w, k, sites, first in rows], np.int64)

    def _adopt(self, start: Decision) -> None:
        """Take over a decision; dates that do not work (any more) and what waits for them stay left out."""
        t, b = self.tables, self.board
        for d, scenes in sorted(start.scenes.items()):
            for u in dict.fromkeys(t.scenes["unit"][[scene for scene, _ in scenes]].tolist()):
                if b.units[u, board.DATE] == len(t.ordinal):
                    board.relocate(b, u, d)
            self._settle()

    def _settle(self) -> bool:
        """Keep what was moved if no rule is broken, else take it back."""
        t, b = self.tables, self.board
        total = evaluation.evaluate(t, b)
        if total == board.BROKEN:
            evaluation.take_back(t, b, False)
            return False
        b.now[board.TOTAL], b.now[board.UNIT_COST] = total, b.now[board.NEW_UNIT_COST]
        evaluation.keep(b)
        return True

    def decision(self) -> Decision:
        """The plan as it stands."""
        t, b = self.tables, self.board
        modes, scenes = {}, {}
        for d in range(len(t.ordinal)):
            units = sorted(b.contents[d, 1 : b.contents[d, 0] + 1].tolist())
            items = tuple((s, int(t.site[b.option[s]])) for u in units for s in self.units[u])
            if items:
                lights = {self.space.scenes[s].time for s, _ in items if self.space.scenes[s].exterior} - {"day"}
                kind, city = next(iter(lights), "day"), self.space.sites[items[0][1]].city
                modes[d] = next(m for m in self.space.modes[d] if (m.kind, m.city) == (kind, city))
                scenes[d] = items
        return Decision(modes, scenes)

    @property
    def left_out(self) -> int:
        """Number of scenes without a date."""
        days = len(self.tables.ordinal)
        return sum(len(self.units[u]) for u in range(len(self.units)) if self.board.units[u, board.DATE] == days)

    def total(self) -> int:
        """Cost of the plan in minor units, without what each scene costs wherever it is."""
        return int(self.board.now[board.TOTAL])

    def run(
        self,
        count: int,
        elapsed: Callable[[], float] = lambda: 0.0,
        tick: Callable[[int | None], None] | None = None,
    ) -> None:
        """Anneal for `count` proposals, or until `elapsed` (share of the time) is 1; end at the best plan met.

        Cooled twice: quickly, so that there is a good plan soon, and then slowly. `tick` gets the best cost so far
        (None while it leaves scenes out).
        """
        t, b = self.tables, self.board
        scale = self._scale()
        best = np.array([self.total()])
        best_date, best_option = b.units[:, board.DATE].copy(), b.option.copy()
        done, steps = 0, max(_STEPS, count // _MOST_MOVES)
        for step in range(steps):
            share = max(step / steps, elapsed())
            if share >= 1:
                break
            upto = count * (step + 1) // steps
            cooled = share / _QUICK if share < _QUICK else (share - _QUICK) / (1 - _QUICK)
            temperature = scale * _HOT * (_COLD / _HOT) ** cooled
            moves.anneal(t, b, upto - done, temperature, best, best_date, best_option)
            done = upto
            if tick:
                tick(None if (best_date == len(t.ordinal)).any() else int(best[0]))
        for u, d in enumerate(best_date.tolist()):
            board.relocate(b, u, d)
        for s in np.flatnonzero(b.option != best_option).tolist():
            board.resite(t, b, s, int(best_option[s]))
        if b.now[board.CHANGED]:
            self._settle()

    def _scale(self) -> float:
        """The median of what the first allowed moves out of the plan would lose."""
        t, b, losses = self.tables, self.board, []
        for _ in range(1000):
            moves.propose(t, b)
            total = evaluation.evaluate(t, b)
            losses += [total - self.total()] if total > self.total() else []
            evaluation.take_back(t, b, total != board.BROKEN)
        return float(np.median(losses)) if losses else 1.0

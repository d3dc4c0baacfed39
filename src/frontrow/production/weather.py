"""Rain as a two-state Markov chain by station and month: wet days cluster, so days are not drawn one by one.

The chain of each month is a pair of Beta posteriors (wet after dry, wet after wet); a simulated year draws its own
chain from them, so that a short record widens the odds (Richardson 1981 for the chain).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from frontrow.errors import InputError
from frontrow.production.sheet import History, Sheet

_TO_MM = {"mm": 1.0, "cm": 10.0, "inch": 25.4}
_PRIOR = 4.0  # pseudo-days a month and state, at the station's yearly odds


@dataclass(frozen=True)
class Chain:
    """`wet[m, s]` and `dry[m, s]`: Beta counts of the next day being wet or dry, in month m (0 to 11) after state s."""

    wet: np.ndarray
    dry: np.ndarray

    def odds(self, month: int) -> float:
        """Long-run share of wet days in `month` (1 to 12)."""
        after_dry, after_wet = self.wet[month - 1] / (self.wet[month - 1] + self.dry[month - 1])
        return float(after_dry / (after_dry + 1 - after_wet))

    def draw(self, days: Sequence[date], runs: int, rng: np.random.Generator) -> np.ndarray:
        """Bool (runs, days): wet or not on each of the consecutive `days`, one chain drawn a run and month."""
        months = np.array([day.month - 1 for day in days])
        chances = rng.beta(self.wet, self.dry, size=(runs, *self.wet.shape))
        wet = np.zeros((runs, len(days)), dtype=bool)
        state = rng.random(runs) < self.odds(days[0].month)
        rows = np.arange(runs)
        for index, month in enumerate(months):
            state = rng.random(runs) < chances[rows, month, state.astype(np.int64)]
            wet[:, index] = state
        return wet


def fit(wet_days: Mapping[date, bool]) -> Chain:
    """The chain of a station from its wet and dry days; only pairs of consecutive dates count."""
    wet = np.zeros((12, 2))
    dry = np.zeros((12, 2))
    for day, is_wet in wet_days.items():
        before = wet_days.get(date.fromordinal(day.toordinal() - 1))
        if before is not None:
            (wet if is_wet else dry)[day.month - 1, int(before)] += 1
    yearly = (wet.sum(axis=0) + 0.5) / (wet.sum(axis=0) + dry.sum(axis=0) + 1)
    return Chain(wet + _PRIOR * yearly, dry + _PRIOR * (1 - yearly))


def constant(share: float) -> Chain:
    """A chain without memory for a station without records: `share` of the days are wet."""
    share = min(max(share, 0.001), 0.999)
    return Chain(np.full((12, 2), share * 60), np.full((12, 2), (1 - share) * 60))


def read_history(text: str, history: History) -> dict[date, float]:
    """Rain in mm by date. Raises InputError naming file, line and column."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    for column in (history.date_column, history.rain_column):
        if column not in (reader.fieldnames or ()):
            raise InputError(f"{history.file}: no column {column!r}; there are {', '.join(reader.fieldnames or ())}")
    rain = {}
    for row in reader:
        raw, amount = row[history.date_column] or "", row[history.rain_column] or ""
        if not amount.strip():
            continue
        try:
            rain[date.fromisoformat(raw.strip().replace("/", "-"))] = float(amount) * _TO_MM[history.unit]
        except ValueError:
            raise InputError(
                f"{history.file}:{reader.line_num}: {raw!r}, {amount!r} is no date with an amount"
            ) from None
    return rain


def chains(sheet: Sheet, files: Mapping[str, str]) -> dict[str, Chain]:
    """The chain of each station; "" is for sites that name none. `files` holds the text of the history files."""
    found = {"": constant(sheet.risk.wet_share / 100)}
    for history in sheet.history:
        if history.file not in files:
            raise InputError(f"history of {history.station!r}: {history.file!r} was not found beside the sheet")
        rain = read_history(files[history.file], history)
        found[history.station] = fit({day: mm >= sheet.risk.wet_mm for day, mm in rain.items()})
    return found

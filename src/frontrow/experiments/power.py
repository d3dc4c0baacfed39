"""How many units an experiment needs, and when it will probably stop, before it starts.

A monitored test is a random walk that stops where it leaves a curved boundary. Its power and stopping time come from
the numbers themselves, look by look (Armitage, McPherson and Rowe 1969), not from simulation, so a plan is the same
each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from frontrow.errors import InputError
from frontrow.experiments.intervals import critical_z, information_ratio

LOOKS = 200
"""Looks over the whole experiment: more change power in the third digit only."""


@dataclass(frozen=True)
class Plan:
    """What to expect of an experiment that is looked at all the time; units count all compared arms together."""

    fixed_units: int  # a test with a single look at its end would need these
    planned_units: int  # most units to collect; the interval is tuned to be tightest here
    expected_units: int  # mean units at the stop if the effect is exactly `effect`
    power: float  # chance to find `effect` by planned_units
    effect: float  # absolute difference of the means
    variance: float  # of the difference, times the units: V = variance / units


def plan(
    *,
    baseline: float | None = None,
    sd: float | None = None,
    effect: float,
    share: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
    dispersion: float = 1.0,
    correlation: float = 0.0,
) -> Plan:
    """Plan a two-arm experiment on a binary metric (`baseline`) or on a mean (`sd`).

    `effect` is absolute; `share` is the treatment's share of the units; `dispersion` multiplies the variance
    (estimate it from A/A tests); `correlation` with a pre-period column divides it (CUPED). Raises InputError for
    values out of range.
    """
    _require(0 < share < 1, "share", share, "between 0 and 1")
    _require(0 < alpha < 0.5, "alpha", alpha, "between 0 and 0.5")
    _require(alpha < power < 1, "power", power, "between alpha and 1")
    _require(dispersion >= 1, "dispersion", dispersion, "1 or more")
    _require(-1 < correlation < 1, "correlation", correlation, "between -1 and 1")
    _require(effect != 0 and np.isfinite(effect), "effect", effect, "a number other than 0")
    variance = _unit_variance(baseline, sd, effect, share) * dispersion * (1 - correlation**2)
    needed = special.ndtri(1 - alpha / 2) + special.ndtri(power)
    fixed = variance * (needed / effect) ** 2
    # Power grows with the planned sample; the boundary moves with it, so the size is searched for.
    low, high = 1.0, 4.0
    for _ in range(24):
        middle = (low + high) / 2
        reached, _ = crossing(drift=needed, horizon=middle, planned=middle, alpha=alpha)
        low, high = (middle, high) if reached < power else (low, middle)
    reached, stop = crossing(drift=needed, horizon=high, planned=high, alpha=alpha)
    return Plan(
        fixed_units=int(np.ceil(fixed)),
        planned_units=int(np.ceil(high * fixed)),
        expected_units=int(np.ceil(stop * fixed)),
        power=round(reached, 4),
        effect=effect,
        variance=float(variance),
    )


def crossing(*, drift: float, horizon: float, planned: float, alpha: float, looks: int = LOOKS) -> tuple[float, float]:
    """Chance to leave the boundary by `horizon`, and the mean time of stopping (at `horizon` when never).

    Time 1 is where the mean of the standardised effect is `drift`; `planned` is what the boundary is tuned to.
    """
    step = horizon / looks
    times = step * np.arange(1, looks + 1)
    bound = critical_z(information_ratio(times, planned, alpha), alpha) * np.sqrt(times)
    cell = np.sqrt(step) / 6
    reach = float(bound.max()) + 6 * np.sqrt(step)
    grid = np.arange(-reach, reach + cell, cell)
    move = special.ndtr((grid[:, None] - grid[None, :] + cell / 2 - drift * step) / np.sqrt(step)) - special.ndtr(
        (grid[:, None] - grid[None, :] - cell / 2 - drift * step) / np.sqrt(step)
    )
    mass = np.zeros(grid.size)
    mass[np.argmin(np.abs(grid))] = 1.0
    mean_stop, alive = 0.0, 1.0
    for time, edge in zip(times, bound, strict=True):
        mass = move @ mass
        mass[np.abs(grid) > edge] = 0.0
        left = float(mass.sum())
        mean_stop += time * (alive - left)
        alive = left
    return 1.0 - alive, float(mean_stop + horizon * alive)


def _unit_variance(baseline: float | None, sd: float | None, effect: float, share: float) -> float:
    if (baseline is None) == (sd is None):
        raise InputError("give either a baseline rate (binary metric) or a standard deviation (mean), not both")
    if baseline is not None:
        _require(0 < baseline < 1, "baseline", baseline, "between 0 and 1")
        other = baseline + effect
        _require(0 < other < 1, "baseline + effect", other, "between 0 and 1")
        return other * (1 - other) / share + baseline * (1 - baseline) / (1 - share)
    assert sd is not None
    _require(sd > 0, "sd", sd, "above 0")
    return sd**2 / share + sd**2 / (1 - share)


def _require(holds: bool, name: str, value: float, wanted: str) -> None:
    if not holds:
        raise InputError(f"{name} is {value}; it must be {wanted}")

"""Fill plans of caches that help each other: a request of one region may be served by a neighbour at a lower worth.

Prices on disk and fill of each cache break the plan apart into files; a file then chooses the set of caches it lies on,
and for the few caches of a group all sets can be tried. The best prices are those of Kelley's cutting planes (1960, J.
SIAM 8), each master a small linear program for HiGHS (through scipy), kept near the best point found so far. The plan
itself is made one cache after another, each the best answer to the others. Groups are solved apart, so they scale out
through `engine.map`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.delivery import lagrangian
from frontrow.delivery.network import Array, Cache, Offer
from frontrow.errors import InputError

LARGEST_GROUP = 6
_CUTS = 60
_SWEEPS = 3
_CLOSE = 2e-4  # the master's lower bound may lie this share below the best bound found: further cuts gain little


@dataclass(frozen=True)
class Group:
    """Caches that may serve each other's regions; files are the same for all.

    `worth[r, c]` is what a byte of region r is worth when cache c serves it: 1 at home, 0 where there is no link.
    `demand` (caches, files) are bytes asked for at the peak in each cache's region; `present` likewise.
    """

    caches: tuple[Cache, ...]
    worth: Array
    size: npt.NDArray[np.int64]
    demand: Array
    present: npt.NDArray[np.bool_]
    copies: npt.NDArray[np.int64]  # fewest caches of the group that must hold a file: 2 outlives the loss of one

    def __post_init__(self) -> None:
        k, files = len(self.caches), len(self.size)
        if k > LARGEST_GROUP:
            raise InputError(
                f"a group has {k} caches; {LARGEST_GROUP} can be planned together: split it at its weakest links"
            )
        if self.demand.shape != (k, files) or self.present.shape != (k, files) or self.worth.shape != (k, k):
            raise InputError("demand and present are (caches, files), worth is (caches, caches)")
        if len(self.copies) and self.copies.max() > k:
            raise InputError(f"{self.copies.max()} copies were asked of a group of {k} caches")
        if any(np.isfinite(cache.egress_bytes) for cache in self.caches) and k > 1:
            raise InputError("coupled caches cannot have egress_bytes yet; leave it out or plan them apart")


@dataclass(frozen=True)
class CoupledPlan:
    """`keep` (caches, files), with its worth, a bound that no plan exceeds, and prices a cache."""

    keep: npt.NDArray[np.bool_]
    value: float
    bound: float
    prices: tuple[lagrangian.Prices, ...]
    short: npt.NDArray[np.int64]  # files with fewer copies than asked for: there was no room

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of the bound."""
        return 0.0 if self.bound <= 0 else max(0.0, (self.bound - self.value) / self.bound)


def place(group: Group) -> CoupledPlan:
    """A feasible plan of the group and its bound."""
    k = len(group.caches)
    subsets = ((np.arange(1 << k)[:, None] >> np.arange(k)) & 1).astype(bool)
    worth = np.stack([_worth_of(group, members) for members in subsets], axis=1)  # (files, subsets)
    allowed = subsets.sum(1)[None, :] >= group.copies[:, None]
    start = [lagrangian.place(cache, _alone(group, c)) for c, cache in enumerate(group.caches)]
    prices = np.array([[plan.prices.disk, plan.prices.fill] for plan in start])
    bound, prices, chosen = _best_prices(group, subsets, worth, allowed, prices)
    keep, short = _answer(group, worth, subsets[chosen].T.copy())
    value = value_of(group, keep)
    paid = tuple(lagrangian.Prices(float(disk), float(fill), 0.0) for disk, fill in prices)
    return CoupledPlan(keep, value, bound, paid, short)


def value_of(group: Group, keep: npt.NDArray[np.bool_]) -> float:
    """Worth of the bytes served, by the best cache that holds each file, less the cost of filling."""
    served = 0.0
    for region in range(len(group.caches)):
        best = (keep * group.worth[region][:, None]).max(0)
        served += float(group.demand[region] @ best)
    cost = sum(
        cache.fill_cost * float(group.size[keep[c] & ~group.present[c]].sum()) for c, cache in enumerate(group.caches)
    )
    return served - cost


def _alone(group: Group, c: int) -> Offer:
    """What a cache would be offered if it alone served everybody."""
    return Offer(group.size, group.worth[:, c] @ group.demand, group.present[c])


def _worth_of(group: Group, members: npt.NDArray[np.bool_]) -> Array:
    if not members.any():
        return np.zeros(len(group.size))
    return np.asarray(group.worth[:, members].max(1) @ group.demand)


def _best_prices(
    group: Group, subsets: npt.NDArray[np.bool_], worth: Array, allowed: npt.NDArray[np.bool_], start: Array
) -> tuple[float, Array, npt.NDArray[np.int64]]:
    """Prices (caches, [disk, fill]) with the lowest Lagrangian found, that bound, and each file's set at them."""
    k = len(group.caches)
    size = group.size.astype(float)
    away = ~group.present.T * size[:, None]  # (files, caches): bytes to fill
    limits = np.array([[cache.disk_bytes, cache.fill_limit] for cache in group.caches], dtype=float)
    cost = np.array([cache.fill_cost for cache in group.caches])
    usable = worth + np.where(allowed, 0.0, -np.inf)
    too_large = group.size[:, None] > np.array([cache.disk_bytes for cache in group.caches])
    usable = usable + np.where((too_large.astype(float) @ subsets.T.astype(float)) > 0, -np.inf, 0.0)
    usable[np.isneginf(usable).all(1), 0] = 0.0  # no set is allowed: the file lies nowhere, and is named as short

    def lagrangian_at(prices: Array) -> tuple[float, Array, npt.NDArray[np.int64]]:
        paid = size[:, None] * prices[:, 0] + away * (prices[:, 1] + cost)
        reduced = usable - paid @ subsets.T
        chosen = reduced.argmax(1)
        members = subsets[chosen]
        used = np.stack([size @ members, (away * members).sum(0)], axis=1)
        return float(reduced[np.arange(len(size)), chosen].sum() + (prices * limits).sum()), limits - used, chosen

    bound, slope, chosen = lagrangian_at(start)
    best = start.copy()
    reach = 0.5 * np.maximum(start, start.max(0, keepdims=True) * 0.2 + 1e-12)
    cuts = [(bound - float((slope * start).sum()), slope)]
    for _ in range(_CUTS):
        lowest, prices = _master(cuts, np.maximum(best - reach, 0.0), best + reach)
        value, slope, sets = lagrangian_at(prices)
        cuts.append((value - float((slope * prices).sum()), slope))
        predicted = bound - lowest
        if value < bound:
            if bound - value > 0.5 * predicted:
                reach = reach * 1.5
            bound, best, chosen = value, prices, sets
        else:
            reach = reach * 0.5
        if predicted <= _CLOSE * 0.1 * max(abs(bound), 1e-12) and reach.max() < 1e-12 + 0.05 * best.max():
            break
    return bound, best.reshape(k, 2), chosen


def _master(cuts: list[tuple[float, Array]], low: Array, high: Array) -> tuple[float, Array]:
    """Prices in a box at which the largest of the cuts is smallest, by HiGHS. Scaled so that prices are near 1."""
    from scipy.optimize import linprog

    scale = np.maximum(high, 1e-12)
    unit = max(abs(constant) + float((np.abs(slope) * high).sum()) for constant, slope in cuts) or 1.0
    slopes = np.array([(slope * scale / unit).ravel() for _, slope in cuts])
    box = np.stack([(low / scale).ravel(), (high / scale).ravel()], axis=1)
    found = linprog(
        np.r_[1.0, np.zeros(len(box))],
        A_ub=np.c_[-np.ones(len(cuts)), slopes],
        b_ub=-np.array([constant for constant, _ in cuts]) / unit,
        bounds=[(None, None), *map(tuple, box)],
        method="highs",
    ).x
    return float(found[0]) * unit, np.clip(found[1:].reshape(low.shape) * scale, low, high)


def _answer(
    group: Group, worth: Array, keep: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Each cache in turn plans its best answer to what the others hold, which makes the plan feasible and no worse."""
    rows = np.arange(len(group.size))
    weight = 1 << np.arange(len(group.caches))
    best, best_value, first = keep, -np.inf, True
    for _ in range(_SWEEPS):
        for c, cache in enumerate(group.caches):
            others = keep.copy()
            others[c] = False
            without = weight @ others
            gain = worth[rows, without + weight[c]] - worth[rows, without]
            needed = others.sum(0) < group.copies
            plan = lagrangian.place(cache, Offer(group.size, gain, group.present[c], needed & (group.copies > 0)))
            keep = others
            keep[c] = plan.keep
        value = value_of(group, keep)
        if not first and value <= best_value * (1 + 1e-7):
            break
        best, best_value, first = keep.copy(), value, False
    short = np.flatnonzero(best.sum(0) < group.copies)
    return best, short

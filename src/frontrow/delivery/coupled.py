"""Fill plans of caches that help each other: a request of one region may be served by a neighbour at a lower worth.

Prices on disk, fill and egress of each cache break the plan apart into files; a file then chooses the set of caches it
lies on, and for the few caches of a group all sets can be tried. The best prices are those of Kelley's cutting planes
(1960, J. SIAM 8), each master a small linear program for HiGHS (through scipy), kept near the best point found so far.
The plan itself is made one cache after another, each the best answer to the others; where egress is limited, a small
linear program shares out who serves what. Groups are solved apart, so they scale out through `engine.map`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from frontrow.delivery import lagrangian
from frontrow.delivery.network import Array, Cache, Offer
from frontrow.errors import InputError

LARGEST_GROUP = 8  # 256 sets: 100,000 files take .8 GB
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

    @property
    def egress(self) -> Array:
        """Most that each cache can serve over the peak, in bytes; infinite where nothing limits it."""
        return np.array([cache.egress_bytes for cache in self.caches], dtype=float)


@dataclass(frozen=True)
class CoupledPlan:
    """`keep` (caches, files), with its worth, a bound that no plan exceeds, and prices a cache.

    `served` (regions, caches) are the bytes that each cache serves to each region at the peak: the use of the links.
    """

    keep: npt.NDArray[np.bool_]
    served: Array
    value: float
    bound: float
    prices: tuple[lagrangian.Prices, ...]
    short: npt.NDArray[np.int64]  # files with fewer copies than asked for: there was no room

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of the bound."""
        return 0.0 if self.bound <= 0 else max(0.0, (self.bound - self.value) / self.bound)


def groups(worth: Array, *, together: bool = False) -> list[list[int]]:
    """Caches that are planned together: the strongest links of `worth` first, while a group is small enough.

    `together` also joins caches without links, as copies are counted over them.
    """
    count = len(worth)
    group = {index: [index] for index in range(count)}
    strength = worth + worth.T - 2 * np.eye(count) + (1e-9 if together else 0.0)
    for a, b in sorted(np.argwhere(np.triu(strength, 1) > 0).tolist(), key=lambda pair: -strength[pair[0], pair[1]]):
        if group[a] is not group[b] and len(group[a]) + len(group[b]) <= LARGEST_GROUP:
            merged = group[a] + group[b]
            for index in merged:
                group[index] = merged
    unique = {id(members): sorted(members) for members in group.values()}
    return sorted(unique.values())


def place(group: Group) -> CoupledPlan:
    """A feasible plan of the group and its bound."""
    subsets = _subsets(len(group.caches))
    start = np.array(
        [
            [plan.prices.disk, plan.prices.fill, 0.0]
            for plan in (lagrangian.place(cache, _alone(group, c)) for c, cache in enumerate(group.caches))
        ]
    )
    bound, prices, chosen = _best_prices(group, subsets, start)
    answers = [
        _answer(group, subsets[chosen].T.copy(), _worth(group, subsets, share * prices[:, 2]))
        for share in ((1.0, 0.9, 0.0) if prices[:, 2].any() else (0.0,))
    ]
    keep, served, value = max(answers, key=lambda answer: answer[2])
    paid = tuple(lagrangian.Prices(float(disk), float(fill), float(egress)) for disk, fill, egress in prices)
    return CoupledPlan(keep, served, value, bound, paid, np.flatnonzero(keep.sum(0) < group.copies))


def serve(group: Group, keep: npt.NDArray[np.bool_]) -> tuple[Array, float]:
    """Who serves whom when `keep` lies on the caches: bytes (regions, caches), and their worth less the cost of fill.

    Without limits on egress the best cache that holds a file serves it. With limits, files that lie on the same caches
    are one flow of each region, and the shares are a linear program with a few hundred variables.
    """
    k = len(group.caches)
    subsets = _subsets(k)
    held = (1 << np.arange(k)) @ keep
    flow = np.stack([np.bincount(held, row, minlength=1 << k) for row in group.demand]).astype(float)  # (regions, sets)
    cost = sum(
        cache.fill_cost * float(group.size[keep[c] & ~group.present[c]].sum()) for c, cache in enumerate(group.caches)
    )
    if np.isinf(group.egress).all():
        served, _ = _routed(group, subsets, flow, np.zeros(k))
    else:
        served = _shared_out(group, subsets, flow)
    return served, float((served * group.worth).sum()) - cost


def _subsets(k: int) -> npt.NDArray[np.bool_]:
    """Every set of caches, (sets, caches): bit c of a set's number says whether c is in it."""
    return ((np.arange(1 << k)[:, None] >> np.arange(k)) & 1).astype(bool)


def _alone(group: Group, c: int) -> Offer:
    """What a cache would be offered if it alone served everybody."""
    return Offer(group.size, group.worth[:, c] @ group.demand, group.present[c])


def _margins(group: Group, subsets: npt.NDArray[np.bool_], egress: Array) -> Array:
    """What a byte of region r is worth from cache c, its price of egress off: (regions, sets, caches), -inf outside."""
    return np.asarray(np.where(subsets[None], (group.worth - egress)[:, None, :], -np.inf))


def _worth(group: Group, subsets: npt.NDArray[np.bool_], egress: Array) -> Array:
    """What it is worth at these prices of egress that a file lies on each set of caches: (files, sets)."""
    best = np.maximum(_margins(group, subsets, egress).max(2), 0.0)
    return np.asarray(group.demand.T @ best)


def _routed(group: Group, subsets: npt.NDArray[np.bool_], flow: Array, egress: Array) -> tuple[Array, Array]:
    """`flow` (regions, sets) by the best cache of each set at these prices: bytes (regions, caches) and (caches,)."""
    margins = _margins(group, subsets, egress)
    best, gain = margins.argmax(2), margins.max(2)
    served = np.zeros((len(group.caches),) * 2)
    region = np.broadcast_to(np.arange(len(flow))[:, None], flow.shape)
    np.add.at(served, (region, best), np.where(gain > 0, flow, 0.0))
    return served, served.sum(0)


def _shared_out(group: Group, subsets: npt.NDArray[np.bool_], flow: Array) -> Array:
    """Bytes (regions, caches) that serve the most worth within each cache's egress, by HiGHS."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    region, of_set, cache = np.nonzero((flow > 0)[:, :, None] & subsets[None] & (group.worth > 0)[:, None, :])
    served = np.zeros((len(group.caches),) * 2)
    if not len(region):
        return served
    unit = flow.max()
    row = region * len(subsets) + of_set
    limited = np.isfinite(group.egress)
    rows = np.r_[row, flow.size + cache]
    columns = np.tile(np.arange(len(row)), 2)
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(flow.size + len(group.caches), len(row)))
    limits = np.r_[flow.ravel(), np.where(limited, group.egress, flow.sum())] / unit
    found = linprog(-group.worth[region, cache], A_ub=matrix.tocsr(), b_ub=limits, method="highs").x
    np.add.at(served, (region, cache), found * unit)
    return served


def _best_prices(
    group: Group, subsets: npt.NDArray[np.bool_], start: Array
) -> tuple[float, Array, npt.NDArray[np.int64]]:
    """Prices (caches, [disk, fill, egress]) with the lowest Lagrangian found, that bound, each file's set at them."""
    size = group.size.astype(float)
    away = ~group.present.T * size[:, None]  # (files, caches): bytes to fill
    limited = np.isfinite(group.egress)
    limits = np.array([[cache.disk_bytes, cache.fill_limit, cache.egress_bytes] for cache in group.caches], dtype=float)
    limits[~limited, 2] = 0.0  # their price stays 0
    cost = np.array([cache.fill_cost for cache in group.caches])
    too_large = group.size[:, None] > np.array([cache.disk_bytes for cache in group.caches])
    barred = (subsets.sum(1)[None, :] < group.copies[:, None]) | (too_large.astype(float) @ subsets.T.astype(float) > 0)
    barred[barred.all(1), 0] = False  # no set is allowed: the file lies nowhere, and is named as short
    free = np.where(barred, -np.inf, _worth(group, subsets, np.zeros(len(limits))))

    def lagrangian_at(prices: Array) -> tuple[float, Array, npt.NDArray[np.int64]]:
        usable = np.where(barred, -np.inf, _worth(group, subsets, prices[:, 2])) if limited.any() else free
        paid = size[:, None] * prices[:, 0] + away * (prices[:, 1] + cost)
        reduced = usable - paid @ subsets.T
        chosen = reduced.argmax(1)
        members = subsets[chosen]
        used = np.zeros_like(limits)
        used[:, 0], used[:, 1] = size @ members, (away * members).sum(0)
        if limited.any():
            flow = np.stack([np.bincount(chosen, row, minlength=len(subsets)) for row in group.demand]).astype(float)
            used[limited, 2] = _routed(group, subsets, flow, prices[:, 2])[1][limited]
        return float(reduced[np.arange(len(size)), chosen].sum() + (prices * limits).sum()), limits - used, chosen

    bound, slope, chosen = lagrangian_at(start)
    best = start.copy()
    reach = 0.5 * np.maximum(start, start.max(0, keepdims=True) * 0.2 + 1e-12)
    reach[:, 2] = np.where(limited, 0.5, 0.0)
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
        if predicted <= _CLOSE * 0.1 * max(abs(bound), 1e-12) and (reach <= 0.05 * best.max(0) + 1e-12).all():
            break
    return bound, best, chosen


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


def _answer(group: Group, keep: npt.NDArray[np.bool_], worth: Array) -> tuple[npt.NDArray[np.bool_], Array, float]:
    """Each cache in turn plans its best answer to what the others hold, which makes the plan feasible and no worse.

    `worth` (files, sets) has the price of egress off already, so a cache plans as if it had no limit on it.
    """
    rows = np.arange(len(group.size))
    weight = 1 << np.arange(len(group.caches))
    best, best_value, best_served, first = keep, -np.inf, np.zeros(group.worth.shape), True
    for _ in range(_SWEEPS):
        for c, cache in enumerate(group.caches):
            others = keep.copy()
            others[c] = False
            without = weight @ others
            gain = np.maximum(worth[rows, without + weight[c]] - worth[rows, without], 0.0)
            needed = others.sum(0) < group.copies
            offer = Offer(group.size, gain, group.present[c], needed & (group.copies > 0))
            keep = others
            keep[c] = lagrangian.place(replace(cache, egress_bytes=np.inf), offer).keep
        served, value = serve(group, keep)
        if not first and value <= best_value * (1 + 1e-7):
            break
        best, best_value, best_served, first = keep.copy(), value, served, False
    return best, best_served, best_value

"""The fill plan of one cache: a knapsack in disk, fill and egress, solved through its prices, with a bound.

    maximise   sum v x (up to the egress) - cost * sum s y     served bytes less the cost of filling
    subject to sum s x <= disk,  sum s y <= fill,  y = x where a file is not there yet

With a price a byte of disk (mu), of fill (nu) and of egress (pi) the problem falls apart into files: take x where
(1 - pi) v / s > mu + (nu + cost) [not there]. Files there and files not there are each sorted by density v / s once;
then the best mu is found by bisection, nu follows from the fill used, and pi by an outer bisection. Any prices give an
upper bound (Lagrange; Fisher 1981, Management Science 27); the plan differs from it by about one file a limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.delivery.network import Array, Cache, Offer

_BISECTIONS = 60


@dataclass(frozen=True)
class Prices:
    """What one more unit would be worth, in bytes served at the peak: the dual prices."""

    disk: float  # a byte of disk
    fill: float  # a byte of fill, beyond its cost
    egress: float  # a byte of egress, 0 to 1


@dataclass(frozen=True)
class FillPlan:
    """Which files lie on the cache at the peak. `gap` is (bound - value) / bound."""

    keep: npt.NDArray[np.bool_]
    filled: npt.NDArray[np.bool_]
    value: float
    bound: float
    prices: Prices
    left_out: npt.NDArray[np.int64]  # required files for which there was no room

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of the bound."""
        return 0.0 if self.bound <= 0 else max(0.0, (self.bound - self.value) / self.bound)


@dataclass(frozen=True)
class _Sorted:
    """Files of one kind by falling density, with running sums that begin with 0."""

    order: npt.NDArray[np.int64]
    density: Array
    bytes: Array
    value: Array

    def above(self, threshold: float) -> int:
        """How many files have a density above `threshold`."""
        return int(np.searchsorted(-self.density, -threshold, side="left"))

    def within(self, limit: float) -> int:
        """How many files fit `limit` bytes, the densest first."""
        return int(np.searchsorted(self.bytes, limit, side="right")) - 1


def _sort(offer: Offer, files: npt.NDArray[np.int64]) -> _Sorted:
    density = offer.value[files] / offer.size[files]
    by = np.argsort(-density, kind="stable")
    order = files[by]
    return _Sorted(
        order,
        density[by],
        np.r_[0.0, np.cumsum(offer.size[order], dtype=float)],
        np.r_[0.0, np.cumsum(offer.value[order])],
    )


def value_of(cache: Cache, offer: Offer, keep: npt.NDArray[np.bool_]) -> float:
    """Bytes served at the peak, less the cost of filling."""
    served = min(float(offer.value[keep].sum()), cache.egress_bytes)
    return served - cache.fill_cost * float(offer.size[keep & ~offer.present].sum())


def place(cache: Cache, offer: Offer) -> FillPlan:
    """The plan of one cache: feasible whatever the limits, with its bound and prices. O(files log files)."""
    forced, left_out = _forced(cache, offer)
    disk = cache.disk_bytes - float(offer.size[forced].sum())
    fill = cache.fill_limit - float(offer.size[forced & ~offer.present].sum())
    usable = (offer.value > 0) & (offer.size <= cache.disk_bytes) & ~forced
    here, away = (_sort(offer, np.flatnonzero(usable & mask)) for mask in (offer.present, ~offer.present))

    egress_price, low, high = 0.0, 0.0, 1.0
    served_forced = float(offer.value[forced].sum())
    prices, served = _solve(here, away, disk, fill, cache.fill_cost, 0.0)
    if served + served_forced > cache.egress_bytes:
        for _ in range(_BISECTIONS):
            egress_price = (low + high) / 2
            prices, served = _solve(here, away, disk, fill, cache.fill_cost, egress_price)
            low, high = (egress_price, high) if served + served_forced > cache.egress_bytes else (low, egress_price)
        egress_price = high
        prices, served = _solve(here, away, disk, fill, cache.fill_cost, egress_price)
    bound = _bound(cache, offer, forced, here, away, prices, disk, fill)
    keep = _round(cache, offer, forced, here, away, prices, disk, fill)
    return FillPlan(keep, keep & ~offer.present, value_of(cache, offer, keep), bound, prices, left_out)


def _forced(cache: Cache, offer: Offer) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Required files while disk and fill last, those already there and small ones first; and those left out."""
    forced = np.zeros(len(offer.size), np.bool_)
    if offer.required is None or not offer.required.any():
        return forced, np.zeros(0, np.int64)
    wanted = np.flatnonzero(offer.required)
    wanted = wanted[np.lexsort((offer.size[wanted], ~offer.present[wanted]))]
    filled = np.cumsum(np.where(offer.present[wanted], 0, offer.size[wanted]))
    fits = (np.cumsum(offer.size[wanted]) <= cache.disk_bytes) & (filled <= cache.fill_limit)
    forced[wanted[fits]] = True
    return forced, wanted[~fits]


def _solve(here: _Sorted, away: _Sorted, disk: float, fill: float, cost: float, egress: float) -> tuple[Prices, float]:
    """Prices of disk and fill at a given price of egress, and the bytes then served."""
    scale = max(1 - egress, 1e-12)

    def take(price: float) -> tuple[int, int]:
        stay = here.above(price / scale)
        come = min(away.above((price + cost) / scale), away.within(max(fill, 0.0)))
        return stay, come

    def used(price: float) -> float:
        stay, come = take(price)
        return float(here.bytes[stay] + away.bytes[come])

    low, high = (
        0.0,
        scale * max(here.density[0] if len(here.density) else 0.0, away.density[0] if len(away.density) else 0.0),
    )
    if used(0.0) > disk:
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if used(middle) > disk else (low, middle)
    price = high if used(0.0) > disk else 0.0
    stay, come = take(price)
    wanted = away.above((price + cost) / scale)
    fill_price = 0.0
    if come < wanted:  # the fill binds: its price is what the first file left out would have been worth
        fill_price = max(0.0, scale * float(away.density[come]) - cost - price)
    return Prices(price, fill_price, egress), float(here.value[stay] + away.value[come])


def _bound(
    cache: Cache,
    offer: Offer,
    forced: npt.NDArray[np.bool_],
    here: _Sorted,
    away: _Sorted,
    prices: Prices,
    disk: float,
    fill: float,
) -> float:
    """The Lagrangian at `prices`: no feasible plan that holds the forced files is worth more."""
    scale = 1 - prices.egress
    stay = here.above(prices.disk / scale) if scale > 0 else 0
    come = away.above((prices.disk + prices.fill + cache.fill_cost) / scale) if scale > 0 else 0
    reduced = scale * (here.value[stay] + away.value[come]) - prices.disk * (here.bytes[stay] + away.bytes[come])
    reduced -= (prices.fill + cache.fill_cost) * away.bytes[come]
    fixed = scale * offer.value[forced].sum() - cache.fill_cost * offer.size[forced & ~offer.present].sum()
    limits = prices.disk * max(disk, 0.0) + prices.fill * max(fill, 0.0)
    return float(reduced + fixed + limits + (prices.egress * cache.egress_bytes if prices.egress > 0 else 0.0))


def _round(
    cache: Cache,
    offer: Offer,
    forced: npt.NDArray[np.bool_],
    here: _Sorted,
    away: _Sorted,
    prices: Prices,
    disk: float,
    fill: float,
) -> npt.NDArray[np.bool_]:
    """A feasible plan: what the prices take, then the next best files that still fit."""
    scale = max(1 - prices.egress, 1e-12)
    stay = here.above(prices.disk / scale)
    come = min(away.above((prices.disk + cache.fill_cost) / scale), away.within(max(fill, 0.0)))
    keep = forced.copy()
    keep[here.order[:stay]] = True
    keep[away.order[:come]] = True
    disk -= float(here.bytes[stay] + away.bytes[come])
    fill -= float(away.bytes[come])
    egress = cache.egress_bytes - float(offer.value[keep].sum())
    rest = np.r_[here.order[stay : stay + 5000], away.order[come : come + 5000]]
    gain = scale * offer.value[rest] - np.where(offer.present[rest], 0.0, cache.fill_cost * offer.size[rest])
    for file in rest[np.argsort(-gain / offer.size[rest], kind="stable")]:
        size, away_bytes = offer.size[file], 0 if offer.present[file] else offer.size[file]
        added = min(float(offer.value[file]), max(egress, 0.0)) - cache.fill_cost * away_bytes
        if added > 0 and size <= disk and away_bytes <= fill:
            keep[file] = True
            disk, fill, egress = disk - size, fill - away_bytes, egress - float(offer.value[file])
    return keep

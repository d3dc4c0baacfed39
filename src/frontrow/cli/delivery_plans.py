"""Fill plans from files: demand and network in, a checked plan with its reasons out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.cli.delivery_files import names, numbers, read_frame, read_links, read_network, sizes
from frontrow.errors import FrontrowError, InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from frontrow.delivery.lagrangian import Prices
    from frontrow.delivery.network import Cache

_COMMAND = "frontrow delivery place"
_TERABYTE = 1e12
_FILL_STEP_BYTES = 100e6 / 8 * 6 * 3600  # 100 Mbit/s through a window of six hours


@dataclass(frozen=True)
class Made:
    """The plan as a table `cache,file,action,reason` and its figures."""

    frame: pl.DataFrame
    value: float
    bound: float
    gap: float
    prices: dict[str, dict[str, float]]
    notes: list[str]
    kept: int
    filled: int
    evicted: int


@dataclass(frozen=True)
class _Demand:
    files: list[str]
    size: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]  # (caches, files) bytes at the peak
    present: npt.NDArray[np.bool_]
    copies: npt.NDArray[np.int64]


def make(demand_path: Path, network_path: Path, links_path: Path | None) -> Made:
    """Read, plan, verify. Raises FrontrowError should the verifier find a fault: that is ours."""
    import numpy as np

    from frontrow.delivery import coupled, lagrangian, verify
    from frontrow.delivery.network import Offer

    caches = read_network(network_path)
    demand, notes = _read_demand(demand_path, caches)
    for cache in caches:
        if cache.disk_bytes < demand.size.min():
            notes.append(f"cache {cache.name}: a disk of {cache.disk_bytes} bytes holds not even the smallest file")
        if not cache.fill_limit:
            notes.append(f"cache {cache.name}: nothing can be filled, so the plan only chooses what stays")
    for index in np.flatnonzero(demand.value.sum(1) == 0):
        notes.append(f"cache {caches[index].name}: no demand is known there; it takes the mean of the other caches")
        demand.value[index] = demand.value.sum(0) / max((demand.value.sum(1) > 0).sum(), 1)
    keep = np.zeros(demand.value.shape, bool)
    prices: dict[int, Prices] = {}
    value = bound = 0.0
    worth = read_links(links_path, caches) if links_path else np.eye(len(caches))
    for group in coupled.groups(worth, together=bool(demand.copies.max() > 1)):
        if len(group) == 1 and demand.copies.max() <= 1:
            c = group[0]
            offer = Offer(demand.size, demand.value[c], demand.present[c], demand.copies > 0)
            plan = lagrangian.place(caches[c], offer)
            keep[c], prices[c] = plan.keep, plan.prices
            value, bound = value + plan.value, bound + plan.bound
            _check(
                verify.faults(
                    caches[c], offer, plan.keep, value=plan.value, bound=plan.bound if not len(plan.left_out) else None
                )
            )
            if len(plan.left_out):
                notes.append(
                    f"cache {caches[c].name}: no room for {len(plan.left_out)} required files, as "
                    f"{demand.files[plan.left_out[0]]!r}"
                )
            continue
        part = coupled.Group(
            tuple(caches[c] for c in group), worth[np.ix_(group, group)], demand.size, demand.value[group],
            demand.present[group], np.minimum(demand.copies, len(group)),
        )  # fmt: skip
        if demand.copies.max() > len(group):
            notes.append(
                f"{demand.copies.max()} copies are asked for, planned together are {len(group)} caches: as many"
            )
        found = coupled.place(part)
        value, bound = value + found.value, bound + found.bound
        bound_holds = None if len(found.short) else found.bound  # it is one of plans with all the copies
        _check(verify.group_faults(part, found.keep, found.served, value=found.value, bound=bound_holds))
        for row, c in enumerate(group):
            keep[c], prices[c] = found.keep[row], found.prices[row]
        if len(found.short):
            notes.append(
                f"{len(found.short)} files have fewer copies than asked for, as "
                f"{demand.files[found.short[0]]!r}: no room"
            )
    gap = max(0.0, (bound - value) / bound) if bound > 0 else 0.0
    frame = _table(caches, demand, keep, prices)
    shown = {
        caches[c].name: {
            "disk_byte": price.disk, "fill_byte": price.fill, "egress_byte": price.egress,
            "terabyte": price.disk * _TERABYTE, "fill_100mbps": price.fill * _FILL_STEP_BYTES,
        }
        for c, price in sorted(prices.items())
    }  # fmt: skip
    filled, evicted = int((keep & ~demand.present).sum()), int((demand.present & ~keep).sum())
    return Made(frame, value, bound, gap, shown, notes, int(keep.sum()), filled, evicted)


def _check(faults: list[str]) -> None:
    if faults:
        raise FrontrowError(f"the plan broke a rule: {faults[0]}; please report it with the input")


def _read_demand(path: Path, caches: list[Cache]) -> tuple[_Demand, list[str]]:
    import numpy as np
    import polars as pl

    frame = read_frame(path, ("size",), _COMMAND)
    if "file" not in frame.columns and "object" in frame.columns:
        frame = frame.rename({"object": "file"})
    what = next((name for name in ("requests", "demand") if name in frame.columns), None)
    if "file" not in frame.columns or what is None:
        raise InputError(
            f"{path} needs columns file and requests (or demand, in bytes); it has {', '.join(frame.columns)}"
        )
    size = sizes(frame, "size", path)
    value = numbers(frame, what, path, least=0) * (size if what == "requests" else 1)
    if "cache" not in frame.columns:
        if len(caches) > 1:
            raise InputError(
                f"{path} has no column 'cache' and the network has {len(caches)} caches; say whose demand it is"
            )
        frame = frame.with_columns(cache=pl.lit(caches[0].name))
    index_of = {cache.name: index for index, cache in enumerate(caches)}
    of_cache = names(frame, "cache", path).to_list()
    unknown = sorted({name for name in of_cache if name not in index_of})
    notes = [f"demand names cache {name!r}, which the network does not have; left out" for name in unknown[:3]]
    at = np.array([index_of.get(name, -1) for name in of_cache])
    listed = names(frame, "file", path)
    files = listed.unique(maintain_order=True)
    index = (
        listed.to_frame("f")
        .join(pl.DataFrame({"f": files, "i": np.arange(len(files))}), on="f", how="left", maintain_order="left")["i"]
        .to_numpy()
    )
    size_of = np.zeros(len(files), np.int64)
    size_of[index] = size
    if (size_of[index] != size).any():
        row = int(np.flatnonzero(size_of[index] != size)[0])
        raise InputError(f"{path}, row {row + 1}: file {listed[row]!r} has another size than elsewhere")
    k = len(caches)
    key = at * len(files) + index
    inside = at >= 0
    if len(np.unique(key[inside])) < inside.sum():
        notes.append("a file is listed more than once for a cache; its demand was added up")
    table = np.bincount(key[inside], value[inside], minlength=k * len(files)).astype(float).reshape(k, len(files))
    flat = np.zeros(k * len(files), bool)
    if "present" in frame.columns:
        here = numbers(frame, "present", path) > 0
        flat[key[inside & here]] = True
    present = flat.reshape(k, len(files))
    for c, cache in enumerate(caches):
        held = int(size_of[present[c]].sum())
        if held > cache.disk_bytes:
            notes.append(f"cache {cache.name}: {held} bytes lie on a disk of {cache.disk_bytes}; the plan evicts")
    copies = np.zeros(len(files), np.int64)
    if "copies" in frame.columns:
        np.maximum.at(copies, index, numbers(frame, "copies", path, least=0).astype(np.int64))
    return _Demand(files.to_list(), size_of, table, present, copies), notes


def _table(
    caches: list[Cache], demand: _Demand, keep: npt.NDArray[np.bool_], prices: dict[int, Prices]
) -> pl.DataFrame:
    """One row a file that stays, comes or goes, with the reason: what a byte of it is worth against what one costs."""
    import numpy as np
    import polars as pl

    parts = []
    for c, cache in enumerate(caches):
        shown = np.flatnonzero(keep[c] | demand.present[c])
        density = demand.value[c][shown] / demand.size[shown]
        price = prices[c]
        to_fill = price.disk + price.fill + cache.fill_cost
        kept, there = keep[c][shown], demand.present[c][shown]
        part = pl.DataFrame(
            {
                "cache": [cache.name] * len(shown),
                "file": [demand.files[i] for i in shown],
                "action": np.where(~kept, "evict", np.where(there, "keep", "fill")).tolist(),
                "density": density,
                "threshold": np.where(there, price.disk, to_fill),
            }
        )
        parts.append(part)
    frame = pl.concat(parts)
    return frame.with_columns(
        reason=pl.format(
            "a byte of it is asked for {} times at the peak, the price is {}",
            pl.col("density").round(4),
            pl.col("threshold").round(4),
        )
    ).select("cache", "file", "action", "reason")

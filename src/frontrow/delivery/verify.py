"""Checks a fill plan against the limits from the plan and the input alone; shares no code with what makes plans."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from frontrow.delivery.network import Array, Cache, Offer

if TYPE_CHECKING:
    from frontrow.delivery.coupled import Group

_SLACK = 1e-9


def faults(
    cache: Cache, offer: Offer, keep: npt.NDArray[np.bool_], *, value: float | None = None, bound: float | None = None
) -> list[str]:
    """Everything that is wrong with a plan, in words; empty when it is feasible and its figures are true."""
    found = []
    if len(keep) != len(offer.size):
        return [f"cache {cache.name!r}: the plan speaks of {len(keep)} files, there are {len(offer.size)}"]
    on_disk = int(sum(int(size) for size in offer.size[keep]))
    brought = int(sum(int(size) for size in offer.size[keep & ~offer.present]))
    if on_disk > cache.disk_bytes:
        found.append(f"cache {cache.name!r}: {on_disk} bytes on a disk of {cache.disk_bytes}")
    if brought > cache.fill_bytes:
        found.append(f"cache {cache.name!r}: {brought} bytes to fill in a window of {cache.fill_bytes}")
    if brought > cache.churn * cache.disk_bytes * (1 + _SLACK):
        found.append(f"cache {cache.name!r}: {brought} bytes replaced, {cache.churn:.0%} of the disk are allowed")
    served = min(float(np.dot(offer.value, keep)), cache.egress_bytes)
    true_value = served - cache.fill_cost * brought
    if value is not None and abs(true_value - value) > _SLACK * max(1.0, abs(true_value)):
        found.append(f"cache {cache.name!r}: the plan says it is worth {value}, it is worth {true_value}")
    if bound is not None and true_value > bound * (1 + _SLACK) + _SLACK:
        found.append(f"cache {cache.name!r}: worth {true_value}, above its bound {bound}")
    return found


def group_faults(
    group: Group, keep: npt.NDArray[np.bool_], served: Array, *, value: float | None = None, bound: float | None = None
) -> list[str]:
    """Everything that is wrong with a plan of caches that serve each other; empty when it is feasible.

    `served` (regions, caches) bytes can be shared out among files exactly when no set of caches serves a region more
    than the region asks for of what lies on any of them (Gale 1957, Pacific Journal of Mathematics 7).
    """
    found = []
    for c, cache in enumerate(group.caches):
        unlimited = Cache(cache.name, cache.disk_bytes, cache.fill_bytes, churn=cache.churn)
        found += faults(unlimited, Offer(group.size, group.demand[c], group.present[c]), keep[c])
        carried = float(served[:, c].sum())
        if carried > cache.egress_bytes * (1 + _SLACK) + _SLACK:
            found.append(f"cache {cache.name!r}: serves {carried} bytes, {cache.egress_bytes} are allowed")
    for r, cache in enumerate(group.caches):
        for count in range(1, len(group.caches) + 1):
            for some in combinations(range(len(group.caches)), count):
                held = keep[list(some)].any(0)
                asked, got = float(group.demand[r][held].sum()), float(served[r, list(some)].sum())
                if got > asked * (1 + 1e-6) + _SLACK:
                    found.append(f"region {cache.name!r}: {got} bytes served of {asked} that lie on caches {some}")
    if (served < -_SLACK).any():
        found.append("a cache serves less than nothing")
    brought = [float(group.size[keep[c] & ~group.present[c]].sum()) for c in range(len(group.caches))]
    worth = float((served * group.worth).sum())
    true_value = worth - sum(cache.fill_cost * b for cache, b in zip(group.caches, brought, strict=True))
    if value is not None and abs(true_value - value) > 1e-6 * max(1.0, abs(true_value)):
        found.append(f"the plan says it is worth {value}, it is worth {true_value}")
    if bound is not None and true_value > bound * (1 + 1e-6) + _SLACK:
        found.append(f"worth {true_value}, above its bound {bound}")
    return found

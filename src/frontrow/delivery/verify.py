"""Checks a fill plan against the limits from the plan and the input alone; shares no code with what makes plans."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from frontrow.delivery.network import Cache, Offer

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

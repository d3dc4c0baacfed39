"""What links between caches carry tomorrow, what they are worth, and what would be lost without them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from frontrow.delivery import coupled
from frontrow.delivery.network import Array, Cache
from frontrow.delivery.requests import Files


@dataclass(frozen=True)
class Link:
    """From a cache to the region of another: bytes a day, worth of each (0 to 1), and bytes lost were it cut."""

    region: int
    cache: int
    worth: float
    bytes: float
    lost: float


@dataclass(frozen=True)
class Neighbours:
    """Caches planned together, their disks full. Values are worth-weighted bytes a day."""

    links: list[Link]
    terabyte: Array  # what one more terabyte of each disk would bring, a day
    served: Array  # (caches,) bytes a day that each serves, at home and to others
    value: float
    alone: float  # value if every cache planned for itself
    free: float  # value if a neighbour's byte were worth as much as one served at home


def plan(caches: list[Cache], files: Files, demand: Array, worth: Array) -> Neighbours:
    """Tomorrow's plan of `demand` (caches, files) bytes a day over `worth` (regions, caches), once disks are full."""
    count = len(caches)
    links: list[Link] = []
    terabyte, served_by = np.zeros(count), np.zeros(count)
    value = alone = free = 0.0
    for members in coupled.groups(worth):
        some = [replace(caches[c], fill_bytes=int(files.size.sum()), churn=np.inf, fill_cost=0.0) for c in members]
        own = worth[np.ix_(members, members)]
        group = _group(some, files, demand[members], own)
        made = coupled.place(group)
        value += made.value
        alone += coupled.place(replace(group, worth=np.eye(len(members)))).value
        free += coupled.place(replace(group, worth=(own > 0).astype(float))).value
        for row, c in enumerate(members):
            terabyte[c], served_by[c] = made.prices[row].disk * 1e12, made.served[:, row].sum()
        for r, c in np.argwhere((own > 0) & ~np.eye(len(members), dtype=bool)):
            cut = own.copy()
            cut[r, c] = 0.0
            lost = made.value - coupled.serve(replace(group, worth=cut), made.keep)[1]
            links.append(Link(members[r], members[c], float(own[r, c]), float(made.served[r, c]), max(lost, 0.0)))
    return Neighbours(links, terabyte, served_by, value, alone, free)


def _group(caches: list[Cache], files: Files, demand: Array, worth: Array) -> coupled.Group:
    nothing: npt.NDArray[np.bool_] = np.zeros(demand.shape, np.bool_)
    return coupled.Group(tuple(caches), worth, files.size, demand, nothing, np.zeros(len(files.size), np.int64))

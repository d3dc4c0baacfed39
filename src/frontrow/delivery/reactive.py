"""What the cache does by itself between plans: keep what is asked for most, by a count that fades, around pinned files.

The policy is LRFU (Lee et al., 2001, IEEE Trans. Computers 50:12): every request adds one to a count that fades with a
time constant, so a short constant is LRU and an infinite one LFU. It was chosen over SIEVE and S3-FIFO by measurement:
see docs/benchmarks/delivery.md. Two things are ours. Counts are kept a *group* (a title) and shared out to its files
(renditions), so a file seldom asked for is judged by its title. And a plan may *seed* the counts with a forecast, push
files in at night and pin some; requests go on moving the same counts.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from frontrow.delivery.eviction import Hits, drop_smallest, sift_down, sift_up
from frontrow.errors import InputError

RESIDENCE_SHARE = 0.2
"""Time constant over the requests that the first filling takes: chosen on the first half of a CDN's log."""
_PINNED = 1e300
_CLOCK, _LENGTH, _FADE = 0, 1, 2  # entries of a disk's state


class Disk:
    """The state of one cache. Files are indices into `sizes` (bytes); its clock is the number of requests it has seen.

    `group` is the title of each file and `share` the file's share of its title's requests; without them every file is
    judged by itself. The time constant is `residence_share` of the requests that the first filling takes, until `seed`
    sets it. Raises InputError for negative sizes.
    """

    def __init__(
        self,
        sizes: npt.NDArray[np.int64],
        capacity: int,
        *,
        group: npt.NDArray[np.int64] | None = None,
        share: npt.NDArray[np.float64] | None = None,
        residence_share: float = RESIDENCE_SHARE,
    ) -> None:
        count = len(sizes)
        if capacity < 0 or (count and sizes.min() < 0):
            raise InputError(f"disk of {capacity} bytes, smallest file {min(sizes, default=0)}: bytes are 0 and up")
        self.sizes = np.ascontiguousarray(sizes, np.int64)
        self.capacity = int(capacity)
        self._group = np.arange(count) if group is None else np.ascontiguousarray(group, np.int64)
        self._log_share = np.zeros(count) if share is None else np.log(np.maximum(share, 1e-12))
        groups = int(self._group.max()) + 1 if count else 0
        self._files = np.argsort(self._group, kind="stable")
        self._first = np.searchsorted(self._group[self._files], np.arange(groups + 1))
        self._weight = np.zeros(groups)  # faded count of a group, at the time _touched
        self._touched = np.zeros(groups)
        self._key = np.full(count, -np.inf)  # log of the faded count, up to what fades all alike
        self._heap = np.zeros(count, np.int64)
        self._place = np.full(count, -1)  # of a file in the heap; -1: not on the disk
        self._state = np.array([0.0, 0.0, 0.0])
        self._residence_share = residence_share
        self._used = np.zeros(1, np.int64)

    @property
    def cached(self) -> npt.NDArray[np.bool_]:
        """Which files lie on the disk."""
        held: npt.NDArray[np.bool_] = self._place >= 0
        return held

    @property
    def used(self) -> int:
        """Bytes on the disk; never above its capacity."""
        return int(self._used[0])

    def serve(self, objects: npt.NDArray[np.int64]) -> Hits:
        """Let requests pass in their order; which of them came from the disk. A miss is kept if it beats what goes."""
        return _serve(
            objects, self.sizes, self.capacity, self._used, self._group, self._files, self._first, self._log_share,
            self._weight, self._touched, self._key, self._heap, self._place, self._state, self._residence_share,
        )  # fmt: skip

    def clear(self) -> None:
        """Lose everything on the disk, as when a cache dies and comes back empty; counts are kept."""
        self._place[:] = -1
        self._state[_LENGTH] = 0
        self._used[:] = 0

    def seed(self, forecast: npt.NDArray[np.float64], share: npt.NDArray[np.float64], fade_requests: float) -> None:
        """Set the counts as if each group had been asked for at `forecast`, its share of requests; unpin everything.

        `share` is each file's share of its group. From here on counts fade with `fade_requests`.
        """
        if not fade_requests > 0:
            raise InputError(f"fade_requests is {fade_requests}; it is above 0, and a day of requests is usual")
        self._state[_FADE] = fade = fade_requests
        clock, length, _ = self._state
        self._log_share[:] = np.log(np.maximum(share, 1e-12))
        self._weight[:] = np.maximum(forecast, 1e-12) * fade
        self._touched[:] = clock
        self._key[:] = np.log(self._weight)[self._group] + self._log_share + clock / fade
        _heapify(self._heap, self._place, self._key, int(length))

    def push(self, files: npt.NDArray[np.int64], fill_bytes: int) -> int:
        """Bring `files` in, first come first, each only in place of what is wanted less; bytes that were sent."""
        return int(
            _push(
                files,
                fill_bytes,
                self.sizes,
                self.capacity,
                self._used,
                self._key,
                self._heap,
                self._place,
                self._state,
            )
        )

    def pin(self, files: npt.NDArray[np.int64]) -> None:
        """Keep those of `files` that lie here until the next `seed`, whatever is asked for."""
        held = files[self._place[files] >= 0]
        self._key[held] = _PINNED
        _heapify(self._heap, self._place, self._key, int(self._state[_LENGTH]))


@numba.njit(cache=True)
def _heapify(heap: Any, place: Any, key: Any, length: int) -> None:
    for at in range(length // 2 - 1, -1, -1):
        sift_down(heap, place, key, at, length)


@numba.njit(cache=True)
def _make_room(
    size: int, bar: float, sizes: Any, capacity: int, used: Any, key: Any, heap: Any, place: Any, state: Any
) -> bool:
    """Evict what has a key below `bar` until `size` bytes fit; whether they do."""
    while used[0] + size > capacity:
        if state[_LENGTH] == 0 or key[heap[0]] >= bar:
            return False
        used[0] -= sizes[drop_smallest(heap, place, key, int(state[_LENGTH]))]
        state[_LENGTH] -= 1
    return True


@numba.njit(cache=True)
def _insert(item: int, sizes: Any, used: Any, key: Any, heap: Any, place: Any, state: Any) -> None:
    length = int(state[_LENGTH])
    heap[length] = item
    place[item] = length
    state[_LENGTH] += 1
    used[0] += sizes[item]
    sift_up(heap, place, key, length)


@numba.njit(cache=True)
def _push(
    files: Any, fill_bytes: int, sizes: Any, capacity: int, used: Any, key: Any, heap: Any, place: Any, state: Any
) -> int:
    sent = 0
    for item in files:
        size = sizes[item]
        if place[item] >= 0 or size > capacity or sent + size > fill_bytes:
            continue
        if _make_room(size, key[item], sizes, capacity, used, key, heap, place, state):
            _insert(item, sizes, used, key, heap, place, state)
            sent += size
    return sent


@numba.njit(cache=True)
def _serve(
    objects: Any, sizes: Any, capacity: int, used: Any, group: Any, files: Any, first: Any, log_share: Any,
    weight: Any, touched: Any, key: Any, heap: Any, place: Any, state: Any, residence_share: float,
) -> Hits:  # fmt: skip
    hits = np.zeros(len(objects), np.bool_)
    for at in range(len(objects)):
        item = objects[at]
        own = group[item]
        clock, fade = state[_CLOCK], state[_FADE]
        state[_CLOCK] += 1
        if fade > 0:
            weight[own] = weight[own] * np.exp((touched[own] - clock) / fade) + 1
        else:
            weight[own] += 1
        touched[own] = clock
        level = np.log(weight[own]) + (clock / fade if fade > 0 else 0.0)
        length = int(state[_LENGTH])
        for slot in range(first[own], first[own + 1]):
            file = files[slot]
            if key[file] != _PINNED:
                key[file] = level + log_share[file]
                if place[file] >= 0:
                    sift_down(heap, place, key, place[file], length)
                    sift_up(heap, place, key, place[file])
        if place[item] >= 0:
            hits[at] = True
            continue
        if sizes[item] > capacity:
            continue
        if fade == 0 and used[0] + sizes[item] > capacity:  # the first filling is over: now counts begin to fade
            fade = max(residence_share * clock, 1.0)
            state[_FADE] = fade
            for file in range(len(key)):
                if weight[group[file]] > 0 and key[file] != _PINNED:
                    key[file] = np.log(weight[group[file]]) + touched[group[file]] / fade + log_share[file]
            _heapify(heap, place, key, int(state[_LENGTH]))
        if _make_room(sizes[item], key[item], sizes, capacity, used, key, heap, place, state):
            _insert(item, sizes, used, key, heap, place, state)
    return hits

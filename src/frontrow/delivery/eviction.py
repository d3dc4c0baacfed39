"""Online eviction policies and Belady's offline one, each a loop over requests that says which of them were hits.

All take `objects` (int64 index into `sizes`), `sizes` (int64 bytes an object) and `capacity` (bytes), and return a bool
array of hits. An object larger than the cache is fetched and not kept. They are the yardsticks of a replay: LRU; SIEVE
(Zhang et al., NSDI 2024); S3-FIFO (Yang et al., SOSP 2023); Belady (1966), which knows the future and skips what is
never asked for again.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

Hits = Any  # bool array, one entry a request
_NEVER = np.int64(1 << 62)


@numba.njit(cache=True)
def _unlink(item: int, before: Any, after: Any) -> None:
    """Take `item` out of a ring whose sentinel is the last index."""
    after[before[item]] = after[item]
    before[after[item]] = before[item]


@numba.njit(cache=True)
def _push(item: int, before: Any, after: Any, sentinel: int) -> None:
    """Put `item` at the young end of the ring: just after the sentinel."""
    first = after[sentinel]
    after[sentinel] = item
    before[item] = sentinel
    after[item] = first
    before[first] = item


@numba.njit(cache=True)
def lru(objects: Any, sizes: Any, capacity: int) -> Hits:
    """Evict what was asked for longest ago."""
    count = len(sizes)
    before, after = np.full(count + 1, count), np.full(count + 1, count)
    cached = np.zeros(count, np.bool_)
    hits = np.zeros(len(objects), np.bool_)
    used = 0
    for at in range(len(objects)):
        item = objects[at]
        if cached[item]:
            hits[at] = True
            _unlink(item, before, after)
            _push(item, before, after, count)
            continue
        if sizes[item] > capacity:
            continue
        used += sizes[item]
        while used > capacity:
            oldest = before[count]
            _unlink(oldest, before, after)
            cached[oldest] = False
            used -= sizes[oldest]
        cached[item] = True
        _push(item, before, after, count)
    return hits


@numba.njit(cache=True)
def sieve(objects: Any, sizes: Any, capacity: int) -> Hits:
    """A queue with one hand that spares what was asked for since it last passed; hits move nothing."""
    count = len(sizes)
    before, after = np.full(count + 1, count), np.full(count + 1, count)
    cached, visited = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    hits = np.zeros(len(objects), np.bool_)
    used, hand = 0, count
    for at in range(len(objects)):
        item = objects[at]
        if cached[item]:
            hits[at] = visited[item] = True
            continue
        if sizes[item] > capacity:
            continue
        used += sizes[item]
        while used > capacity:
            if hand == count:
                hand = before[count]
            while visited[hand]:
                visited[hand] = False
                hand = before[hand]
                if hand == count:
                    hand = before[count]
            victim = hand
            hand = before[victim]
            _unlink(victim, before, after)
            cached[victim] = False
            used -= sizes[victim]
        cached[item] = True
        visited[item] = False
        _push(item, before, after, count)
    return hits


@numba.njit(cache=True)
def s3_fifo(objects: Any, sizes: Any, capacity: int) -> Hits:
    """A small queue (a tenth of the disk) that filters, a main queue, and a ghost of what the small one let go."""
    count = len(sizes)
    before, after = np.full(count + 2, 0), np.full(count + 2, 0)
    small, main = count, count + 1  # sentinels of two rings in one array
    for ring in (small, main):
        before[ring] = after[ring] = ring
    where = np.zeros(count, np.int8)  # 0 nowhere, 1 small, 2 main
    frequency = np.zeros(count, np.int8)
    ghost_at = np.full(count, -1)  # bytes that had gone through the ghost when the object entered it
    hits = np.zeros(len(objects), np.bool_)
    small_capacity = capacity // 10
    used_small, used_main, ghosted = 0, 0, 0
    for at in range(len(objects)):
        item = objects[at]
        if where[item]:
            hits[at] = True
            frequency[item] = min(frequency[item] + 1, 3)
            continue
        if sizes[item] > capacity:
            continue
        while used_small + used_main + sizes[item] > capacity:
            if used_small > small_capacity or used_main == 0:
                oldest = before[small]
                _unlink(oldest, before, after)
                used_small -= sizes[oldest]
                if frequency[oldest] > 1:
                    where[oldest], frequency[oldest] = 2, 0
                    _push(oldest, before, after, main)
                    used_main += sizes[oldest]
                else:
                    where[oldest] = 0
                    ghost_at[oldest] = ghosted
                    ghosted += sizes[oldest]
            else:
                oldest = before[main]
                _unlink(oldest, before, after)
                if frequency[oldest] > 0:
                    frequency[oldest] -= 1
                    _push(oldest, before, after, main)
                else:
                    where[oldest] = 0
                    used_main -= sizes[oldest]
        frequency[item] = 0
        if ghost_at[item] >= 0 and ghosted - ghost_at[item] <= capacity:
            where[item] = 2
            _push(item, before, after, main)
            used_main += sizes[item]
        else:
            where[item] = 1
            _push(item, before, after, small)
            used_small += sizes[item]
        ghost_at[item] = -1
    return hits


@numba.njit(cache=True)
def sift_up(heap: Any, place: Any, key: Any, at: int) -> None:
    """Restore a heap whose entry `at` may be smaller than its parents; the smallest key is on top."""
    item = heap[at]
    while at > 0:
        parent = (at - 1) >> 1
        if key[heap[parent]] <= key[item]:
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at] = item
    place[item] = at


@numba.njit(cache=True)
def sift_down(heap: Any, place: Any, key: Any, at: int, length: int) -> None:
    """Restore a heap whose entry `at` may be larger than its children."""
    item = heap[at]
    while True:
        child = 2 * at + 1
        if child >= length:
            break
        if child + 1 < length and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[item]:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at] = item
    place[item] = at


@numba.njit(cache=True)
def drop_smallest(heap: Any, place: Any, key: Any, length: int) -> int:
    """Take the item with the smallest key off the heap and return it."""
    item = heap[0]
    place[item] = -1
    if length > 1:
        heap[0] = heap[length - 1]
        place[heap[0]] = 0
        sift_down(heap, place, key, 0, length - 1)
    return int(item)


@numba.njit(cache=True)
def _next_request(objects: Any, count: int) -> Any:
    following = np.empty(len(objects), np.int64)
    latest = np.full(count, _NEVER)
    for at in range(len(objects) - 1, -1, -1):
        following[at] = latest[objects[at]]
        latest[objects[at]] = at
    return following


@numba.njit(cache=True)
def belady(objects: Any, sizes: Any, capacity: int) -> Hits:
    """Evict what will be asked for furthest in the future: what no online policy can know."""
    count = len(sizes)
    following = _next_request(objects, count)
    key = np.zeros(count, np.int64)  # minus the next request: the smallest is the furthest
    heap, place = np.zeros(count, np.int64), np.full(count, -1)
    hits = np.zeros(len(objects), np.bool_)
    used, length = 0, 0
    for at in range(len(objects)):
        item = objects[at]
        key[item] = -following[at]
        if place[item] >= 0:
            hits[at] = True
            sift_down(heap, place, key, place[item], length)
            sift_up(heap, place, key, place[item])
            continue
        if sizes[item] > capacity or following[at] == _NEVER:
            continue
        used += sizes[item]
        while used > capacity:
            used -= sizes[drop_smallest(heap, place, key, length)]
            length -= 1
        heap[length] = item
        place[item] = length
        length += 1
        sift_up(heap, place, key, length - 1)
    return hits


ONLINE = {"lru": lru, "sieve": sieve, "s3-fifo": s3_fifo}

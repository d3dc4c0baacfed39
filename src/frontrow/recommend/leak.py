"""Whether something that should know only the past also knows the future.

The shuffled-future test: what is made from the events before a moment must come out the same, to the last bit, when
the events after it are given to other viewers and other titles. What changes has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.recommend.signals import Interactions


class LeakFound(InputError):
    """A feature is made from events later than the moment it is used at."""


def shuffle_future(interactions: Interactions, cut_ms: int, rng: np.random.Generator) -> Interactions:
    """The same events up to `cut_ms` (exclusive); the later ones with titles, weights and times permuted."""
    later = np.flatnonzero(interactions.at_ms >= cut_ms)
    title, weight, at_ms = interactions.title.copy(), interactions.weight.copy(), interactions.at_ms.copy()
    title[later] = rng.permutation(title[later])
    weight[later] = rng.permutation(weight[later]) * rng.choice([0.5, 1.0], len(later)).astype(np.float32)
    at_ms[later] = rng.permutation(at_ms[later])
    return replace(interactions, title=title, weight=weight, at_ms=at_ms)


def refuse_leaks(
    name: str,
    make: Callable[[Interactions, int], NDArray[Any]],
    interactions: Interactions,
    cut_ms: int,
    rng: np.random.Generator,
) -> None:
    """Raise LeakFound when `make(interactions, cut_ms)` changes with the future."""
    honest, tried = make(interactions, cut_ms), make(shuffle_future(interactions, cut_ms, rng), cut_ms)
    if not np.array_equal(honest, tried, equal_nan=True):
        changed = float((honest != tried).mean()) if honest.shape == tried.shape else 1.0
        raise LeakFound(
            f"{name} is made from the future: shuffling the events after its moment changes {changed:.1%} of it; "
            "make it from earlier events only"
        )

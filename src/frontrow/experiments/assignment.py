"""Who is in which arm: a salted hash, so the answer is the same everywhere, for ever, without a table.

The unit's *position* in its layer decides whether the experiment may have it; a second, independent hash decides the
arm. Because the arm's hash knows nothing of the ramp, a growing ramp adds units and never moves one.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments.definition import Definition

SEPARATOR: Final = "\x1f"  # a unit separator keeps ("ab", "c") and ("a", "bc") apart; names may not hold it
HOLDOUT_SALT: Final = "global-holdout"
LAYER_SALT: Final = "layer-position"


def position(salt: str, layer: str, unit: str) -> float:
    """A number in [0, 1) that (salt, layer, unit) always has: the top 53 bits of blake2b-64, over 2^53."""
    return float(positions(salt, layer, (unit,))[0])


def positions(salt: str, layer: str, units: Sequence[str]) -> NDArray[np.float64]:
    """`position` of many units, shape (n,)."""
    prefix = f"{salt}{SEPARATOR}{layer}{SEPARATOR}".encode()
    blake2b = hashlib.blake2b
    digests = b"".join([blake2b(prefix + unit.encode(), digest_size=8).digest() for unit in units])
    return (np.frombuffer(digests, ">u8") >> np.uint64(11)).astype(np.float64) * 2.0**-53


def held_out(units: Sequence[str], holdout: float) -> NDArray[np.bool_]:
    """Which units belong to the sticky global holdout of that share: they meet no experiment at all, ever."""
    return np.asarray(positions(HOLDOUT_SALT, "", units) < holdout)


def assign(definition: Definition, unit: str, *, ramp: float = 1.0, holdout: float = 0.0) -> str | None:
    """The unit's arm, or None outside the experiment (its slice, the ramp so far, or in the global holdout)."""
    index = int(assign_many(definition, (unit,), ramp=ramp, holdout=holdout)[0])
    return None if index < 0 else tuple(definition.arms)[index]


def assign_many(
    definition: Definition, units: Sequence[str], *, ramp: float = 1.0, holdout: float = 0.0
) -> NDArray[np.int8]:
    """Index of each unit's arm in the definition's order, -1 outside; shape (n,).

    `ramp` is the share of the experiment's slice that is open so far. Growing it adds units at the far end; shrinking
    it closes that end, and those units find their old arm when it grows again. Raises InputError outside [0, 1].
    """
    for name, value in (("ramp", ramp), ("holdout", holdout)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} is {value}; it must be between 0 and 1")
    start, end = definition.slice
    edges = np.cumsum(tuple(definition.arms.values()))[:-1]
    salt = definition.salt or f"{definition.name}:{definition.version}"
    arm = np.searchsorted(edges, positions(salt, definition.layer, units), side="right").astype(np.int8)
    if (start, end, ramp) != (0.0, 1.0, 1.0):
        place = positions(LAYER_SALT, definition.layer, units)
        arm[(place < start) | (place >= start + ramp * (end - start))] = -1
    if holdout:
        arm[held_out(units, holdout)] = -1
    return arm


def refuse_overlap(definitions: Sequence[Definition]) -> None:
    """Raise InputError when two experiments of one layer claim the same slice, so would meet in the same units."""
    by_place = sorted(definitions, key=lambda d: (d.layer, d.slice))
    for one, other in itertools.pairwise(by_place):
        if one.layer == other.layer and other.slice[0] < one.slice[1]:
            raise InputError(
                f"experiments {one.name!r} and {other.name!r} overlap in layer {one.layer!r}: slices "
                f"{list(one.slice)} and {list(other.slice)}; move one or give it a layer of its own"
            )

"""What an experiment's log holds, before and after the rules of exposure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.str_]

DAY_MS: Final = 86_400_000
UNKNOWN: Final = "(unknown)"


@dataclass(frozen=True)
class Readings:
    """Numbers that belong to units; `at_ms` is None where the file has no time for them."""

    unit: Texts
    value: Floats
    at_ms: Ints | None = None


@dataclass(frozen=True)
class Log:
    """Exposures and outcomes as they were logged, rows in the order of the log. All exposure arrays have one length."""

    unit: Texts
    arm: Texts
    at_ms: Ints | None = None  # of the exposure; None: the order of the rows is the time
    decided_ms: Ints | None = None  # when the arm was decided, where that was logged too
    device: Texts | None = None
    owner: Texts | None = None  # what the definition says is assigned, where the log has it beside its unit
    hash: Texts | None = None  # of the definition that the logging code knew; "" where it said nothing
    segments: Mapping[str, Texts] = field(default_factory=dict)  # by exposure row
    also: Mapping[str, Texts] = field(default_factory=dict)  # other experiment's name -> its arm, by exposure row
    outcomes: Mapping[str, Readings] = field(default_factory=dict)  # by source
    covariates: Mapping[str, Readings] = field(default_factory=dict)  # by source; pre-period
    wide: bool = False  # outcomes stand in the exposure rows, so a repeated row would count twice


@dataclass(frozen=True)
class Trace:
    """What the checks need to know about how the log came to be."""

    duplicates: int = 0  # rows of a wide table logged twice
    rows: int = 0
    crossed: int = 0  # units seen in more than one arm over time
    crossed_by_device: int = 0  # of these, units whose arm depends on the device
    shared_owners: int = 0  # owners (members) that hold more than one unit
    late: tuple[float, float] | None = (
        None  # share of exposures logged over an hour after the decision: control, others
    )
    covariates_after: int = 0  # covariate readings taken at or after the exposure


@dataclass(frozen=True)
class Sample:
    """One row a unit, in order of first exposure; arrays of shape (units,)."""

    arm: NDArray[np.int8]  # index into the definition's arms
    unit: Texts
    exposed_ms: Ints | None
    values: Mapping[str, Floats]  # by source; summed over the window
    early: Mapping[str, Floats]  # the part of it in the first half of the window, where outcomes have times
    covariates: Mapping[str, Floats]  # NaN where the unit has none
    segments: Mapping[str, Texts]
    also: Mapping[str, Texts]
    left_out: Mapping[str, int]
    trace: Trace

    def upto(self, count: int) -> Sample:
        """The first `count` units: what an earlier look saw."""

        def cut(arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:  # type: ignore[type-arg]
            return {key: array[:count] for key, array in arrays.items()}

        exposed = None if self.exposed_ms is None else self.exposed_ms[:count]
        return Sample(
            self.arm[:count], self.unit[:count], exposed, cut(self.values), cut(self.early), cut(self.covariates),
            cut(self.segments), cut(self.also), self.left_out, self.trace,
        )  # fmt: skip

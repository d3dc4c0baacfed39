"""One measured figure beside its peer and what it has to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """`value` against `reach` ("at least" or "at most"); `peer_value` was measured in the same run."""

    name: str
    value: float
    unit: str = ""
    reach: float | None = None
    direction: Literal["at least", "at most"] = "at least"
    peer: str = ""
    peer_value: float | None = None
    detail: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the figure is met; None where nothing was asked."""
        if self.reach is None:
            return None
        return self.value >= self.reach if self.direction == "at least" else self.value <= self.reach

"""What is wrong with a sheet: every fault at once, each with its place, its value and the mend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from frontrow.errors import InputError


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong. `line` counts from 1 and is 0 where there is no line to name."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.message}"


class SheetFaults(InputError):
    """All faults of a sheet or a script; `faults` is in the order of the text."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        count = len(self.faults)
        super().__init__(
            f"{count} fault{'s' if count != 1 else ''}: " + "\n  ".join(["", *map(str, self.faults)]).strip()
        )

"""A screenplay as its readers give it: scenes with their headings, action, cues and dialogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

# A page of twelve-point Courier: 55 lines; columns of action and dialogue in characters.
LINES_A_PAGE = 55
_WIDTHS = {"action": 61, "dialogue": 35, "parenthetical": 25, "cue": 38, "heading": 61, "transition": 61}
_BLANK_BEFORE = {"action", "cue", "heading", "transition"}


@dataclass
class ScriptScene:
    """One scene of a script. `eighths`, `cast` and `summary` are what the file itself states, if it does."""

    number: str
    heading: str
    line: int
    elements: list[tuple[str, str]] = field(default_factory=list)  # (kind, text)
    eighths: int | None = None
    cast: list[str] = field(default_factory=list)
    summary: str = ""

    @property
    def laid_out_eighths(self) -> int:
        """Length in eighths of a page if the scene were printed in the usual layout; at least one."""
        lines = 2
        for kind, text in self.elements:
            lines += kind in _BLANK_BEFORE
            lines += sum(max(1, ceil(len(part) / _WIDTHS[kind])) for part in text.split("\n"))
        return max(1, round(8 * lines / LINES_A_PAGE))

    def texts(self, *kinds: str) -> list[str]:
        """Texts of the elements of some kinds."""
        return [text for kind, text in self.elements if kind in kinds]


@dataclass
class Script:
    """A whole script."""

    title: str
    scenes: list[ScriptScene]

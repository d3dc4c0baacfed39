"""What a person should look at after an import: one row a matter, with all the scenes it concerns."""

from __future__ import annotations

from dataclasses import dataclass

from frontrow.production.casting import CAPITALS, SURE, Presence


@dataclass(frozen=True)
class Review:
    """Something to look at before relying on the sheet. `scenes` are in script order; none when it is no scene's."""

    scenes: tuple[str, ...]
    what: str
    confidence: float


class Notes:
    """Gathers what is to be looked at while a script is broken down."""

    def __init__(self) -> None:
        self._scenes: dict[tuple[str, float], list[str]] = {}

    def add(self, scene: str, what: str, confidence: float) -> None:
        """Note `what` for a scene ("" when it is no scene's)."""
        scenes = self._scenes.setdefault((what, confidence), [])
        if scene:
            scenes.append(scene)

    def presence(self, scene: str, found: Presence) -> None:
        """Note somebody who may or may not be in a scene, and which of the two was assumed."""
        taken = "" if found.reason == CAPITALS else " (in the cast)" if found.confidence >= SURE else " (left out)"
        self.add(scene, f"{found.name}: {found.reason}{taken}", found.confidence)

    def review(self) -> tuple[Review, ...]:
        """Everything noted, the least sure first; words in capitals, of which most are things and sounds, last."""
        rows = [Review(tuple(scenes), what, confidence) for (what, confidence), scenes in self._scenes.items()]
        return tuple(sorted(rows, key=lambda row: (row.what.endswith(CAPITALS), row.confidence)))

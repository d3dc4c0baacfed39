"""What a page is made of, encoded by the service as it stands.

{"rows": [{"key", "kind", "heading", "tiles": [{"title", "name", "year", "genres", "score", "played"?, "propensity"?,
    "reason": {"text", "source", "exact", "because": [{"title", "name", "share"}]}}]}], "fallback": ""}
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class Because(msgspec.Struct, frozen=True, gc=False):
    """A title of the viewer's history and its share of the tile's score, 0 to 1."""

    title: str | int
    name: str
    share: float


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why a tile is there. `exact`: the shares are the very terms that add up to the model's score."""

    text: str
    source: str
    exact: bool = False
    because: tuple[Because, ...] = ()


class Tile(msgspec.Struct, frozen=True, gc=False):
    """One title; `played` is the played fraction where the viewer has begun it.

    `propensity` is there on a place that exploration may fill: the probability that it got this title.
    """

    title: str | int
    name: str
    year: int | None
    genres: tuple[str, ...]
    score: float
    reason: Reason
    played: float | UnsetType = UNSET
    propensity: float | UnsetType = UNSET


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row; `key` is unique on the page (and stable over pages), `kind` is its template."""

    key: str
    kind: str
    heading: str
    tiles: list[Tile]


class Page(msgspec.Struct, frozen=True, gc=False):
    """A whole page; `fallback` names what stood in when there was nothing personal to go by."""

    rows: list[Row]
    fallback: str = ""


class Ranked(msgspec.Struct, frozen=True, gc=False):
    """One list (similar titles, a ranked row, search)."""

    tiles: list[Tile]
    fallback: str = ""

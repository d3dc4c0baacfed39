"""`film` makes tiny films."""

from __future__ import annotations

from worlds.films import film as film

"""Rules as masks: what may be shown to a viewer now. Applied before ranking, so no score can break them.

Rights window, country, maturity, and that it is a thing to show at all (a film or a series, not an episode). A viewer
whose country is unknown sees only what is free everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Rules:
    """One value a title; `country_masks` has one mask for each country that some title names."""

    from_ms: NDArray[np.int64]
    until_ms: NDArray[np.int64]
    maturity: NDArray[np.int16]
    shown: NDArray[np.bool_]
    everywhere: NDArray[np.bool_]
    country_masks: dict[str, NDArray[np.bool_]]


def compile_rules(titles: pl.DataFrame) -> Rules:
    """Masks out of a catalogue frame; columns that it lacks forbid nothing."""
    import polars as pl

    n = len(titles)

    def column(name: str, default: int) -> NDArray[np.int64]:
        if name not in titles.columns:
            return np.full(n, default, np.int64)
        return titles[name].cast(pl.Int64, strict=False).fill_null(default).to_numpy()

    kinds = titles["kind"].to_list() if "kind" in titles.columns else ["movie"] * n
    countries = titles["countries"].to_list() if "countries" in titles.columns else [None] * n
    everywhere = np.array([not names for names in countries], bool)
    masks: dict[str, NDArray[np.bool_]] = {}
    for position, names in enumerate(countries):
        for name in names or ():
            masks.setdefault(name, everywhere.copy())[position] = True
    return Rules(
        from_ms=column("available_from_ms", -_FAR),
        until_ms=column("available_until_ms", _FAR),
        maturity=column("maturity", 0).clip(0, 999).astype(np.int16),
        shown=np.array([kind != "episode" for kind in kinds], bool),
        everywhere=everywhere,
        country_masks=masks,
    )


def allowed(rules: Rules, country: str, max_maturity: int, now_ms: int) -> NDArray[np.bool_]:
    """Mask [titles] of what may be shown."""
    mask = rules.country_masks.get(country, rules.everywhere) & rules.shown
    mask &= rules.from_ms <= now_ms
    mask &= rules.until_ms > now_ms
    if max_maturity < 99:
        mask &= rules.maturity <= max_maturity
    return mask

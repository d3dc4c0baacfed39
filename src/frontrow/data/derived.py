"""What a nightly reader has made of sealed segments, kept beside them so that no segment is read twice for it.

A table lies in `derived/<name>/` under the name of its segment, which ends in the segment's own hash: it cannot go
stale. It goes with its segment, so what `forget` rewrites leaves nothing behind here. Any reader may write one; all of
it may be deleted at any time, and is made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from frontrow.data import durable

if TYPE_CHECKING:
    import polars as pl

FOLDER: Final = "derived"


@dataclass(frozen=True)
class Derivation:
    """A pure function of one segment's rows."""

    name: str
    """Folder of its tables; another one whenever `make` comes to do something else."""
    make: Callable[[pl.DataFrame], pl.DataFrame]
    """Gets rows in the order of seq; of no rows it makes no rows, with the same columns."""


def load(folder: Path, name: str, file: str) -> pl.DataFrame | None:
    """The table of a segment file; None where there is none, or a crash has left half of one."""
    import polars as pl

    try:
        return pl.read_parquet(folder / FOLDER / name / file, glob=False)
    except (OSError, pl.exceptions.PolarsError):
        return None


def keep(folder: Path, name: str, segment: Path, table: pl.DataFrame) -> None:
    """Keep the table of a segment file, unless a `forget` has taken the segment away meanwhile, or the disk is full."""
    place = folder / FOLDER / name
    temporary = place / f"{segment.stem}.{os.getpid()}.parquet"
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write(temporary, table)
        temporary.rename(place / segment.name)
    except OSError:  # it is made again next time
        temporary.unlink(missing_ok=True)
        return
    if not segment.exists():  # segments go first, then their tables: one of the two finds it
        (place / segment.name).unlink(missing_ok=True)


def remove(folder: Path, files: Collection[str]) -> None:
    """Delete every table of these segment files."""
    for place in _places(folder):
        for file in files:
            (place / file).unlink(missing_ok=True)


def sweep(folder: Path, known: Collection[str]) -> None:
    """Delete every table, and every beginning of one, whose segment is not among the `known` files."""
    for place in _places(folder):
        for path in place.iterdir():
            if path.name not in known:
                path.unlink(missing_ok=True)


def _places(folder: Path) -> list[Path]:
    return [place for place in (folder / FOLDER).iterdir() if place.is_dir()] if (folder / FOLDER).exists() else []

"""Measurements of one film in a folder while it is inspected, so that a stopped run goes on where it was.

    FOLDER/<hash of the file's name, size and time>/000000/{picture,sound-1,speech-1}.parquet
                                                    000001/...
                                                    whole.msgpack      facts and faults: nothing is left to measure

A file that has changed has another hash, and is measured anew; so it is when Frontrow measures other things.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow import __version__
from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts

if TYPE_CHECKING:
    import polars as pl

FOLDER: Final = ".measured"
_WHOLE: Final = "whole.msgpack"

Part = Mapping[str, Any]
"""What the probe hands over: "picture" a series, "sound" and "speech" a series by stream index."""


class Kept:
    """What was measured of one file so far."""

    def __init__(self, folder: Path, film: Path) -> None:
        stat = film.stat()
        named = f"{_form()}\0{film.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
        self._folder = folder / FOLDER / hashlib.blake2b(named.encode(), digest_size=12).hexdigest()
        self._count = 0

    def parts(self) -> list[dict[str, Any]]:
        """What an earlier run left, in order; a part that does not open ends it."""
        found: list[dict[str, Any]] = []
        for folder in sorted(self._folder.glob("[0-9]*[0-9]")):
            part = _read(folder)
            if part is None:
                shutil.rmtree(folder)
                break
            found.append(part)
        self._count = len(found)
        return found

    def add(self, part: Part) -> None:
        """Keep one more part, whole or not at all."""
        writing = self._folder / "writing"
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir(parents=True)
        for name, series in _flat(part):
            _frame(series).write_parquet(writing / f"{name}.parquet")
        target = self._folder / f"{self._count:06d}"
        shutil.rmtree(target, ignore_errors=True)
        writing.rename(target)
        self._count += 1

    def whole(self) -> Measurements | None:
        """All of the file, where an earlier run came to its end."""
        import msgspec

        marker = self._folder / _WHOLE
        if not marker.is_file():
            return None
        try:
            told = msgspec.msgpack.decode(marker.read_bytes())
            series = _joined(_read(self._folder / "all") or {})
            facts = FileFacts(**{**told["facts"], "streams": tuple(StreamFacts(**x) for x in told["facts"]["streams"])})
            return Measurements(facts, faults=tuple(told["faults"]), **series)
        except (OSError, msgspec.DecodeError, KeyError, TypeError):
            return None

    def finish(self, measured: Measurements) -> None:
        """Keep all of it in place of the parts."""
        import msgspec

        everything = {"picture": measured.picture, "sound": measured.sound, "speech": measured.speech}
        self._count = 0
        target = self._folder / "all"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, series in _flat(everything):
            _frame(series).write_parquet(target / f"{name}.parquet")
        (self._folder / "writing.msgpack").write_bytes(
            msgspec.msgpack.encode({"facts": asdict(measured.facts), "faults": list(measured.faults)})
        )
        (self._folder / "writing.msgpack").rename(self._folder / _WHOLE)
        for folder in self._folder.glob("[0-9]*[0-9]"):
            shutil.rmtree(folder)


@cache
def _form() -> str:
    """What is measured: numbers of another version, or of other meters, are not taken for today's."""
    from frontrow.quality.picture import meters
    from frontrow.quality.sound.meter import SERIES

    return " ".join([__version__, *(name for meter in meters.make() for name in meter.names), *SERIES])


def _flat(part: Part) -> Iterable[tuple[str, Series]]:
    """(file name, series) of each series that has rows or columns."""
    for name, value in part.items():
        if not value:
            continue
        if all(isinstance(each, Mapping) for each in value.values()):
            for stream, series in value.items():
                yield f"{name}-{int(stream)}", series
        elif all(isinstance(each, np.ndarray) for each in value.values()):
            yield name, value


def _frame(series: Series) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame({name: np.ascontiguousarray(values) for name, values in series.items()})


def _read(folder: Path) -> dict[str, Any] | None:
    import polars as pl

    part: dict[str, Any] = {}
    for file in sorted(folder.glob("*.parquet")):
        try:
            frame = pl.read_parquet(file)
        except (OSError, pl.exceptions.PolarsError):
            return None
        series = {name: frame[name].to_numpy(writable=True) for name in frame.columns}
        name, _, stream = file.stem.partition("-")
        if stream:
            part.setdefault(name, {})[int(stream)] = series
        else:
            part[name] = series
    return part


def _joined(part: dict[str, Any]) -> dict[str, Any]:
    return {"picture": part.get("picture"), "sound": part.get("sound", {}), "speech": part.get("speech", {})}

"""What a nightly fit reads: a log of MovieLens 1M's size, grown over 40 nights, read whole and where it has changed.

Each of MovieLens 1M's pairs becomes a play, four reports of progress and a stop; each night is a seal of its own.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from frontrow.config import EventSettings
from frontrow.data.derived import Derivation
from frontrow.data.events import EventLog
from frontrow.data.replay import Replay, replay, replay_derived
from frontrow.recommend import signals
from frontrow.recommend.model import fit
from frontrow.recommend.signals import Interactions
from frontrow.schema import Event, Kind

NIGHTS = 40
COLUMNS = ("seq", "at_ms", "kind", "member", "profile", "title", "country", "value")
START_MS = 1_700_000_000_000 // signals.DAY_MS * signals.DAY_MS
T = TypeVar("T")
TASTE = Derivation(signals.COMPACTED, signals.compact)


def run(data: Path | None) -> Iterator[Figure]:
    """Needs `data`."""
    if data is None:
        yield Figure("nightly fit of ML-1M's size: left out, FRONTROW_DATA is not set", float("nan"))
        return
    with tempfile.TemporaryDirectory() as folder, EventLog(Path(folder), EventSettings()) as log:
        nights = _nights(data)
        titles = pl.DataFrame({"title": [f"t{n}" for n in range(4000)]})
        for night in nights[:-1]:
            _append(log, night)
        first_s, _ = _timed(lambda: _derived(log.folder))
        met = set((log.folder / "segments").iterdir())
        _append(log, nights[-1])
        new = [path for path in (log.folder / "segments").iterdir() if path not in met]
        whole_s, whole = _timed(lambda: signals.from_events(_whole(log.folder).frame, titles))
        night_s, night = _timed(lambda: signals.from_events(_derived(log.folder).frame, titles))
        fit_s, model = _timed(lambda: fit(whole, titles))
        same = np.array_equal(model.B, fit(night, titles).B) and _equal(whole, night)
        size = sum(path.stat().st_size for path in (log.folder / "segments").iterdir())
        kept = sum(path.stat().st_size for path in (log.folder / "derived" / TASTE.name).iterdir())
        detail = f"{_whole(log.folder).frame.height / 1e6:.1f} M events, {size / 1e6:.0f} MB sealed"
        yield Figure("from the log to interactions, all of it read", whole_s, "s", detail=detail)
        detail = (
            f"{len(new)} of {len(met) + len(new)} segments read; tables {kept / 1e6:.0f} MB, made in {first_s:.1f} s"
        )
        yield Figure("the same, on the night after", night_s, "s", whole_s, "at most", detail=detail)
        yield Figure("B and interactions the same to the last bit", float(same), "", 1, "at least")
        yield Figure("fit of the default configuration, for comparison", fit_s, "s")


def _nights(data: Path) -> list[list[Event]]:
    """Events of each night; a member's history goes on over all of them."""
    with np.load(data / "recommend" / "ml-1m-dev.npz") as file:
        member, title = (np.unique(file[name], return_inverse=True)[1] for name in ("user", "movie"))
    rng = np.random.default_rng(0)
    night_of = rng.integers(0, NIGHTS, len(member))
    night_of[-1] = NIGHTS - 1
    nights: list[list[Event]] = [[] for _ in range(NIGHTS)]
    for who, what, night in zip(member.tolist(), title.tolist(), night_of.tolist(), strict=True):
        told = [(Kind.PLAY, 0.0), *((Kind.PROGRESS, part / 5) for part in range(1, 5)), (Kind.STOP, 0.9)]
        for minute, (kind, value) in enumerate(told):
            nights[night].append(
                Event(
                    id=str(uuid.UUID(bytes=rng.bytes(16))), at_ms=START_MS + night * signals.DAY_MS + 60_000 * minute,
                    kind=kind, member=f"m{who}", title=f"t{what}", value=value,
                )
            )  # fmt: skip
    return nights


def _append(log: EventLog, events: list[Event]) -> None:
    for start in range(0, len(events), 10_000):
        log.append(events[start : start + 10_000])
    log.seal()


def _whole(folder: Path) -> Replay:
    return replay(folder, kinds=signals.KINDS, columns=COLUMNS)


def _derived(folder: Path) -> Replay:
    return replay_derived(folder, TASTE, kinds=signals.KINDS, columns=COLUMNS)


def _equal(one: Interactions, other: Interactions) -> bool:
    names = ("viewer", "title", "at_ms", "weight")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done

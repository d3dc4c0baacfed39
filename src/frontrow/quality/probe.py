"""The one pass over a file: every frame and every sample decoded once, in a child, and only numbers kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from frontrow.errors import UnreadableMedia
from frontrow.media import guard
from frontrow.media.container import resolve
from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts

_LIMITS: Final = guard.Limits(time_s=6 * 3600.0, silence_s=60.0, memory_bytes=6 << 30)
"""The child sets itself a limit by the length of the film; one that says nothing for a minute hangs."""

Part = dict[str, Any]
"""{"picture": series, "sound", "speech", "damage": {stream: series}}; rows since the last part, streams as text."""


def measure(
    path: Path,
    *,
    roots: tuple[Path, ...] = (),
    done: Iterable[Part] | None = None,
    keep: Callable[[Part], None] | None = None,
    progress: guard.Progress | None = None,
    networks: bool = True,
) -> Measurements:
    """Decode the file once and measure picture and sound.

    `keep` gets each finished part; parts given back as `done` are not measured again. A damaged file gives what could
    be decoded, with `faults`. `networks` also listens for speech where the voice network is installed. Raises
    UnreadableMedia for what is no media file or holds nothing that decodes.
    """
    real = resolve(path, roots)
    parts: list[Part] = list(done or [])
    since_s = _reached(parts)

    def take(part: Part) -> None:
        parts.append(part)
        if keep:
            keep(part)

    _compile()
    arguments = {"path": str(real), "since_s": since_s, "networks": networks}
    told = guard.run("frontrow.quality.child:watch", arguments, _LIMITS, progress=progress, part=take)
    damage = _join_streams(part.get("damage", {}) for part in parts)
    streams = tuple(_with_damage(StreamFacts(**stream), damage) for stream in told["streams"])
    picture = _join([part["picture"] for part in parts if part.get("picture")])
    sound = _join_streams(part.get("sound", {}) for part in parts)
    if picture is None and not sound:
        raise UnreadableMedia(f"{path.name}: {'; '.join(told['faults']) or 'it has neither picture nor sound'}")
    return Measurements(
        facts=FileFacts(told["container"], told["duration_s"], told["size_bytes"], streams),
        picture=picture,
        sound=sound,
        speech=_join_streams(part.get("speech", {}) for part in parts),
        faults=tuple(told["faults"]),
    )


@cache
def _compile() -> None:
    """Compile what the meters compile: a child finds it in the cache, and may write no file itself."""
    from frontrow.quality import desk

    desk.warm_up()


def _reached(parts: list[Part]) -> dict[str, float]:
    """Time of the last row of each series ("picture", "sound 1", "speech 1")."""
    reached: dict[str, float] = {}
    for part in parts:
        series = {"picture": part.get("picture")} | {
            f"{kind} {stream}": rows for kind in ("sound", "speech") for stream, rows in part.get(kind, {}).items()
        }
        reached |= {name: float(rows["at_s"][-1]) for name, rows in series.items() if rows and len(rows["at_s"])}
    return reached


def _with_damage(stream: StreamFacts, damage: Mapping[int, Series]) -> StreamFacts:
    rows = damage.get(stream.index)
    if rows is None:
        return stream
    return replace(
        stream,
        lost=int(rows["lost"].sum()),
        corrupt=int(rows["corrupt"].sum()),
        untimed=int(rows["untimed"].sum()),
        damage_start_s=float(rows["at_s"].min()),
        damage_end_s=float(rows["end_s"].max()),
    )


def _join(rows: list[Series]) -> Series | None:
    return {name: np.concatenate([part[name] for part in rows]) for name in rows[0]} if rows else None


def _join_streams(parts: Iterable[Mapping[str, Series]]) -> dict[int, Series]:
    gathered: dict[int, list[Series]] = {}
    for part in parts:
        for stream, rows in part.items():
            gathered.setdefault(int(stream), []).append(rows)
    joined = {stream: _join(rows) for stream, rows in gathered.items()}
    return {stream: series for stream, series in joined.items() if series is not None}

"""The one pass over a file: every frame and every sample decoded once, in a child, and only numbers kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.media import guard
from frontrow.media.container import resolve
from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts

if TYPE_CHECKING:
    from frontrow.media.child import Context
    from frontrow.media.reel import Reel, Shown

BATCH: Final = 240
"""Frames between two parts: some ten seconds of film."""
BATCH_S: Final = 10.0
"""The same for a file without picture, seconds."""
MOST_SOUNDS: Final = 8
"""Sound streams that are listened to; more are named and left out."""
_LIMITS: Final = guard.Limits(time_s=6 * 3600.0, memory_bytes=6 << 30)
_LEAST_TIME_S: Final = 60.0
_SECONDS_A_SECOND: Final = 1.0
"""Time limit of a pass, seconds a second of film (at 1080p it takes a quarter)."""
_LONGEST_S: Final = 6 * 3600.0
_WARM_UP_S: Final = 4.0
"""A resumed pass decodes this much again, so that meters have seen what was before."""
_SOUND_ROW_S: Final = 0.1
_FIELDS: Final = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_RANGES: Final = {1: "limited", 2: "full"}

Part = dict[str, Any]
"""{"picture": series, "sound": {stream: series}, "speech": {stream: series}}, streams as text; rows since the last."""


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
    told = guard.run("frontrow.quality.probe:watch", arguments, _LIMITS, progress=progress, part=take)
    streams = tuple(StreamFacts(**stream) for stream in told["streams"])
    return Measurements(
        facts=FileFacts(told["container"], told["duration_s"], told["size_bytes"], streams),
        picture=_join([part["picture"] for part in parts if part.get("picture")]),
        sound=_join_streams(part.get("sound", {}) for part in parts),
        speech=_join_streams(part.get("speech", {}) for part in parts),
        faults=tuple(told["faults"]),
    )


@cache
def _compile() -> None:
    """Compile what the meters compile: a child finds it in the cache, and may write no file itself."""
    from frontrow.quality.picture import meters

    meters.warm_up()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 96_000)).astype(np.float32)
    stream = StreamFacts(0, "audio", "", 2.0, 0.0, "", channels=2, layout="stereo", sample_rate=48_000)
    for meter in _ears(stream, networks=True).values():
        meter.look(noise, 0.0)
        meter.finish()


def _reached(parts: list[Part]) -> dict[str, float]:
    """Time of the last row of each series ("picture", "sound 1", "speech 1")."""
    reached: dict[str, float] = {}
    for part in parts:
        series = {"picture": part.get("picture")} | {
            f"{kind} {stream}": rows for kind in ("sound", "speech") for stream, rows in part.get(kind, {}).items()
        }
        reached |= {name: float(rows["at_s"][-1]) for name, rows in series.items() if rows and len(rows["at_s"])}
    return reached


def _join(rows: list[Series]) -> Series | None:
    return {name: np.concatenate([part[name] for part in rows]) for name in rows[0]} if rows else None


def _join_streams(parts: Iterable[Mapping[str, Series]]) -> dict[int, Series]:
    gathered: dict[int, list[Series]] = {}
    for part in parts:
        for stream, rows in part.items():
            gathered.setdefault(int(stream), []).append(rows)
    joined = {stream: _join(rows) for stream, rows in gathered.items()}
    return {stream: series for stream, series in joined.items() if series is not None}


# In the child ---------------------------------------------------------------------------------------------------------


def watch(context: Context, path: str, since_s: dict[str, float], networks: bool) -> dict[str, Any]:
    """Send the measurements batch by batch, return the facts of the file."""
    from frontrow.media.reel import Reel

    with Reel(Path(path), context, most_sounds=MOST_SOUNDS) as reel:
        facts = _facts(reel)
        limit_s = max(_LEAST_TIME_S, _SECONDS_A_SECOND * min(facts.duration_s, _LONGEST_S))
        context.limits = replace(context.limits, time_s=limit_s)
        desk = _Desk(reel, facts, since_s, networks)
        if since_s:
            reel.seek(max(0.0, min(since_s.values()) - _WARM_UP_S))
        sent_s = 0.0
        for shown in reel.shown():
            desk.look(shown)
            if desk.frames >= BATCH or (reel.picture is None and shown.at_s - sent_s >= BATCH_S):
                context.part(desk.take())
                context.progress(shown.at_s, facts.duration_s)
                sent_s = shown.at_s
        context.part(desk.finish())
        return asdict(facts) | {"faults": desk.faults()}


class _Desk:
    """Meters of all streams, and the rows that they gave since the last part."""

    def __init__(self, reel: Reel, facts: FileFacts, since_s: dict[str, float], networks: bool) -> None:
        from frontrow.quality.picture import meters

        self.reel, self.since_s = reel, since_s
        self.meters = meters.make()
        self.names = ("at_s", "corrupt", "lost", "untimed", "key", "width", "height", *(
            name for meter in self.meters for name in meter.names))  # fmt: skip
        self.top_first = any(stream.field_order in {"tt", "tb"} for stream in facts.of("video"))
        self.rows: list[tuple[float, ...]] = []
        heard = {stream.index: stream for stream in facts.streams}
        self.sounds = {stream.index: _ears(heard[stream.index], networks) for stream in reel.sounds}
        self.channels = {index: heard[index].channels for index in self.sounds}
        self.trimmed: set[int] = set()

    @property
    def frames(self) -> int:
        return len(self.rows)

    def look(self, shown: Shown) -> None:
        if self.reel.picture is not None and shown.track.stream is self.reel.picture:
            self._see(shown)
        else:
            self._hear(shown)

    def _see(self, shown: Shown) -> None:
        from frontrow.media.planes import planar, plane
        from frontrow.quality.picture.frame import Frame
        from frontrow.quality.picture.grid import CHROMA, LUMA, shrink

        decoded = planar(shown.frame)
        none = np.empty((0, 0), np.uint8)
        y, u, v = (
            np.require(plane(decoded, number), requirements=["C", "W"]) if number < len(decoded.planes) else none
            for number in (0, 1, 2)
        )  # one memory layout, so that compiled meters know it
        bits = decoded.format.components[0].bits
        frame = Frame(
            at_s=shown.at_s, y=y, u=u, v=v, bits=bits, small_y=shrink(y, LUMA, bits), small_u=shrink(u, CHROMA, bits),
            small_v=shrink(v, CHROMA, bits), interlaced=bool(shown.frame.interlaced_frame),
            top_field_first=self.top_first, key=bool(shown.frame.key_frame), corrupt=shown.corrupt,
            full_range=int(shown.frame.color_range) == 2,
        )  # fmt: skip
        numbers = [number for meter in self.meters for number in meter.look(frame)]
        if shown.at_s > self.since_s.get("picture", -np.inf) + 1e-6:
            flags = (shown.corrupt, shown.lost, shown.untimed, frame.key, shown.frame.width, shown.frame.height)
            self.rows.append((shown.at_s, *map(float, flags), *numbers))

    def _hear(self, shown: Shown) -> None:
        from frontrow.media.reel import samples

        index = shown.track.stream.index
        heard, at_s = samples(shown.frame), shown.at_s
        row_s = self.since_s.get(f"sound {index}")
        if row_s is not None and index not in self.trimmed:  # a resumed pass keeps to the rows of the first
            skip = round((row_s - at_s) % _SOUND_ROW_S * shown.frame.sample_rate)
            heard, at_s = heard[:, skip:], at_s + skip / shown.frame.sample_rate
            if not heard.shape[1]:
                return
            self.trimmed.add(index)
        expected = self.channels[index]
        if len(heard) != expected:  # the layout changes on the way
            heard = np.concatenate([heard, np.zeros((expected, heard.shape[1]), np.float32)])[:expected]
        for meter in self.sounds[index].values():
            meter.look(heard, at_s)

    def take(self) -> Part:
        """Rows finished since the last call."""
        part: Part = {"picture": self._picture(), "sound": {}, "speech": {}}
        for index, ears in self.sounds.items():
            for kind, meter in ears.items():
                rows = meter.take()
                new = rows["at_s"] > self.since_s.get(f"{kind} {index}", -np.inf) + 1e-6
                if new.any():
                    part[kind][str(index)] = {name: values[new] for name, values in rows.items()}
        return part

    def finish(self) -> Part:
        """The last rows."""
        for ears in self.sounds.values():
            for meter in ears.values():
                meter.finish()
        return self.take()

    def _picture(self) -> dict[str, NDArray[Any]]:
        if not self.rows:
            return {}
        table = np.asarray(self.rows)
        self.rows = []
        return {
            name: column.astype(np.float64 if name == "at_s" else np.float32)
            for name, column in zip(self.names, table.T, strict=True)
        }

    def faults(self) -> list[str]:
        """What was damaged, in words."""
        said = []
        for index, track in self.reel.tracks.items():
            what = f"stream {index} ({track.stream.type})"
            span = f" between {track.first_damage_s or 0:.1f} and {track.last_damage_s:.1f} s"
            if track.lost:
                said.append(f"{what}: {track.lost} packets could not be decoded{span}")
            if track.corrupt:
                said.append(f"{what}: {track.corrupt} frames are damaged{span}")
            if track.untimed > 1:
                said.append(f"{what}: {track.untimed} frames had no usable time")
            if not track.frames:
                said.append(f"{what}: nothing in it could be decoded")
        if self.reel.unheard:
            said.append(f"{self.reel.unheard} more sound streams were not listened to; the limit is {MOST_SOUNDS}")
        return [*said, self.reel.stopped] if self.reel.stopped else said


def _ears(stream: StreamFacts, networks: bool) -> dict[str, Any]:
    """Meters of one sound stream by the series that they fill."""
    if not stream.channels or not stream.sample_rate:
        return {}
    from frontrow.quality.sound import speech
    from frontrow.quality.sound.meter import SoundMeter

    voice = speech.open_voice() if networks else None
    return {"sound": SoundMeter(stream)} | ({"speech": speech.SpeechMeter(stream, voice)} if voice else {})


def _facts(reel: Reel) -> FileFacts:
    container = reel.container
    streams = tuple(_stream_facts(stream) for stream in list(container.streams)[:1000])
    longest = max((stream.duration_s for stream in streams), default=0.0)
    return FileFacts(
        container=container.format.name.split(",")[0],
        duration_s=longest or max(0.0, (container.duration or 0) / 1e6),
        size_bytes=container.size,
        streams=streams,
    )


def _stream_facts(stream: Any) -> StreamFacts:
    base, coded = stream.time_base, getattr(stream, "codec_context", None)
    facts = StreamFacts(
        index=stream.index,
        kind=stream.type or "data",
        codec=coded.name if coded is not None else "",
        duration_s=max(0.0, float(stream.duration * base)) if stream.duration and base else 0.0,
        start_s=float(stream.start_time * base) if stream.start_time and base else 0.0,
        language="" if (stream.language or "und") == "und" else stream.language,
    )
    if coded is None:
        return facts
    if stream.type == "video":
        return replace(
            facts,
            width=coded.width,
            height=coded.height,
            frame_rate=float(stream.average_rate or 0),
            pixel_format=coded.pix_fmt or "",
            pixel_aspect=float(stream.sample_aspect_ratio or 1),
            colour_range=_RANGES.get(int(coded.color_range), ""),
            field_order=_FIELDS.get(int(coded.field_order), ""),
        )
    if stream.type == "audio":
        return replace(
            facts, channels=coded.layout.nb_channels, layout=coded.layout.name, sample_rate=coded.sample_rate
        )
    return facts

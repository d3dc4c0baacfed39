"""The desk where one file is watched, in the decoding child: frames and samples to their meters, rows to the parent."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import UnsupportedMedia
from frontrow.media import checksums
from frontrow.media.planes import planar, plane
from frontrow.media.reel import Reel, Shown, Track, samples
from frontrow.quality import facts as facts_of_file
from frontrow.quality.measurements import FileFacts, StreamFacts
from frontrow.quality.picture import meters
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.grid import CHROMA, LUMA, shrink

if TYPE_CHECKING:
    from frontrow.media.child import Context

BATCH: Final = 240
BATCH_S: Final = 10.0
"""Frames or seconds between two parts, whichever comes first."""
MOST_SOUNDS: Final = 8
"""Sound streams that are listened to; more are named and left out."""
_LEAST_TIME_S: Final = 120.0
_SECONDS_A_SECOND: Final = 4.0
"""Time limit of a pass, seconds a second of film: it takes a sixth of one at 1080p, and machines are slow and busy."""
_LONGEST_S: Final = 6 * 3600.0
_WARM_UP_S: Final = 4.0
"""A resumed pass decodes this much again, so that meters have seen what was before."""
_SOUND_ROW_S: Final = 0.1

Part = dict[str, Any]


def warm_up() -> None:
    """Call every meter once, so that what they compile is compiled and lies in the cache."""
    meters.warm_up()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 96_000)).astype(np.float32)
    stream = StreamFacts(0, "audio", "", 2.0, 0.0, "", channels=2, layout="stereo", sample_rate=48_000)
    for meter in ears(stream, networks=False).values():
        meter.look(noise, 0.0)
        meter.finish()


def watch(context: Context, path: str, since_s: dict[str, float], networks: bool) -> dict[str, Any]:
    """Send the measurements batch by batch, return the facts of the file."""
    with Reel(Path(path), context, most_sounds=MOST_SOUNDS) as reel:
        facts = facts_of_file.read(reel.container)
        if not reel.tracks and any(stream.kind in {"video", "audio"} for stream in facts.streams):
            raise UnsupportedMedia(f"{reel.path.name}: its streams have no decoder here")
        limit_s = max(_LEAST_TIME_S, _SECONDS_A_SECOND * min(facts.duration_s, _LONGEST_S))
        context.limits = replace(context.limits, time_s=limit_s)
        desk = _Desk(reel, facts, since_s, networks)
        if since_s:
            reel.seek(max(0.0, min(since_s.values()) - _WARM_UP_S))
        sent_s = 0.0
        for shown in reel.shown():
            desk.look(shown)
            context.progress(shown.at_s, facts.duration_s)
            if desk.frames >= BATCH or shown.at_s - sent_s >= BATCH_S:
                context.part(desk.take())
                sent_s = shown.at_s
        context.part(desk.finish())
        heard = {stream.index for stream in reel.sounds}
        streams = [
            asdict(replace(x, end_s=desk.ends_s.get(x.index, 0.0), skipped=x.kind == "audio" and x.index not in heard))
            for x in facts.streams
        ]
        faults = [*desk.faults(), *checksums.wrong(reel.path, lambda: context.expired)]
        return asdict(facts) | {"streams": streams, "faults": faults}


class _Desk:
    """Meters of all streams, and the rows that they gave since the last part."""

    def __init__(self, reel: Reel, facts: FileFacts, since_s: dict[str, float], networks: bool) -> None:
        self.reel, self.since_s = reel, since_s
        self.meters = meters.make()
        self.names = ("at_s", "corrupt", "lost", "untimed", "key", "width", "height", *(
            name for meter in self.meters for name in meter.names))  # fmt: skip
        self.top_first = any(stream.field_order in {"tt", "tb"} for stream in facts.of("video"))
        self.rows: list[tuple[float, ...]] = []
        heard = {stream.index: stream for stream in facts.streams}
        self.sounds = {stream.index: ears(heard[stream.index], networks) for stream in reel.sounds}
        self.channels = {index: heard[index].channels for index in self.sounds}
        self.trimmed: set[int] = set()
        self.ends_s: dict[int, float] = {}

    @property
    def frames(self) -> int:
        return len(self.rows)

    def look(self, shown: Shown) -> None:
        """Show one frame to its meters."""
        self.ends_s[shown.track.stream.index] = shown.at_s + shown.lasts_s
        if self.reel.picture is not None and shown.track.stream is self.reel.picture:
            self._see(shown)
        else:
            self._hear(shown)

    def _see(self, shown: Shown) -> None:
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
        part: Part = {"picture": self._picture(), "sound": {}, "speech": {}, "damage": {}}
        for index, track in self.reel.tracks.items():
            if damage := _damage(track):
                part["damage"][str(index)] = damage
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
        """What hindered the pass, in words; damage of single frames is told by stream."""
        silent = [track for index, track in self.reel.tracks.items() if index not in self.ends_s]
        said = [f"stream {x.stream.index} ({x.stream.type}): nothing in it could be decoded" for x in silent]
        return [*said, self.reel.stopped] if self.reel.stopped else said


def _damage(track: Track) -> dict[str, NDArray[Any]]:
    """One row of what was wrong since the last call; nothing where all was well."""
    wrong = track.take_damage()
    return {name: np.array([value], np.float64) for name, value in wrong.items()} if wrong else {}


def ears(stream: StreamFacts, networks: bool) -> dict[str, Any]:
    """Meters of one sound stream by the series that they fill."""
    if not stream.channels or not stream.sample_rate:
        return {}
    from frontrow.quality.sound import speech
    from frontrow.quality.sound.meter import SoundMeter

    voice = speech.open_voice() if networks else None
    return {"sound": SoundMeter(stream)} | ({"speech": speech.SpeechMeter(stream, voice)} if voice else {})

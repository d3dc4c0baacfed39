"""Picture and sound of one file in one pass, in the order in which they lie in it, with whatever was damaged told.

Runs inside the decoding child only. Unlike `decode.Film`, which wants good frames fast, this looks for damage: decoders
verify checksums and bitstreams, and nothing is left out to save time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.media.container import open_container
from frontrow.media.probe import check_size

if TYPE_CHECKING:
    from frontrow.media.child import Context

_COVER: Final = 0x400  # AV_DISPOSITION_ATTACHED_PIC
_CHECKS: Final = "crccheck+bitstream+buffer+careful"
_STRICT: Final = {"hevc": "+explode"}
"""H.265 tells of damage, and of a picture that does not match its hash, only where it may give the picture up."""
_BY_ROWS: Final = frozenset({"vp8"})
"""VP8 notices that a partition of its data ends too early where rows are decoded side by side, and only there."""
_MOST_DAMAGED: Final = 5_000
"""Packets in a row that do not decode before the rest is given up."""
_DENSE: Final = frozenset({"h264", "hevc", "vp8", "vp9", "libdav1d", "av1"})
_HOLE: Final = bytes(128)
_FALLBACK_RATE: Final = 25.0
_MOST_RATE: Final = 1_000.0
_FULL_SCALE: Final = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "flt": 1.0, "dbl": 1.0}


@dataclass
class Track:
    """One decoded stream and what was wrong with it on the way."""

    stream: Any
    step_s: float
    """How long a frame lasts where the file does not tell, seconds."""
    tick_s: float = 0.0
    """What times are rounded to, seconds."""
    last_s: float | None = None
    lost_now: int = 0
    """Packets that did not decode since the last frame."""
    torn_now: bool = False
    """Whether a packet was damaged since the last frame: decoders on several threads give the frame of it later."""
    in_a_row: int = 0
    _wrong: dict[str, float] = field(default_factory=dict)

    def mark(self, what: str) -> None:
        """A packet was "lost", or a frame is "corrupt" or "untimed"."""
        at_s = self.last_s or 0.0
        if not self._wrong:
            self._wrong = {"at_s": at_s, "end_s": at_s, "lost": 0, "corrupt": 0, "untimed": 0}
        self._wrong["end_s"] = at_s
        self._wrong[what] += 1

    def take_damage(self) -> dict[str, float]:
        """Counts since the last call with the first and last time; empty where all was well."""
        wrong, self._wrong = self._wrong, {}
        return wrong


@dataclass(frozen=True)
class Shown:
    """One decoded frame of picture or sound."""

    track: Track
    at_s: float
    frame: Any
    corrupt: bool
    lost: int
    """Packets of the stream that did not decode since the frame before."""
    untimed: bool
    lasts_s: float


@dataclass
class Reel:
    """An opened file: its first moving picture and at most `most_sounds` sound streams."""

    path: Path
    context: Context
    most_sounds: int = 8
    threads: int = 2
    picture: Any = None
    sounds: list[Any] = field(default_factory=list)
    stopped: str = ""
    """Why the pass ended before the end of the file; '' when it did not."""

    def __post_init__(self) -> None:
        self.container = open_container(self.path)
        moving = [s for s in self.container.streams.video if not int(s.disposition) & _COVER]
        self.picture = moving[0] if moving and moving[0].codec_context is not None else None
        heard = [s for s in self.container.streams.audio if s.codec_context is not None]
        self.sounds = heard[: self.most_sounds]
        if self.picture is not None:
            coded = self.picture.codec_context
            check_size(self.path.name, coded.width, coded.height, self.context.limits)
            coded.thread_count, coded.thread_type = self.threads, "SLICE" if coded.name in _BY_ROWS else "AUTO"
            checks = _CHECKS + _STRICT.get(coded.name, "")
            coded.options = {"err_detect": checks, "max_pixels": str(self.context.limits.pixels)}
        for stream in self.sounds:
            stream.codec_context.options = {"err_detect": _CHECKS} | (
                {"drc_scale": "0"} if stream.codec_context.name in {"ac3", "eac3"} else {}
            )
        streams = ([self.picture] if self.picture else []) + self.sounds
        self.tracks = {s.index: Track(s, _step_s(s), float(s.time_base or 0)) for s in streams}

    def __enter__(self) -> Reel:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def seek(self, at_s: float) -> None:
        """Go to the keyframe at or before `at_s`; to the start where the file cannot be searched."""
        import av

        try:
            self.container.seek(max(0, int(at_s * 1e6)), backward=True)
        except av.FFmpegError:
            self.container.seek(0)

    def shown(self) -> Iterator[Shown]:
        """Frames in order of the file; times of a stream only rise. Damage is counted in `tracks`, not raised."""
        import av

        streams = [track.stream for track in self.tracks.values()]
        if not streams:
            return
        try:
            for packet in self.container.demux(streams):
                track = self.tracks[packet.stream.index]
                yield from self._decoded(track, packet)
                if track.in_a_row > _MOST_DAMAGED:
                    self.stopped = "given up: the rest does not decode"
                    return
                if self.context.expired:
                    limit_s = self.context.limits.time_s
                    self.stopped = f"stopped at {track.last_s or 0:.1f} s: the time limit of {limit_s:.0f} s is up"
                    return
        except (av.FFmpegError, ValueError) as error:
            self.stopped = f"the file ends early: {getattr(error, 'strerror', None) or error}"

    def _decoded(self, track: Track, packet: Any) -> Iterator[Shown]:
        import av

        if not packet.size and packet.pts is not None:
            return  # in AVI and Ogg: the frame before is shown once more
        track.torn_now |= bool(packet.is_corrupt) or _is_hollow(track.stream, packet)
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            track.lost_now += 1
            track.in_a_row += 1
            track.mark("lost")
            return
        for frame in frames:
            stated_s, lasts_s = self._time_s(frame), _lasts_s(frame, track)
            last_s = -lasts_s if track.last_s is None else track.last_s
            if stated_s is None or (track.last_s is not None and stated_s <= last_s):
                short = stated_s is not None and lasts_s < track.tick_s and last_s - stated_s < track.tick_s
                at_s, untimed = last_s + lasts_s, not short  # short ones share a tick of the clock
            else:
                at_s, untimed = stated_s, False
            track.last_s, lost, track.lost_now, track.in_a_row = at_s, track.lost_now, 0, 0
            corrupt = bool(frame.is_corrupt or track.torn_now)
            track.torn_now = False
            if untimed:
                track.mark("untimed")
            if corrupt:
                track.mark("corrupt")
            yield Shown(track, at_s, frame, corrupt, lost, untimed, lasts_s)

    def _time_s(self, frame: Any) -> float | None:
        """When the frame is shown. AVI numbers packets as they lie there, and knows no other time."""
        if self.container.format.name == "avi" and frame.dts is not None:
            return float(frame.dts * frame.time_base)
        return None if frame.time is None else float(frame.time)


def _is_hollow(stream: Any, packet: Any) -> bool:
    """Whether a part of the packet is zeros that no encoder wrote: blocks that were never copied.

    Codecs with arithmetic coding alone decode them without a word, into a picture.
    """
    if stream.codec_context.name not in _DENSE or packet.size < len(_HOLE):
        return False
    return _HOLE in bytes(packet).rstrip(b"\0")


def _lasts_s(frame: Any, track: Track) -> float:
    """How long the frame is shown or heard, seconds."""
    if getattr(frame, "sample_rate", 0):
        return float(frame.samples / frame.sample_rate)
    stated = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
    return stated if 0 < stated < 1 else track.step_s


def _step_s(stream: Any) -> float:
    rate = float(getattr(stream, "average_rate", None) or 0)
    return 1 / rate if 0 < rate <= _MOST_RATE else 1 / _FALLBACK_RATE


def samples(frame: Any) -> NDArray[np.float32]:
    """A sound frame as (channels, samples), full scale 1."""
    codes = frame.to_ndarray()
    if not frame.format.is_planar:
        codes = codes.reshape(-1, frame.layout.nb_channels).T
    kind = frame.format.name.rstrip("p")
    scaled = codes.astype(np.float32) - (np.float32(128) if kind == "u8" else np.float32(0))
    full = np.float32(_FULL_SCALE.get(kind, 1.0))
    return np.ascontiguousarray(scaled if full == 1 else scaled / full, dtype=np.float32)

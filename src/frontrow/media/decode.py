"""Frames of a film one after another, with times that can be trusted, never more than a few in memory.

Runs inside the decoding child only. Damage is counted and told, not raised, as long as some frame comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from frontrow.errors import UnreadableMedia
from frontrow.media.container import open_container
from frontrow.media.probe import check_size, duration_s, video_stream

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from frontrow.media.child import Context

_FALLBACK_RATE: Final = 25.0
_MOST_DAMAGED: Final = 2_000
"""Packets in a row that do not decode before the rest is given up."""
_KEYFRAMES_S: Final = 5.0
"""How far before a time its keyframe is taken to lie in a file without an index."""
_NEAR_FRAMES: Final = 24
"""Frames before a wanted one from which every frame is decoded again: more than a decoder holds back."""
_MOST_FRAMES_A_SECOND: Final = 1_000
"""More decoded frames than this a second of stated duration: the file lies, and could go on for ever."""


@dataclass
class Damage:
    """What was wrong on the way; empty for a sound file."""

    packets: int = 0
    frames: int = 0
    times: int = 0
    sizes: set[tuple[int, int]] = field(default_factory=set)
    stopped: str = ""

    def tell(self) -> list[str]:
        """Each kind of damage in words."""
        said = []
        if self.packets:
            said.append(f"{self.packets} packets could not be decoded")
        if self.frames:
            said.append(f"{self.frames} frames are damaged")
        if self.times:
            said.append(f"{self.times} frames had no usable time; it was filled in from the frame rate")
        if len(self.sizes) > 1:
            said.append("the picture changes its size: " + ", ".join(f"{w} x {h}" for w, h in sorted(self.sizes)))
        if self.stopped:
            said.append(self.stopped)
        return said


class Film:
    """An opened video; a context manager. `draft` skips the loop filter: a third faster, a little blocky."""

    def __init__(self, path: Path, context: Context, *, draft: bool = False, keyframes: bool = False, threads: int = 2):
        self.name = path.name
        self.damage = Damage()
        self._context = context
        self._container = open_container(path)
        self.stream = video_stream(self._container, path.name)
        self.duration_s = duration_s(self._container, self.stream)
        rate = float(self.stream.average_rate or 0)
        self.frame_rate = rate if 0 < rate <= _MOST_FRAMES_A_SECOND else _FALLBACK_RATE
        self.pixel_aspect = float(self.stream.sample_aspect_ratio or 1)
        coded = self.stream.codec_context
        check_size(path.name, coded.width, coded.height, context.limits)
        coded.thread_count = threads
        coded.thread_type = "AUTO" if threads > 1 else "SLICE"
        coded.options = {"max_pixels": str(context.limits.pixels)} | ({"skip_loop_filter": "all"} if draft else {})
        if keyframes:
            coded.skip_frame = "NONKEY"

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def seek(self, at_s: float) -> None:
        """Go to the keyframe at or before `at_s`; to the start where the file cannot be searched."""
        import av

        base = self.stream.time_base
        assert base is not None
        try:
            self._container.seek(max(0, int(at_s / base)), stream=self.stream, backward=True)
        except av.FFmpegError:
            self._container.seek(0)

    def frames(self) -> Iterator[tuple[float, VideoFrame]]:
        """(seconds, frame) in order of showing from where the film stands; seconds never go back.

        Raises UnreadableMedia when not one frame could be decoded.
        """
        count, last_s = 0, None
        most = _MOST_FRAMES_A_SECOND * max(self.duration_s, 60.0) if self.duration_s else float("inf")
        for frame in self._decoded():
            at_s = frame.time
            if at_s is None or (last_s is not None and at_s <= last_s):
                self.damage.times += 1
                at_s = 0.0 if last_s is None else last_s + 1 / self.frame_rate
            self.damage.frames += bool(frame.is_corrupt)
            self.damage.sizes.add((frame.width, frame.height))
            last_s = at_s
            count += 1
            yield at_s, frame
            if self._context.expired:
                limit_s = self._context.limits.time_s
                self.damage.stopped = f"stopped at {at_s:.1f} s: the time limit of {limit_s:.0f} s is up"
                break
            if count > most:
                self.damage.stopped = f"stopped at {at_s:.1f} s: more frames than {self.duration_s:.1f} s can hold"
                break
        if not count:
            detail = f" ({self.damage.tell()[0]})" if self.damage.tell() else ""
            raise UnreadableMedia(f"{self.name} has no frame that can be decoded{detail}; copy it again")

    def frames_at(self, times_s: Sequence[float]) -> Iterator[tuple[int, VideoFrame]]:
        """(place in `times_s`, frame shown at that time) for ascending times; those that do not decode are left out.

        On the way, frames that no other is made from are skipped: a fifth faster.
        """
        place = 0
        half_s, near_s = 0.5 / self.frame_rate, max(1.0, _NEAR_FRAMES / self.frame_rate)
        coded = self.stream.codec_context
        while place < len(times_s) and not self._context.expired:
            self.seek(times_s[place])
            began = place
            try:
                for at_s, frame in self.frames():
                    while place < len(times_s) and at_s >= times_s[place] - half_s:
                        yield place, frame
                        place += 1
                    if place == len(times_s) or (place > began and self._keyframe_s(times_s[place]) > at_s):
                        break
                    coded.skip_frame = "NONREF" if times_s[place] - at_s > near_s else "DEFAULT"
            except UnreadableMedia:
                self.damage.frames += 1
            if place == began:
                place += 1

    def _keyframe_s(self, at_s: float) -> float:
        """Time of the last keyframe before `at_s`."""
        index, base = self.stream.index_entries, self.stream.time_base
        assert base is not None
        place = index.search_timestamp(int(at_s / base)) if len(index) > 1 else -1
        entry = index[place] if place >= 0 else None
        return at_s - _KEYFRAMES_S if entry is None else float(entry.timestamp * base)

    def _decoded(self) -> Iterator[Any]:
        import av

        in_a_row = 0
        try:
            for packet in self._container.demux(self.stream):
                try:
                    yield from packet.decode()
                    in_a_row = 0
                except av.FFmpegError:
                    self.damage.packets += 1
                    in_a_row += 1
                    if in_a_row > _MOST_DAMAGED:
                        self.damage.stopped = "given up: the rest does not decode"
                        return
                if in_a_row and self._context.expired:
                    self.damage.stopped = "the time limit is up"
                    return
        except av.FFmpegError as error:
            self.damage.stopped = f"the file ends early: {getattr(error, 'strerror', error)}"

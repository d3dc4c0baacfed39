"""What a media file holds, from its headers and first frame: duration, streams, size, rotation, pixel aspect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from frontrow.errors import UnreadableMedia
from frontrow.media import guard
from frontrow.media.container import open_container, resolve

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from frontrow.media.child import Context

_LIMITS: Final = guard.Limits(time_s=30.0, message_bytes=1 << 20)
_PACKETS: Final = 50
"""Packets looked at for a first frame."""
_HDR: Final = {16: "smpte2084", 18: "arib-std-b67"}
"""Transfers of ITU-T H.273 that mean HDR."""


@dataclass(frozen=True)
class Probe:
    """One file. Sizes are those of the coded picture, before rotation and pixel aspect."""

    container: str
    duration_s: float  # 0 where the file does not tell
    codec: str
    width: int
    height: int
    pixel_format: str
    frame_rate: float  # mean, frames a second; 0 where unknown
    pixel_aspect: float  # width of a pixel by its height
    rotation_degrees: int  # clockwise turn that shows the picture upright: 0, 90, 180, 270
    interlaced: bool
    audio_streams: int
    subtitle_streams: int
    size_bytes: int
    audio_languages: tuple[str, ...] = ()  # of each sound track, ISO 639; "" where the file does not tell
    nominal_rate: float = 0.0  # frames a second that the times are multiples of; far from the mean if the rate wavers
    transfer: str = ""  # smpte2084 (PQ) or arib-std-b67 (HLG) of an HDR picture, "" of any other


def probe(path: Path, roots: tuple[Path, ...] = ()) -> Probe:
    """The file's facts, read in a child. Raises UnreadableMedia for anything that is no video."""
    real = resolve(path, roots)
    return Probe(**guard.run("frontrow.media.probe:read", {"path": str(real)}, _LIMITS))


def read(context: Context, path: str) -> dict[str, Any]:
    """In the child: the fields of `Probe`."""
    with open_container(Path(path)) as container:
        stream = video_stream(container, Path(path).name)
        coded = stream.codec_context
        check_size(Path(path).name, coded.width, coded.height, context.limits)
        first = _first_frame(container, stream)
        return {
            "container": container.format.name.split(",")[0],
            "duration_s": duration_s(container, stream),
            "codec": coded.name,
            "width": coded.width,
            "height": coded.height,
            "pixel_format": coded.pix_fmt or "",
            "frame_rate": float(stream.average_rate or 0),
            "pixel_aspect": float(stream.sample_aspect_ratio or 1),
            "rotation_degrees": -round(first.rotation / 90) * 90 % 360 if first else 0,
            "interlaced": bool(first and first.interlaced_frame),
            "audio_streams": len(container.streams.audio),
            "subtitle_streams": len(container.streams.subtitles),
            "size_bytes": container.size,
            "audio_languages": tuple(_language(x.metadata.get("language")) for x in container.streams.audio),
            "nominal_rate": float(stream.base_rate or 0),
            "transfer": _HDR.get(int(coded.color_trc or 0), ""),
        }


def _language(told: str | None) -> str:
    return told if told and re.fullmatch("[a-z]{2,3}", told) and told != "und" else ""


def _first_frame(container: Any, stream: VideoStream) -> VideoFrame | None:
    """The first frame that decodes among the first packets: rotation and interlace are told by frames alone."""
    import av

    packets = container.demux(stream)
    for _ in range(_PACKETS):
        try:
            for frame in next(packets).decode():
                assert isinstance(frame, av.VideoFrame)
                return frame
        except StopIteration:
            return None
        except av.FFmpegError:  # this packet is damaged; after a damaged file the next call ends the loop
            continue
    return None


def video_stream(container: Any, name: str) -> VideoStream:
    """The first moving-picture stream. Raises UnreadableMedia when there is none (cover art does not count)."""
    for stream in container.streams.video:
        if not int(stream.disposition) & 0x400:  # AV_DISPOSITION_ATTACHED_PIC
            found: VideoStream = stream
            return found
    what = "only sound" if container.streams.audio else "no picture"
    raise UnreadableMedia(f"{name} has {what}; a video stream is needed")


def check_size(name: str, width: int, height: int, limits: guard.Limits) -> None:
    """Raise UnreadableMedia for frames above the limit."""
    if width * height > limits.pixels:
        raise UnreadableMedia(f"{name} has frames of {width} x {height}; the limit is {limits.pixels:,} pixels")


def duration_s(container: Any, stream: VideoStream) -> float:
    """Length in seconds as the file tells it; 0 where it does not, or tells nonsense."""
    if stream.duration and stream.time_base:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, (container.duration or 0) / 1e6)

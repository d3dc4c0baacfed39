"""Films made anew through ffmpeg: one filter graph over picture or sound while the rest is copied, and what it takes
to aim it: the film's shape, and where each packet lies in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.media import guard, transcode
from frontrow.media.container import open_container, resolve
from frontrow.media.probe import duration_s

if TYPE_CHECKING:
    from frontrow.media.child import Context

_LIMITS: Final = guard.Limits(time_s=60.0, message_bytes=256 << 20)
_NEAR_LOSSLESS: Final = ("-c:v", "libx264", "-preset", "superfast", "-crf", "14", "-pix_fmt", "yuv420p")
"""So that what the filter did is what a viewer sees, and not the encode."""

_EVEN: Final = "asetnsamples=4608:p=0"
"""Sound in blocks of one length: the FLAC encoder refuses a stream that begins with a shorter one."""


@dataclass(frozen=True)
class Shape:
    """What a filter has to know of a film. The picture's fields are 0 in a sound file, the sound's in a silent one."""

    duration_s: float
    width: int
    height: int
    rate: str  # frames a second as a fraction, "24000/1001"
    sample_rate: int
    channels: int

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return float(Fraction(self.rate)) if self.width else 0.0


@dataclass(frozen=True)
class Packets:
    """The packets of the picture in file order, as equally long arrays."""

    position: NDArray[np.int64]
    """Byte in the file, -1 where the container does not tell."""
    size: NDArray[np.int64]
    at_s: NDArray[np.float64]
    """Presentation time."""
    key: NDArray[np.bool_]
    """Whether decoding can begin here."""


def shape(path: Path, roots: tuple[Path, ...] = ()) -> Shape:
    """Length, picture and sound. Raises UnreadableMedia."""
    return Shape(**guard.run("frontrow.media.rework:read_shape", {"path": str(resolve(path, roots))}, _LIMITS))


def read_shape(context: Context, path: str) -> dict[str, Any]:
    """In the child: the fields of `Shape`."""
    with open_container(Path(path)) as container:
        video = next(iter(container.streams.video), None)
        audio = next(iter(container.streams.audio), None)
        return {
            "duration_s": duration_s(container, video) if video else max(0.0, (container.duration or 0) / 1e6),
            "width": video.codec_context.width if video else 0,
            "height": video.codec_context.height if video else 0,
            "rate": str(video.average_rate or 25) if video else "0",
            "sample_rate": audio.codec_context.sample_rate if audio else 0,
            "channels": audio.codec_context.channels if audio else 0,
        }


def packets(path: Path, roots: tuple[Path, ...] = ()) -> Packets:
    """Where the picture's packets lie. Raises UnreadableMedia."""
    return Packets(**guard.run("frontrow.media.rework:read_packets", {"path": str(resolve(path, roots))}, _LIMITS))


def read_packets(context: Context, path: str) -> dict[str, Any]:
    """In the child: the fields of `Packets`."""
    with open_container(Path(path)) as container:
        stream = container.streams.video[0]
        rows = [
            (
                -1 if packet.pos is None else packet.pos,
                packet.size,
                float(packet.pts * packet.time_base),
                packet.is_keyframe,
            )
            for packet in container.demux(stream)
            if packet.pts is not None and packet.time_base is not None
        ]  # fmt: skip
    table = np.array(rows, np.float64).reshape(-1, 4)
    return {
        "position": table[:, 0].astype(np.int64),
        "size": table[:, 1].astype(np.int64),
        "at_s": table[:, 2],
        "key": table[:, 3] > 0,
    }


def cut(source: Path, out: Path, start_s: float, duration_s: float) -> None:
    """A part of a film as a film of its own: first picture and first sound, near lossless, nothing else changed."""
    transcode.run([
        "-ss", f"{start_s}", "-t", f"{duration_s}", "-i", source, "-map", "0:v:0?", "-map", "0:a:0?",
        "-af", _EVEN, *_NEAR_LOSSLESS, *_sound_codec(out), "-threads", "2", out,
    ])  # fmt: skip


def picture(
    source: Path, out: Path, graph: str, *, inputs: Sequence[Path] = (), encode: Sequence[str] = _NEAR_LOSSLESS
) -> None:
    """Picture through `graph`, from [0:v] to [v]; sound copied (AAC in .ts). `inputs` are [1:v], [2:v], ..."""
    transcode.run([
        "-i", source, *_more(inputs), "-filter_complex", graph, "-map", "[v]", "-map", "0:a?",
        *(_sound_codec(out) if out.suffix == ".ts" else ("-c:a", "copy")), *encode, "-threads", "2", out,
    ])  # fmt: skip


def sound(source: Path, out: Path, graph: str, *, inputs: Sequence[Path] = ()) -> None:
    """Sound through `graph`, from [0:a] to [a], lossless where `out` can hold it; picture copied."""
    transcode.run([
        "-i", source, *_more(inputs), "-filter_complex", f"{graph};[a]{_EVEN}[even]", "-map", "0:v?", "-map", "[even]",
        "-c:v", "copy",
        *_sound_codec(out), out,
    ])  # fmt: skip


def copy(source: Path, out: Path, arguments: Sequence[str] = ()) -> None:
    """The same streams in another container; `arguments` are ffmpeg's output options."""
    transcode.run(["-i", source, "-map", "0:v?", "-map", "0:a?", "-c", "copy", *arguments, out])


def peak_dbfs(source: Path) -> float:
    """Highest sample of the first sound stream in dB of full scale; -inf for digital silence."""
    said = transcode.run(["-i", source, "-map", "0:a:0", "-af", "volumedetect", "-f", "null", "-"], loud=True)
    mark = b"max_volume:"
    return float(said.split(mark)[-1].split()[0]) if mark in said else -np.inf


def _more(inputs: Sequence[Path]) -> list[Any]:
    return [argument for path in inputs for argument in ("-i", path)]


def _sound_codec(out: Path) -> tuple[str, ...]:
    if out.suffix in (".mkv", ".mp4", ".mov", ".flac"):
        return ("-c:a", "flac", "-strict", "-2")
    return ("-c:a", "pcm_s16le") if out.suffix == ".wav" else ("-c:a", "aac", "-b:a", "256k")

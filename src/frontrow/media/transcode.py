"""Encodes, VMAF and packages with the ffmpeg of `imageio-ffmpeg`: a process with a limit on its time.

Paths are checked as for every other use of media; ffmpeg may open local files alone.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from frontrow.errors import UnreadableMedia
from frontrow.media import guard
from frontrow.media.container import open_container, resolve
from frontrow.media.probe import video_stream

if TYPE_CHECKING:
    from frontrow.media.child import Context

TIME_S: Final = 600.0
"""Longest run of one trial, seconds; packaging a film has a limit of its own."""
_SCORE: Final = re.compile(rb"VMAF score: ([0-9.]+)")


@dataclass(frozen=True)
class Clip:
    """A part of a film."""

    path: Path
    start_s: float
    duration_s: float

    def arguments(self) -> list[str]:
        """ffmpeg's input options."""
        return ["-ss", f"{self.start_s}", "-t", f"{self.duration_s}", "-i", str(self.path)]


def bits_a_second(path: Path, roots: tuple[Path, ...] = ()) -> list[float]:
    """How many bits the film's own encoder spent on each second of picture: a cheap measure of complexity."""
    limits = guard.Limits(time_s=120.0, message_bytes=8 << 20)
    found: list[float] = guard.run("frontrow.media.transcode:count_bits", {"path": str(resolve(path, roots))}, limits)
    return found


def count_bits(context: Context, path: str) -> list[float]:
    """In the child: bits a second out of the packets' sizes and times."""
    seconds: list[float] = []
    with open_container(Path(path)) as container:
        stream = video_stream(container, Path(path).name)
        for packet in container.demux(stream):
            if packet.pts is None or packet.time_base is None:
                continue
            second = max(int(packet.pts * packet.time_base), 0)
            seconds.extend([0.0] * (second + 1 - len(seconds)) if second < 100_000 else [])
            if second < len(seconds):
                seconds[second] += packet.size * 8.0
            if context.expired:
                break
    return seconds


def encode(clip: Clip, height: int, crf: float, out: Path, preset: str = "veryfast", codec: str = "libx264") -> float:
    """Encode the picture alone; returns kbit/s of the result."""
    run([
        *clip.arguments(), "-an", "-sn", "-vf", f"scale=-2:{height}:flags=bicubic,format=yuv420p",
        "-c:v", codec, "-preset", preset, "-crf", f"{crf:g}", "-threads", "1", str(out),
    ])  # fmt: skip
    return out.stat().st_size * 8.0 / 1000.0 / clip.duration_s


def vmaf(clip: Clip, encoded: Path, width: int, height: int, every: int = 3) -> float:
    """VMAF of `encoded` against the clip, both at `width` x `height`; every `every`th frame is looked at."""
    size = f"scale={width}:{height}:flags=bicubic,format=yuv420p,setpts=PTS-STARTPTS"
    graph = f"[0:v]{size}[a];[1:v]{size}[b];[a][b]libvmaf=n_threads=1:n_subsample={every}"
    said = run(["-i", str(encoded), *clip.arguments(), "-lavfi", graph, "-f", "null", "-"], loud=True)
    found = _SCORE.search(said)
    if not found:
        raise UnreadableMedia(f"{clip.path.name} at {clip.start_s:g} s: VMAF found no frames to compare")
    return float(found.group(1))


def run(arguments: list[Any], *, time_s: float = TIME_S, loud: bool = False, folder: Path | None = None) -> bytes:
    """Run ffmpeg; returns what it said. Raises UnreadableMedia with its last line when it fails or takes too long."""
    import imageio_ffmpeg

    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-y", "-loglevel", "info" if loud else "error",
        "-protocol_whitelist", "file,pipe", *map(str, arguments),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=time_s, check=False, cwd=folder)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise UnreadableMedia(
            f"ffmpeg was ended after {time_s:g} s; the film is damaged, or the machine too busy"
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UnreadableMedia(f"ffmpeg failed: {said[-1] if said else 'no reason given'}")
    return done.stderr

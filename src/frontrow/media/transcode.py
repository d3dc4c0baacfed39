"""Encodes, VMAF and packages with the ffmpeg of `imageio-ffmpeg`: a process with a limit on its time.

Paths are checked as for every other use of media; ffmpeg may open local files alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from frontrow.errors import UnreadableMedia
from frontrow.media import guard
from frontrow.media.conform import Conformed
from frontrow.media.container import open_container, resolve
from frontrow.media.probe import video_stream

if TYPE_CHECKING:
    from frontrow.media.child import Context

TIME_S: Final = 600.0
"""Longest run of one trial, seconds; packaging a film has a limit of its own."""
_SCORE: Final = re.compile(rb"VMAF score: ([0-9.]+)")
_MEMORY_BYTES: Final = 12 << 30
"""Address space of an ffmpeg, where the system keeps such a limit (Linux); AV1 in 1080p maps about 4 GiB."""
_NICE: Final = 10
"""Priority of work in the background: viewers come first."""


@dataclass(frozen=True)
class Clip:
    """A part of a film."""

    path: Path
    start_s: float
    duration_s: float
    shown: Conformed
    """What encodes are made of and compared with."""

    def arguments(self) -> list[str]:
        """ffmpeg's input options."""
        part = ["-ss", f"{self.start_s}", "-t", f"{self.duration_s}"]
        return ["-max_pixels", str(guard.Limits.pixels), *part, "-i", str(self.path)]


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


def encode(clip: Clip, height: int, coding: Sequence[str], out: Path) -> float:
    """Encode the picture alone, `coding` being the encoder's options; returns kbit/s of the result."""
    run([*clip.arguments(), "-an", "-sn", "-map", "0:v:0", "-vf", clip.shown.scaled(height), *coding, str(out)])
    return out.stat().st_size * 8.0 / 1000.0 / clip.duration_s


def scaled_vmaf(clip: Clip, height: int, every: int = 3) -> float:
    """VMAF of the clip scaled to `height` lines and back, without an encoder: the most that any encode of them gets."""
    up, whole = _full_size(clip), clip.shown.scaled(clip.shown.height)
    graph = f"[0:v]split[x][y];[x]{clip.shown.scaled(height)},{up}[a];[y]{whole}[b];[a][b]{_judge(every)}"
    return _score(clip, run([*clip.arguments(), "-lavfi", graph, "-f", "null", "-"], loud=True))


def vmaf(clip: Clip, encoded: Path, every: int = 3) -> float:
    """VMAF of `encoded` against the clip at the film's own size; every `every`th frame is looked at."""
    whole, begin = clip.shown.scaled(clip.shown.height), "setpts=PTS-STARTPTS"
    graph = f"[0:v]{_full_size(clip)},{begin}[a];[1:v]{whole},{begin}[b];[a][b]{_judge(every)}"
    return _score(clip, run(["-i", str(encoded), *clip.arguments(), "-lavfi", graph, "-f", "null", "-"], loud=True))


def _full_size(clip: Clip) -> str:
    return f"scale={clip.shown.width}:{clip.shown.height}:flags=bicubic,setsar=1,format=yuv420p"


def _judge(every: int) -> str:
    return f"libvmaf=n_threads=1:n_subsample={every}"


def _score(clip: Clip, said: bytes) -> float:
    found = _SCORE.search(said)
    if not found:
        raise UnreadableMedia(f"{clip.path.name} at {clip.start_s:g} s: VMAF found no frames to compare")
    return float(found.group(1))


def follow(arguments: list[Any], told: Callable[[float], None], *, time_s: float, folder: Path | None = None) -> None:
    """Run ffmpeg in the background; `told` hears twice a second how many seconds of film are done.

    What `told` raises ends ffmpeg. Raises UnreadableMedia as `run` does.
    """
    command = [*_command(), "-loglevel", "error", "-progress", "pipe:1", *map(str, arguments)]
    deadline_s = time.monotonic() + time_s
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, cwd=folder, text=True)  # noqa: S603
        try:
            _limit_memory(process.pid)
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            assert process.stdout is not None
            for line in process.stdout:
                name, _, value = line.strip().partition("=")
                if name == "out_time_us" and value.lstrip("-").isdecimal():
                    told(max(int(value), 0) / 1e6)
                if time.monotonic() > deadline_s:
                    raise UnreadableMedia(_TOO_LONG.format(time_s))
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        said.seek(0)
        _refuse_failure(process.returncode, said.read())


def run(arguments: list[Any], *, time_s: float = TIME_S, loud: bool = False, folder: Path | None = None) -> bytes:
    """Run ffmpeg; returns what it said. Raises UnreadableMedia with its last line when it fails or takes too long."""
    command = [*_command(), "-loglevel", "info" if loud else "error", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder) as process:  # noqa: S603
        try:
            _limit_memory(process.pid)
            said = process.communicate(timeout=time_s)[1]
        except subprocess.TimeoutExpired:
            raise UnreadableMedia(_TOO_LONG.format(time_s)) from None
        finally:
            if process.poll() is None:
                process.kill()
    _refuse_failure(process.returncode, said)
    return said


def _limit_memory(process: int) -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            resource.prlimit(process, resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


_TOO_LONG: Final = "ffmpeg was ended after {:g} s; the film is damaged, or the machine too busy"


def _command() -> list[str]:
    import imageio_ffmpeg

    return [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-y", "-protocol_whitelist", "file,pipe"]


def _refuse_failure(status: int, said: bytes) -> None:
    if status:
        lines = said.decode(errors="replace").strip().splitlines()
        raise UnreadableMedia(f"ffmpeg failed: {lines[-1] if lines else 'no reason given'}")

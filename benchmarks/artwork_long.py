"""The whole way from a film to its pictures at 480p, and for two hours of film: speed, and the memory of all processes.

The film is Big Buck Bunny at 480p, the long one twelve times the same. FRONTROW_LONG_MINUTES (120) makes it shorter.
Memory is what the command and its children hold at one moment, sampled five times a second. Needs Linux.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from frontrow.data.fetch import BIG_BUCK_BUNNY, FetchFailed, fetch
from frontrow.media import transcode

_FILM_S = 596.5
_PAGE = os.sysconf("SC_PAGE_SIZE")


def run(data: Path | None) -> Iterator[Figure]:
    """Speed of one film with and without networks; speed and memory of the long one, with them."""
    try:
        film = fetch(BIG_BUCK_BUNNY) / "bbb.mp4"
    except FetchFailed as error:
        print(f"left out: {error}")
        return
    minutes = float(os.environ.get("FRONTROW_LONG_MINUTES", "120"))
    with tempfile.TemporaryDirectory() as folder:
        small, long = Path(folder) / "small.mp4", Path(folder) / "long.mp4"
        transcode.run(["-i", film, "-vf", "scale=-2:480", "-c:v", "libx264", "-preset", "veryfast", "-an", small])
        transcode.run(["-stream_loop", "-1", "-i", small, "-t", f"{60 * minutes:g}", "-c", "copy", long])
        for name, variables in (("with", {}), ("without", {"FRONTROW_CACHE": "/nonexistent"})):
            took_s, cpu_s, peak_mb = _pictures_of(small, Path(folder) / name, variables)
            yield Figure(f"whole way at 480p {name} networks, by real time", _FILM_S / took_s, "x", reach=20,
                         detail=f"{took_s:.1f} s, {cpu_s:.1f} s of CPU; {peak_mb:.0f} MB")  # fmt: skip
        took_s, cpu_s, peak_mb = _pictures_of(long, Path(folder) / "long", {})
        name = f"{minutes:g} minutes at 480p with networks"
        yield Figure(f"{name}, by real time", 60 * minutes / took_s, "x", reach=20,
                     detail=f"{took_s:.0f} s, {cpu_s:.0f} s of CPU")  # fmt: skip
        yield Figure(f"{name}, memory of all processes at once", peak_mb, "MB", reach=600, direction="at most")


def _pictures_of(film: Path, out: Path, variables: dict[str, str]) -> tuple[float, float, float]:
    """Seconds, seconds of CPU, and most megabytes at one moment, of the command as users run it."""
    command = [sys.executable, "-m", "frontrow", "artwork", "candidates", str(film), "--out", str(out), "--json"]
    began, before, peak = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN), 0
    with (out.parent / "stdout").open("wb") as stdout:
        process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL, env=os.environ | variables)
        while process.poll() is None:
            peak = max(peak, _resident_bytes(process.pid))
            time.sleep(0.2)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu_s, peak / 1e6


def _resident_bytes(process: int) -> int:
    """Resident memory of a process and of all below it; 0 for one that has just ended."""
    place = Path(f"/proc/{process}")
    try:
        own = int((place / "statm").read_text().split()[1]) * _PAGE
        children = (place / "task" / str(process) / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return own + sum(_resident_bytes(int(child)) for child in children)

"""How fast a whole inspection is (picture, sound, speech, findings, verdict), and what memory it takes by length.

Big Buck Bunny, with sound: a minute at 1080p and at 480p, and all of it at 720p. Each runs in a process of its own.
The peer is FFmpeg: its filters that look for the same faults, in CPU seconds (and some of ours it has no filter for).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from frontrow.data.fetch import BIG_BUCK_BUNNY, fetch
from frontrow.media import transcode

_FILTERS = "blackdetect,freezedetect,idet,scdet,signalstats,blockdetect,blurdetect"
_MINUTE = ("-ss", "60", "-t", "60")
_CODE = """
import json, resource, sys, time
from pathlib import Path
from frontrow.quality import inspection, probe
from frontrow.quality.rules import load_pack
probe.measure(Path(sys.argv[2]))  # compiles and warms up
pack, film = load_pack(), Path(sys.argv[1])
began = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
inspected = inspection.inspect_film(film, pack)
wall, used = time.monotonic() - began[0], resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = used.ru_utime + used.ru_stime - began[1].ru_utime - began[1].ru_stime
print(json.dumps({
    "wall_s": wall, "cpu_s": cpu, "duration_s": inspected.measured.facts.duration_s,
    "frames": len(inspected.measured.picture["at_s"]), "child_mib": used.ru_maxrss / 1024,
    "parent_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def run(data: Path | None) -> Iterator[Figure]:
    film = fetch(BIG_BUCK_BUNNY) / "bbb.mp4"
    with tempfile.TemporaryDirectory() as folder:
        short = {}
        for height in (1080, 480):
            out = Path(folder) / f"{height}.mp4"
            transcode.run([*_MINUTE, "-i", film, "-vf", f"scale=-2:{height}:flags=bicubic,format=yuv420p",
                           "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "copy", out])  # fmt: skip
            short[height] = out
        tiny = Path(folder) / "tiny.mp4"
        transcode.run(["-t", "2", "-i", film, "-vf", "scale=320:180", "-c:v", "libx264", "-c:a", "aac", tiny])
        minute = {}
        for height, reach in ((1080, 4.0), (480, 10.0)):
            told = minute[height] = _inspect(short[height], tiny)
            speed = told["duration_s"] / told["wall_s"]
            detail = f"{told['cpu_s'] / told['frames'] * 1000:.1f} ms of CPU a frame, decoding and sound included"
            yield Figure(f"whole inspection at {height}p", speed, "x real time", reach, detail=detail)
        whole = _inspect(film, tiny)
        yield Figure("whole inspection, 596 s at 720p", whole["duration_s"] / whole["wall_s"], "x real time",
                     detail=f"{whole['wall_s']:.1f} s")  # fmt: skip
        half = Path(folder) / "half.mkv"
        transcode.run(["-t", "60", "-i", film, "-c", "copy", half])
        part = _inspect(half, tiny)
        yield Figure("memory of the child, 596 s against 60 s of the same file", whole["child_mib"] / part["child_mib"],
                     "times", 1.1, "at most", detail=f"{whole['child_mib']:.0f} and {part['child_mib']:.0f} MiB; "
                     f"the parent {whole['parent_mib']:.0f} and {part['parent_mib']:.0f}")  # fmt: skip
        yield _against_filters(short[1080], minute[1080])


def _inspect(film: Path, tiny: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", _CODE, str(film), str(tiny)], capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def _against_filters(film: Path, ours: dict[str, float]) -> Figure:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    transcode.run(["-i", film, "-an", "-vf", _FILTERS, "-f", "null", "-"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / ours["frames"] * 1000
    return Figure("CPU a frame at 1080p, ours with sound and speech", ours["cpu_s"] / ours["frames"] * 1000, "ms",
                  peer=f"FFmpeg's {_FILTERS.count(',') + 1} picture filters", peer_value=cpu,
                  detail=f"filters took {time.monotonic() - began:.1f} s")  # fmt: skip

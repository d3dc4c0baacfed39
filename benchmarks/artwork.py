"""Shots beside PySceneDetect, speed and memory of the whole way, the same film in three encodes, and the chooser.

The peer runs in its own environment, ~/.cache/frontrow/peers/scenedetect, with scenedetect and opencv-python-headless.
Big Buck Bunny is taken from the cache that `frontrow demo` fills. Pictures were also looked at by eye: see
docs/benchmarks/artwork.md.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.artwork import candidates, choose, chooser, examine, shots
from frontrow.artwork.survey import survey
from frontrow.data import fetch

PEER = Path.home() / ".cache/frontrow/peers/scenedetect/bin/python"
SINGLE = (
    "cv_cup.mp4", "decord_pancake.mkv", "imageio_cockatoo.mp4", "mma_demo.mp4", "o4n_horses.mp4", "o4n_traffic.mp4",
    "openshot_run.mp4", "moviepy_chaplin.mp4", "vmaf_Seeking_30_480_1050.mp4",
)  # fmt: skip
TOLERANCE_FRAMES = 1.5
DETECT = """
import json, sys, time
from scenedetect import AdaptiveDetector, SceneManager, open_video
found, used = {}, 0.0
for path in sys.argv[1:]:
    began = time.process_time()
    video, manager = open_video(path), SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.detect_scenes(video)
    used += time.process_time() - began
    found[path] = [scene[0].get_seconds() for scene in manager.get_scene_list()][1:]
print(json.dumps({"cuts": found, "cpu_s": used}))
"""
OURS = """
import json, sys, time
from pathlib import Path
import av
from frontrow.artwork import shots, survey
from frontrow.artwork.signals import join
from frontrow.media.guard import Limits
class Context:
    limits, expired = Limits(), False
    def __init__(self): self.parts = []
    def part(self, value): self.parts.append(value)
    def progress(self, *_): pass
used = 0.0
for path in sys.argv[1:]:
    began = time.process_time()
    context = Context()
    survey.watch(context, path, detail=False, since_s=None, keyframes=False)
    shots.find(join(context.parts))
    used += time.process_time() - began
print(json.dumps({"cpu_s": used}))
"""


def run(data: Path | None) -> Iterator[Figure]:
    """Every figure of the issue that a machine can measure."""
    if data is not None:
        yield from _shots(data)
        yield from _encodes(data)
    yield from _speed()
    yield from _chooser()


def _shots(data: Path) -> Iterator[Figure]:
    folder = data / "artwork" / "video"
    labels = json.loads((data / "artwork" / "shots.json").read_text())
    labelled = [name for name in labels if not name.startswith("_")]
    files = sorted(str(path) for path in folder.iterdir())
    peer = _measured(PEER, DETECT, files) if PEER.exists() else None
    right = found = real = gradual_found = gradual = 0
    peer_right = peer_found = 0
    for name in labelled:
        seen = survey(folder / name, detail=False)
        listed = shots.find(seen.signals)
        frame_s = float(np.median(np.diff(seen.signals.at_s)))
        truth, spans = labels[name]["hard_cuts_s"], labels[name]["gradual_s"]
        cuts = [x.start_s for x in listed if x.transition in ("cut", "flash")]
        right += _matched(truth, cuts, TOLERANCE_FRAMES * frame_s)
        found, real = found + len(cuts), real + len(truth)
        slow = [x.start_s for x in listed if x.transition in ("fade", "dissolve")]
        gradual_found += sum(any(a - frame_s <= t <= b + frame_s for t in slow) for a, b in spans)
        gradual += len(spans)
        if peer:
            theirs = [
                t
                for t in peer["cuts"][str(folder / name)]
                if not any(a - frame_s <= t <= b + frame_s for a, b in spans)
            ]
            peer_right += _matched(truth, theirs, TOLERANCE_FRAMES * frame_s)
            peer_found += len(theirs)
    yield Figure(
        "hard cuts, F1", 2 * right / (found + real), reach=0.97, peer="PySceneDetect adaptive",
        peer_value=2 * peer_right / (peer_found + real) if peer else None,
        detail=f"{right} of {real}, {found - right} false; the peer's inside gradual spans do not count",
    )  # fmt: skip
    yield Figure("gradual transitions found", gradual_found, reach=11, detail=f"of {gradual}")
    false = {name: len(shots.find(survey(folder / name, detail=False).signals)) - 1 for name in SINGLE}
    yield Figure(
        "false cuts on single-shot clips", sum(false.values()), reach=1, direction="at most",
        peer="PySceneDetect adaptive",
        peer_value=sum(len(peer["cuts"][str(folder / name)]) for name in SINGLE) if peer else None,
        detail=", ".join(name for name, n in false.items() if n),
    )  # fmt: skip
    if peer:
        ours = _measured(Path(sys.executable), OURS, files)
        yield Figure(
            "CPU speed of shot detection, by the peer's", peer["cpu_s"] / ours["cpu_s"], "x", reach=1.6,
            peer="PySceneDetect adaptive", peer_value=1.0,
            detail=f"{ours['cpu_s']:.2f} s against {peer['cpu_s']:.2f} s",
        )  # fmt: skip


def _measured(python: Path, code: str, files: list[str]) -> dict:
    done = subprocess.run([str(python), "-c", code, *files], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _matched(truth: list[float], found: list[float], tolerance_s: float) -> int:
    left, count = list(found), 0
    for at_s in truth:
        near = min(left, key=lambda t: abs(t - at_s), default=None)
        if near is not None and abs(near - at_s) <= tolerance_s:
            left.remove(near)
            count += 1
    return count


def _top(path: Path, until_s: float, count: int) -> list[float]:
    seen = survey(path, detail=True)
    found = shots.find(seen.signals)
    everything = candidates.CandidateConfig(edges=0.0)
    wanted = [x for x in candidates.pick(seen.signals, found, seen.duration_s, everything) if x.at_s <= until_s]
    looked, _ = examine.examine(path, wanted, seen.bars, {})
    chosen = choose.choose(choose.score(looked, float(seen.signals.at_s[-1]), with_faces=False), count)
    return [x.seen.at_s for x in chosen.pictures]


def _encodes(data: Path) -> Iterator[Figure]:
    """Share of the top shots of one encode that are among those of another, inside common time."""
    folder = data / "artwork" / "video"
    base = shots.find(survey(folder / "sintel_arpage.mp4", detail=False).signals)

    def numbers(times_s: list[float]) -> set[int]:
        return {next(k for k, x in enumerate(base) if t < x.end_s or x is base[-1]) for t in times_s}

    for other, until_s, count in (("sintel_jh.mp4", 60.0, 8), ("sintel_codrops.mp4", 16.0, 4)):
        a = numbers(_top(folder / "sintel_arpage.mp4", until_s, count))
        b = numbers(_top(folder / other, until_s, count))
        yield Figure(
            f"same top shots, sintel_arpage and {other}",
            len(a & b) / max(1, len(a)),
            reach=0.8,
            detail=f"{sorted(a)} {sorted(b)}",
        )


def _speed() -> Iterator[Figure]:
    """The whole command as users run it, without networks; memory is the largest of any process."""
    import tempfile

    try:
        film = fetch.fetch(fetch.BIG_BUCK_BUNNY) / "bbb.mp4"
    except fetch.FetchFailed:
        return
    length_s = 596.5
    runs = (
        ("whole way at 720p with networks", [], {}, 8.0),
        ("whole way at 720p without networks", [], {"FRONTROW_CACHE": "/nonexistent"}, 8.0),
        ("keyframe preview at 720p without networks", ["--preview"], {"FRONTROW_CACHE": "/nonexistent"}, 100.0),
    )
    for name, options, variables, reach in runs:
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", "frontrow", "artwork", "candidates", str(film), "--out", out, *options]
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True, env=os.environ | variables)
            took_s = time.monotonic() - began
        yield Figure(f"{name}, by real time", length_s / took_s, "x", reach=reach, detail=f"{took_s:.1f} s")
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Figure("largest memory of a process, ten minutes of film", peak_mb, "MB", reach=600, direction="at most")


def _chooser() -> Iterator[Figure]:
    rng = np.random.default_rng(0)
    pictures = {
        f"t{k}": [{"id": f"p{j}", "reasons": dict.fromkeys(chooser.THEMES, float(rng.random()))} for j in range(12)]
        for k in range(40)
    }
    made = chooser.fit(pictures, None, [f"g{k}" for k in range(18)], rng)
    taken = []
    for k in range(20_000):
        began = time.perf_counter()
        made.choose(f"t{k % 40}", f"v{k}", f"g{k % 18}", 10**12)
        taken.append(time.perf_counter() - began)
    yield Figure(
        "a choice, 99th percentile", 1000 * float(np.quantile(taken, 0.99)), "ms", reach=2, direction="at most"
    )

"""Forty kill -9 while a model is being published, under the eyes of a reader; and what opening a large model costs."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.data import artifacts

KILLS = 40
SEED = 0
SIDE = 10_000  # a dense item-item model of 10,000 titles: 400 MB

_PUBLISHER = """
import sys, time
from pathlib import Path
import numpy as np
from frontrow.data.artifacts import publish
root = Path(sys.argv[1])
print("ready", flush=True)
while True:
    now_ms = time.time_ns() // 1_000_000
    arrays = {f"a{i}.npy": np.full(250_000, now_ms, np.int64) for i in range(4)}
    publish(root, "model", arrays, config={}, high_water=now_ms, rows={}, metrics={}, parents={}, now_ms=now_ms, keep=5)
"""

_READER = """
import sys
from pathlib import Path
from frontrow.data.artifacts import open_current
root, reads, versions, broken = Path(sys.argv[1]), 0, set(), 0
print("ready", flush=True)
while not (root / "stop").exists():
    try:
        artifact = open_current(root, "model")
        made = {int(artifact.array(f"a{i}.npy")[j]) for i in range(4) for j in (0, 125_000, -1)}
        broken += len(made) != 1 or artifact.fallback_from is not None
        versions.add(artifact.version)
    except Exception as error:
        print(repr(error), file=sys.stderr)
        broken += 1
    reads += 1
print(reads, len(versions), broken)
"""


def run(data: Path | None) -> Iterator[Figure]:
    root = Path(tempfile.mkdtemp(prefix="frontrow-publish-"))
    try:
        yield from _crashes(root / "crashes")
        yield from _large(root / "large")
    finally:
        shutil.rmtree(root)


def _crashes(root: Path) -> Iterator[Figure]:
    rng = random.Random(SEED)
    reader = None
    caught = 0
    for _ in range(KILLS):
        publisher = subprocess.Popen([sys.executable, "-c", _PUBLISHER, str(root)], stdout=subprocess.PIPE, text=True)
        publisher.stdout.readline()
        if reader is None:
            while artifacts.current_version(root, "model") is None:
                time.sleep(0.01)
            reader = subprocess.Popen([sys.executable, "-c", _READER, str(root)], stdout=subprocess.PIPE, text=True)
            reader.stdout.readline()
        time.sleep(rng.uniform(0.05, 0.3))
        publisher.send_signal(signal.SIGKILL)
        publisher.wait()
        publisher.stdout.close()
        caught += any(entry.name.startswith(".publishing-") for entry in (root / "model").iterdir())
    (root / "stop").touch()
    reads, versions, broken = (int(word) for word in reader.communicate()[0].split())
    artifacts.collect(root, "model", 5)
    left = sum(entry.name.startswith(".publishing-") for entry in (root / "model").iterdir())
    detail = f"{KILLS} kills, {caught} of them with a version half written; {reads} reads of {versions} versions"
    yield Figure("reads that found no complete version", broken, reach=0, direction="at most", detail=detail)
    yield Figure("leftovers after collecting", left, reach=0, direction="at most")


def _large(root: Path) -> Iterator[Figure]:
    B = np.random.default_rng(SEED).random((SIDE, SIDE), np.float32)
    named = {"config": {}, "high_water": 1, "rows": {}, "metrics": {}, "parents": {}, "keep": 2}
    yield Figure(
        "publish 400 MB", _seconds(lambda: artifacts.publish(root, "model", {"B.npy": B}, now_ms=1, **named)), "s"
    )
    verified = _seconds(lambda: artifacts.open_current(root, "model"))
    yield Figure("open 400 MB, every byte checked", verified, "s")
    yield Figure(
        "open 400 MB, sizes and manifest checked",
        _seconds(lambda: artifacts.open_current(root, "model", verify=False)) * 1e3,
        "ms",
    )
    looks = _seconds(lambda: [artifacts.current_version(root, "model") for _ in range(10_000)]) / 10_000
    yield Figure("ask which version is current", looks * 1e6, "µs")


def _seconds(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started

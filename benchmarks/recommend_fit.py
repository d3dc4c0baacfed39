"""How long a fit takes and how much memory, beside RecTools, implicit and LensKit, each in a process of its own.

The peers live in environments of their own below ~/.cache/frontrow/peers (RecTools needs numpy 1), made at the first
run. Where that fails, our figures come without them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.data.fetch import cache_folder

ENVIRONMENTS = {"recommend": ["numpy<2", "rectools==0.19.0", "implicit==0.7.3"], "lenskit": ["lenskit==2025.8.1"]}
PEERS = (
    ("RecTools EASE", "recommend", "rectools-ease:450"),
    ("implicit ALS, 128 factors", "recommend", "implicit-als"),
    ("LensKit EASE", "lenskit", "lenskit-ease:450"),
)
HERE = Path(__file__).parent


def run(data: Path | None) -> Iterator[Figure]:
    """Fits of ML-1M's size need `data`; the rest is generated."""
    if data is None:
        yield Figure("fit of ML-1M's size: left out, FRONTROW_DATA is not set", float("nan"))
    else:
        yield from beside_peers(data)
    solved = _ours("solve-10k")
    yield Figure("solve of 10,000 titles: CPU time", solved["cpu_s"], "s", 25, "at most")
    sparse = _ours("sparse-41k")
    yield Figure(
        "41,000 titles, 4 million events, sparse path: peak memory", sparse["peak_mb"] / 1e3, "GB", 3, "at most",
        detail=f"{sparse['fit_s']:.0f} s",
    )  # fmt: skip
    large = _ours("large")
    detail = f"{large['cpu_s']:.0f} CPU-seconds"
    yield Figure("10M events x 20,000 titles: fit", large["fit_s"], "s", 240, "at most", detail=detail)
    yield Figure("10M events x 20,000 titles: peak memory", large["peak_mb"] / 1e3, "GB", 6, "at most")


def beside_peers(data: Path) -> Iterator[Figure]:
    """The best of three of ours, then each peer once, on the same pairs."""
    ours = min((_ours("ml-1m", str(data)) for _ in range(3)), key=lambda x: x["fit_s"])
    yield Figure("fit of ML-1M's size", ours["fit_s"], "s", 2.5, "at most", detail="columns to B")
    yield Figure("fit of ML-1M's size: peak memory", ours["peak_mb"] / 1e3, "GB", 0.5, "at most")
    with np.load(data / "recommend" / "ml-1m-dev.npz") as file, tempfile.TemporaryDirectory() as folder:
        split, out = Path(folder) / "split.npz", Path(folder) / "out.npz"
        user, item = file["user"].astype(np.int64), file["movie"].astype(np.int64)
        few = user < np.unique(user)[50]
        fold_user = np.unique(user[few], return_inverse=True)[1]
        np.savez(split, user=user, item=item, fold_user=fold_user, fold_item=item[few])
        for name, environment, what in PEERS:
            try:
                peer = rank_by_peer(environment, what, split, out)
            except (subprocess.CalledProcessError, OSError) as error:
                yield Figure(f"fit of ML-1M's size against {name}: left out", float("nan"), detail=str(error)[:80])
                continue
            yield Figure(
                f"fit of ML-1M's size: times faster than {name}", peer["fit_s"] / ours["fit_s"], "x", 1, peer=name,
                peer_value=peer["fit_s"],
                detail=f"CPU {ours['cpu_s']:.1f} s to {peer['cpu_s']:.1f} s; its peak {peer['peak_mb'] / 1e3:.2f} GB",
            )  # fmt: skip


def rank_by_peer(environment: str, what: str, split: Path, out: Path) -> dict[str, float]:
    """Have a peer fit `split` and write its 100 best of each fold-in member to `out`; what the fit took."""
    return _json([str(_environment(environment)), str(HERE / "_recommend_peers.py"), what, str(split), str(out)])


def _ours(what: str, *rest: str) -> dict[str, float]:
    return _json([sys.executable, "-m", "benchmarks._recommend_fit", what, *rest])


def _json(command: list[str]) -> dict[str, float]:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "2")}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _environment(name: str) -> Path:
    """Python of a peers' environment, made when it is not there."""
    folder = cache_folder() / "peers" / name
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *ENVIRONMENTS[name]], check=True)
        (folder / ".ready").touch()
    return python

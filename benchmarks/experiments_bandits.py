"""Bandits: regret in a simulated world beside VW, MABWiser LinUCB and Beta Thompson; speed of decisions."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.experiments import choices, logistic, thompson

SEED = 20261124
SEEDS, ROUNDS, ARMS, CONTEXT, FEATURES, BATCH = 10, 10_000, 12, 5, 5, 100
PEERS = Path.home() / ".cache" / "frontrow" / "peers" / "bandits"
REQUIREMENTS = ("vowpalwabbit==9.11.9", "mabwiser==2.7.4")


def run(data: Path | None) -> Iterator[Figure]:
    """Regret of ours over the best peer, ten seeds; decisions a second and their 99th percentile."""
    worlds = [world(np.random.default_rng([SEED, seed])) for seed in range(SEEDS)]
    ours = [play_logistic(w, np.random.default_rng([SEED, 1, i])) for i, w in enumerate(worlds)]
    peers = {"Beta Thompson": [play_beta(w, np.random.default_rng([SEED, 2, i])) for i, w in enumerate(worlds)]}
    try:
        peers |= play_peers(worlds)
        missing = ""
    except (OSError, subprocess.CalledProcessError) as error:
        missing = f"; VW and MABWiser could not be installed: {error}"
    means = {name: float(np.mean(regret)) for name, regret in peers.items()}
    mine = float(np.mean(ours))
    best = min(peers, key=lambda name: means[name])
    listed = ", ".join(f"{name} {value:.0f}" for name, value in sorted(means.items(), key=lambda x: x[1]))
    yield Figure("regret over the best peer's", mine / means[best], reach=0.85, direction="at most", peer=best,
                 peer_value=means[best],
                 detail=f"clicks lost in {ROUNDS:,} rounds: ours {mine:.0f}, {listed}{missing}")  # fmt: skip
    wins = sum(a < b for a, b in zip(ours, peers[best], strict=True))
    yield Figure("seeds in which ours has less regret than that peer", wins, detail=f"of {SEEDS}")
    yield from speed()


def world(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Pictures with features for viewers with tastes: click rates of some per cent, and a coin for every round."""
    arms = rng.normal(size=(ARMS, FEATURES))
    contexts = rng.normal(size=(ROUNDS, CONTEXT))
    taste = rng.normal(0, 0.3, (CONTEXT, FEATURES))
    appeal = arms @ rng.normal(0, 0.2, FEATURES) + rng.normal(0, 0.2, ARMS)
    score = -3.0 + appeal + contexts @ taste @ arms.T + contexts @ rng.normal(0, 0.1, (CONTEXT, ARMS))
    return {"arms": arms, "contexts": contexts, "rates": 1 / (1 + np.exp(-score)), "coins": rng.random(ROUNDS)}


def play_logistic(w: dict[str, np.ndarray], rng: np.random.Generator) -> float:
    """Regret of the hierarchical model with its default beliefs."""
    model = logistic.start(w["arms"], CONTEXT, rng)
    regret = 0.0
    for start in range(0, ROUNDS, BATCH):
        rows = np.arange(start, start + BATCH)
        chosen = choices.pick(model.propensities(w["contexts"][rows]), rng.random(BATCH))
        reward = (w["coins"][rows] < w["rates"][rows, chosen]).astype(float)
        regret += float((w["rates"][rows].max(1) - w["rates"][rows, chosen]).sum())
        model = model.update(w["contexts"][rows], chosen, reward, rng)
    return regret


def play_beta(w: dict[str, np.ndarray], rng: np.random.Generator) -> float:
    """Regret of Thompson sampling that knows no context."""
    model = thompson.start(ARMS, 0.05, 20)
    regret = 0.0
    for start in range(0, ROUNDS, BATCH):
        rows = np.arange(start, start + BATCH)
        probabilities = np.broadcast_to(model.propensities(rng), (BATCH, ARMS))
        chosen = choices.pick(probabilities, rng.random(BATCH))
        reward = (w["coins"][rows] < w["rates"][rows, chosen]).astype(float)
        regret += float((w["rates"][rows].max(1) - w["rates"][rows, chosen]).sum())
        model = model.update(chosen, reward)
    return regret


def play_peers(worlds: list[dict[str, np.ndarray]]) -> dict[str, list[float]]:
    """Regrets of the peers, each in the worlds that ours saw. Installs them once; raises when that fails."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "ready").exists():
        venv.create(PEERS, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        (PEERS / "ready").touch()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.npz" for i in range(len(worlds))]
        for path, w in zip(paths, worlds, strict=True):
            np.savez(path, **w)
        script = Path(__file__).with_name("_bandit_peers.py")
        done = subprocess.run([python, script, str(BATCH), *paths], check=True, stdout=subprocess.PIPE)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def speed() -> Iterator[Figure]:
    """20 arms, 6 context features: single decisions and batches, with propensities."""
    rng = np.random.default_rng(SEED)
    model = logistic.start(rng.normal(size=(20, 6)), 6, rng)
    contexts = rng.normal(size=(5_000, 6))
    beta = thompson.start(20)
    eligible = rng.random((5_000, 20)) < 0.8
    for name, decide in (
        ("hierarchical logistic", lambda rows: model.propensities(contexts[rows])),
        ("Beta", lambda rows: beta.propensities(rng, eligible[rows])),
    ):
        times = []
        for i in range(2_000):
            started = time.perf_counter()
            choices.pick(decide(slice(i, i + 1)), rng.random(1))
            times.append(time.perf_counter() - started)
        yield Figure(f"{name} Thompson: p99 of one decision", float(np.percentile(times, 99)) * 1e3, "ms", reach=2.0,
                     direction="at most")  # fmt: skip
        started = time.perf_counter()
        choices.pick(decide(slice(None)), rng.random(5_000))
        yield Figure(f"{name} Thompson: batches", 5_000 / (time.perf_counter() - started), "decisions/s", reach=5_000)

"""The bandit peers, run by their own Python: `python _bandit_peers.py BATCH WORLD.npz ...` prints JSON.

Every policy sees the same contexts, the same coins and the same delay: outcomes arrive in batches. VW gets what ours
gets: viewer features, action features, the action's own indicator, and their products.
"""

from __future__ import annotations

import json
import sys

import numpy as np


def linucb(world: dict[str, np.ndarray], alpha: float, batch: int) -> float:
    """MABWiser's LinUCB: a ridge an arm on the viewer's features."""
    from mabwiser.mab import MAB, LearningPolicy

    contexts, rates, coins = world["contexts"], world["rates"], world["coins"]
    rounds, arms = rates.shape
    model = MAB(list(range(arms)), LearningPolicy.LinUCB(alpha=alpha), seed=1)
    x = np.hstack([np.ones((rounds, 1)), contexts])
    rng = np.random.default_rng(0)
    regret = 0.0
    for start in range(0, rounds, batch):
        rows = np.arange(start, min(start + batch, rounds))
        if start == 0:
            chosen = rng.integers(arms, size=rows.size)
        else:
            chosen = np.asarray(model.predict(x[rows]))
        reward = (coins[rows] < rates[rows, chosen]).astype(float)
        regret += float((rates[rows].max(1) - rates[rows, chosen]).sum())
        (model.fit if start == 0 else model.partial_fit)(chosen, reward, x[rows])
    return regret


def vw(world: dict[str, np.ndarray], options: str, batch: int) -> float:
    """Vowpal Wabbit's contextual bandit with action features, viewer x action products."""
    from vowpalwabbit import Workspace

    contexts, rates, coins, features = world["contexts"], world["rates"], world["coins"], world["arms"]
    rounds, arms = rates.shape
    model = Workspace(f"--cb_explore_adf -q UA -q UI --quiet --random_seed 1 {options}")
    tails = [f"|A {' '.join(f'a{i}:{v:.4f}' for i, v in enumerate(features[k]))} |I k{k}" for k in range(arms)]
    rng = np.random.default_rng(0)
    regret = 0.0
    for start in range(0, rounds, batch):
        learnt = []
        for row in range(start, min(start + batch, rounds)):
            shared = "shared |U " + " ".join(f"u{i}:{v:.4f}" for i, v in enumerate(contexts[row]))
            p = np.clip(np.asarray(model.predict("\n".join([shared, *tails]))), 0, None)
            p = p / p.sum()
            chosen = int(rng.choice(arms, p=p))
            reward = float(coins[row] < rates[row, chosen])
            regret += float(rates[row].max() - rates[row, chosen])
            lines = list(tails)
            lines[chosen] = f"0:{-reward}:{max(p[chosen], 1e-6):.6f} {tails[chosen]}"
            learnt.append("\n".join([shared, *lines]))
        for example in learnt:
            model.learn(example)
    model.finish()
    return regret


def main() -> None:
    found: dict[str, list[float]] = {}
    for path in sys.argv[2:]:
        world = dict(np.load(path))
        batch = int(sys.argv[1])
        for alpha in (0.1, 0.3, 1.0):
            found.setdefault(f"MABWiser LinUCB alpha {alpha}", []).append(linucb(world, alpha, batch))
        for options in ("--squarecb --gamma_scale 100", "--squarecb --gamma_scale 1000", "--epsilon 0.05", "--bag 5",
                        "--regcb --mellowness 0.01"):  # fmt: skip
            found.setdefault(f"VW {options}", []).append(vw(world, options, batch))
    print(json.dumps(found))


if __name__ == "__main__":
    main()

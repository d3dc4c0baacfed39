"""The recommender peers, run by their own Python: `python _recommend_peers.py WHAT SPLIT.npz OUT.npz` prints JSON.

SPLIT has the training pairs (`user`, `item`) and the fold-in pairs (`fold_user`, `fold_item`) of unseen members, OUT
gets each fold-in member's 100 best. Prints seconds and CPU seconds of the fit alone and the process's peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np

K = 100


def _now() -> np.ndarray:
    """Wall clock and CPU time, seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def rectools_ease(split: dict[str, np.ndarray], regularization: float) -> tuple[np.ndarray, np.ndarray]:
    """RecTools' EASE; its fitted weights score the unseen members."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    frame = pd.DataFrame({Columns.User: split["user"], Columns.Item: split["item"], Columns.Weight: 1.0})
    frame[Columns.Datetime] = pd.Timestamp("2000-01-01")
    dataset = Dataset.construct(frame)
    model = EASEModel(regularization=regularization)
    start = _now()
    model.fit(dataset)
    took = _now() - start
    inner = dataset.item_id_map.convert_to_internal(split["fold_item"], strict=False)
    known = np.isin(split["fold_item"], dataset.item_id_map.external_ids)
    X = np.zeros((split["fold_user"].max() + 1, len(dataset.item_id_map.external_ids)), np.float32)
    X[split["fold_user"][known], inner] = 1
    scores = X @ model.weight
    scores[X > 0] = -np.inf
    return took, np.asarray(dataset.item_id_map.external_ids)[np.argsort(-scores, axis=1)[:, :K]]


def implicit_als(split: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """implicit's ALS, 128 factors, the members folded in by recalculation."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    n = int(max(split["item"].max(), split["fold_item"].max())) + 1
    ones = np.ones(len(split["user"]), np.float32)
    X = csr_matrix((ones, (split["user"], split["item"])), shape=(split["user"].max() + 1, n))
    fold = csr_matrix((np.ones(len(split["fold_user"]), np.float32), (split["fold_user"], split["fold_item"])),
                      shape=(split["fold_user"].max() + 1, n))  # fmt: skip
    model = AlternatingLeastSquares(factors=128, regularization=1.0, alpha=4.0, iterations=15, random_state=0)
    start = _now()
    model.fit(X, show_progress=False)
    took = _now() - start
    ids, _ = model.recommend(np.arange(fold.shape[0]), fold, N=K, recalculate_user=True)
    return took, ids


def lenskit_ease(split: dict[str, np.ndarray], regularization: float) -> tuple[np.ndarray, np.ndarray]:
    """LensKit's EASE; its fitted weights score the unseen members."""
    import pandas as pd
    from lenskit.data import from_interactions_df
    from lenskit.knn.ease import EASEScorer

    frame = pd.DataFrame({"user_id": split["user"], "item_id": split["item"]})
    dataset = from_interactions_df(frame)
    model = EASEScorer(regularization=regularization)
    start = _now()
    model.train(dataset)
    took = _now() - start
    numbers = model.items.numbers(split["fold_item"], missing="negative")
    known = numbers >= 0
    X = np.zeros((split["fold_user"].max() + 1, len(model.items)), np.float32)
    X[split["fold_user"][known], numbers[known]] = 1
    scores = X @ np.asarray(model.weights)
    scores[X > 0] = -np.inf
    return took, np.asarray(model.items.ids())[np.argsort(-scores, axis=1)[:, :K]]


def main() -> None:
    what, split_file, out_file = sys.argv[1:]
    name, _, option = what.partition(":")
    with np.load(split_file) as file:
        split = {key: file[key] for key in file.files}
    if name == "implicit-als":
        took, best = implicit_als(split)
    else:
        took, best = {"rectools-ease": rectools_ease, "lenskit-ease": lenskit_ease}[name](split, float(option))
    np.savez(out_file, best=best)
    print(
        json.dumps(
            {"fit_s": took[0], "cpu_s": took[1], "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}
        )
    )


if __name__ == "__main__":
    main()

"""Ranking quality on MovieLens data: full ranking, hyper-parameters chosen on parts that are not reported on.

Every figure's data is cut with fixed seeds. `tune.choose` sees the training part alone.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from benchmarks import recommend_fit
from benchmarks.figure import Figure
from frontrow.data import fetch
from frontrow.errors import FetchFailed
from frontrow.recommend import edlae, metrics, popularity, tune
from frontrow.recommend.batch import rank_all, score_block
from frontrow.recommend.calibration import calibrate, genre_kl
from frontrow.recommend.edlae import EdlaeConfig
from frontrow.recommend.history import histories
from frontrow.recommend.model import Model, content_of, fit
from frontrow.recommend.signals import Interactions, from_columns

MINUTES = 1.5
SPLIT_MINUTES = 0.15
EASE_RIDGES = (300.0, 450.0, 600.0, 800.0)


def run(data: Path | None) -> Iterator[Figure]:
    """All figures; those of MovieLens 1M need `data`, that of MovieLens 100k needs pip's registry or a filled cache."""
    if data is None:
        yield Figure("MovieLens 1M: left out, FRONTROW_DATA is not set", float("nan"))
    else:
        yield from strong_generalisation(data)
        yield from chronological(data)
        yield from cold_titles(data)
    try:
        yield from global_clock()
    except FetchFailed as error:
        yield Figure("MovieLens 100k: left out", float("nan"), detail=str(error))


def _chosen(told: Interactions, titles: pl.DataFrame, minutes: float = MINUTES) -> Model:
    choice = tune.choose(told, content_of(titles), clock_s=time.monotonic, budget_s=60 * minutes)
    return fit(told, titles, choice.config, ranker=choice.ranker)


def _bare(n: int) -> pl.DataFrame:
    return pl.DataFrame({"title": np.arange(n), "name": [str(title) for title in range(n)]})


def _matrix(data: Path) -> csr_array:
    with np.load(data / "recommend" / "ml-1m-dev.npz") as file:
        viewer = np.unique(file["user"], return_inverse=True)[1]
        title = np.unique(file["movie"], return_inverse=True)[1]
    ones = np.ones(len(viewer), np.float32)
    return csr_array((ones, (viewer, title)), shape=(viewer.max() + 1, title.max() + 1))


def strong_generalisation(data: Path, seeds: Sequence[int] = range(5)) -> Iterator[Figure]:
    """Splits of members 80/10/10, 80% of a history folded in; EASE's ridge chosen on the middle part."""
    X = _matrix(data)
    gains, ours_ndcg, ease_ndcg, ours_recall, divergences = [], [], [], [], []
    for seed in seeds:
        ours, theirs, scores, test = _split(X, seed)
        gains.append(ours - theirs)
        ours_ndcg.append(ours.mean())
        ease_ndcg.append(theirs.mean())
        hits = metrics.top_hits(scores, test[1], 20)
        ours_recall.append(metrics.recall(hits, test[1].sum(axis=1)).mean())
        divergences = divergences or list(_calibrated(data, scores, test))
    gain = metrics.bootstrap(np.concatenate(gains), np.random.default_rng(0))
    by_split = ", ".join(f"{each.mean():+.4f}" for each in gains)
    yield Figure(
        "ML-1M strong generalisation: NDCG@100 above tuned EASE", gain.mean, "", 0.004,
        detail=f"95% interval {gain.low:+.4f} to {gain.high:+.4f}, {gain.n} members; by split {by_split}",
    )  # fmt: skip
    yield Figure(
        "ML-1M strong generalisation: NDCG@100", float(np.mean(ours_ndcg)), peer="tuned EASE, same splits",
        peer_value=float(np.mean(ease_ndcg)), detail=f"R@20 {np.mean(ours_recall):.4f}",
    )  # fmt: skip
    yield from divergences
    yield from beside_peers(X, seeds[0], ours_ndcg[0])


Part = tuple[np.ndarray, np.ndarray]
"""What is folded in, and what is looked for: bool [members, titles] each."""


def _members(X: csr_array, seed: int) -> tuple[csr_array, Part, Part]:
    """80% of the members to train on, 10% to choose by, 10% to report on."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(X.shape[0])
    a, b = int(0.8 * len(order)), int(0.9 * len(order))
    return X[order[:a]], _fold(X[order[a:b]], rng), _fold(X[order[b:]], rng)


def _split(X: csr_array, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Part]:
    """NDCG@100 a member of ours and of tuned EASE, our scores, and the test part of one split."""
    train, middle, test = _members(X, seed)
    G = edlae.gram(train, 0.0)
    plain = [edlae.solve(G.copy(), EdlaeConfig(ridge / float(G.diagonal().mean()), 0.0, 0.0)) for ridge in EASE_RIDGES]
    best = max(plain, key=lambda B: _ndcg100(middle[0].astype(np.float32) @ B, middle).mean())
    viewer, title = train.nonzero()
    model = _chosen(from_columns(viewer, title, list(range(X.shape[1]))), _bare(X.shape[1]), SPLIT_MINUTES)
    who, what = np.nonzero(test[0])
    told = from_columns(who, what, list(range(X.shape[1])))
    scores = score_block(model, histories(told), test[0])
    return _ndcg100(scores, test), _ndcg100(test[0].astype(np.float32) @ best, test), scores, test


def beside_peers(X: csr_array, seed: int, ours: float) -> Iterator[Figure]:
    """What the peers reach on one of the splits, each in its own environment."""
    train, _, (folded, wanted) = _members(X, seed)
    user, item = train.nonzero()
    fold_user, fold_item = np.nonzero(folded)
    with tempfile.TemporaryDirectory() as folder:
        split, out = Path(folder) / "split.npz", Path(folder) / "out.npz"
        np.savez(split, user=user, item=item, fold_user=fold_user, fold_item=fold_item)
        for name, environment, what in recommend_fit.PEERS:
            title = f"ML-1M strong generalisation, split {seed}: NDCG@100 beside {name}"
            try:
                recommend_fit.rank_by_peer(environment, what, split, out)
            except (subprocess.CalledProcessError, OSError) as error:
                yield Figure(f"{title}: left out", float("nan"), detail=str(error)[:80])
                continue
            with np.load(out) as file:
                hits = np.take_along_axis(wanted, file["best"], axis=1)
            theirs = float(metrics.ndcg(hits, wanted.sum(axis=1)).mean())
            yield Figure(title, ours, "", theirs, "at least", name, theirs)


def _fold(X: csr_array, rng: np.random.Generator) -> Part:
    """80% of each history, and the rest."""
    everything = X.toarray() > 0
    kept = np.zeros_like(everything)
    for row in range(len(everything)):
        titles = np.flatnonzero(everything[row])
        kept[row, rng.permutation(titles)[: int(0.8 * len(titles))]] = True
    return kept, everything & ~kept


def _ndcg100(scores: np.ndarray, part: Part) -> np.ndarray:
    scores[part[0]] = -np.inf
    return metrics.ndcg(metrics.top_hits(scores, part[1], 100), part[1].sum(axis=1))


def _calibrated(data: Path, scores: np.ndarray, part: Part) -> Iterator[Figure]:
    """Genre divergence and recall of the first 20 with and without calibration, on one split."""
    genre = content_of(_ml_1m_titles(data)).genre
    before, after, hits, hits_after = [], [], [], []
    best = metrics.top_k(scores, 100)
    for row, top in enumerate(best):
        p = genre[part[0][row]].mean(axis=0)
        order = top[calibrate(scores[row, top], genre[top], p, 20, 0.5)]
        for chosen, divergence, found in ((top[:20], before, hits), (order, after, hits_after)):
            divergence.append(float(genre_kl(p, genre[chosen].mean(axis=0))))
            found.append(part[1][row, chosen].sum() / min(20, part[1][row].sum()))
    yield Figure(
        "ML-1M calibration on (lambda .5): genre KL", 100 * (np.mean(after) / np.mean(before) - 1), "%", -30, "at most",
        detail=f"{np.mean(before):.3f} to {np.mean(after):.3f} nats",
    )  # fmt: skip
    yield Figure(
        "ML-1M calibration on: change of R@20", 100 * (np.mean(hits_after) / np.mean(hits) - 1), "%", -1,
        detail=f"{np.mean(hits):.4f} to {np.mean(hits_after):.4f}",
    )  # fmt: skip


def chronological(data: Path) -> Iterator[Figure]:
    """History, then the next tenth: NDCG@20."""
    with np.load(data / "recommend" / "chronological_history.npz") as file:
        history = file["pairs"]
    with np.load(data / "recommend" / "chronological_next.npz") as file:
        later = file["pairs"]
    n = int(history[:, 1].max()) + 1
    told = from_columns(history[:, 0], history[:, 1], list(range(n)))
    row_of = {member: row for row, (member, _) in enumerate(told.viewers)}
    targets = np.zeros((told.n_viewers, n), bool)
    targets[[row_of[member] for member in later[:, 0].tolist()], later[:, 1]] = True
    B = edlae.solve(edlae.gram(told.matrix(), 0.0), EdlaeConfig(2.0, 0.0, 0.0))
    plain = told.matrix() @ B
    plain[told.viewer, told.title] = -np.inf
    model = _chosen(told, _bare(n))
    wanted, some = targets.sum(axis=1), targets.any(axis=1)
    best = rank_all(model, told, 20).title
    ours = metrics.ndcg(np.take_along_axis(targets, best, axis=1), wanted)[some]
    theirs = metrics.ndcg(metrics.top_hits(plain, targets, 20), wanted)[some]
    interval = metrics.bootstrap(ours, np.random.default_rng(0))
    yield Figure(
        "ML-1M chronological: NDCG@20", interval.mean, "", 0.202, peer="EASE", peer_value=float(theirs.mean()),
        detail=f"95% interval {interval.low:.4f} to {interval.high:.4f}; ranker {'on' if model.ranker else 'off'}",
    )  # fmt: skip


def global_clock() -> Iterator[Figure]:
    """MovieLens 100k, one moment for all: the first 80% of events, then the rest."""
    folder = fetch.fetch(fetch.MOVIELENS_100K)
    ratings = pl.read_csv(folder / "ml-100k.inter", separator="\t", new_columns=["member", "title", "value", "s"])
    ratings = ratings.sort("s", maintain_order=True)
    early, late = ratings[:80_000], ratings[80_000:]
    ids = sorted(ratings["title"].unique().to_list())
    told = from_columns(
        early["member"].to_numpy(), early["title"].to_numpy(), ids, (early["s"].to_numpy() * 1000).astype(np.int64)
    )
    model = _chosen(told, _bare(len(ids)))
    place, known = (
        {title: at for at, title in enumerate(ids)},
        dict(map(reversed, enumerate(m for m, _ in told.viewers))),
    )
    seen = told.matrix().toarray() > 0
    found = {member: set() for member in late["member"].unique().to_list()}
    for member, title in late.select("member", "title").iter_rows():
        if member not in known or not seen[known[member], place[title]]:
            found[member].add(place[title])
    best = rank_all(model, told, 20).title
    fading = replace(popularity.PopularityConfig(), recent_half_life_days=14.0)
    fading_score = popularity.fit(told, fading).recent
    values: dict[str, list[float]] = {"ours": [], "fading": [], "new": [], "new fading": []}
    for member, titles in found.items():
        if not titles:
            continue
        score = fading_score.copy()
        if member in known:
            score[seen[known[member]]] = -np.inf
        popular = _share(metrics.top_k(score[None, :], 20)[0], titles)
        if member in known:
            values["ours"].append(_share(best[known[member]], titles))
            values["fading"].append(popular)
        else:
            values["new"].append(_share(metrics.top_k(model.base_score[None, :], 20)[0], titles))
            values["new fading"].append(popular)
    rng = np.random.default_rng(0)
    for label, ours, peer, reach in (
        ("returning", "ours", "fading", 0.275), ("new", "new", "new fading", None),
    ):  # fmt: skip
        interval, beside = metrics.bootstrap(np.array(values[ours]), rng), float(np.mean(values[peer]))
        yield Figure(
            f"ML-100k, one clock: {label} members, R@20", interval.mean, "", beside if reach is None else reach,
            peer="popularity fading with 14 days", peer_value=beside,
            detail=f"95% interval {interval.low:.3f} to {interval.high:.3f}, {interval.n} members",
        )  # fmt: skip


def _share(best: np.ndarray, titles: set[int]) -> float:
    return len(titles & set(best.tolist())) / min(20, len(titles))


def _ml_1m_titles(data: Path, *, text: bool = False) -> pl.DataFrame:
    """The titles that the interactions name, by id."""
    with np.load(data / "recommend" / "ml-1m-dev.npz") as file:
        ids = np.unique(file["movie"]).tolist()
    told = {}
    for line in (data / "recommend" / "ml-1m-movies.dat").read_text("latin-1").splitlines():
        number, name, genres = line.split("::")
        year = re.search(r"\((\d{4})\)\s*$", name)
        told[int(number)] = (name, int(year[1]) if year else None, genres.split("|"))
    columns = {"title": list(range(len(ids))), "name": [told[i][0] for i in ids], "year": [told[i][1] for i in ids],
               "genres": [told[i][2] for i in ids]}  # fmt: skip
    if text:
        synopses = json.loads(gzip.decompress((data / "recommend" / "ml-1m-synopses.json.gz").read_bytes()))
        columns["text"] = [synopses.get(str(i), "") for i in ids]
    return pl.DataFrame(columns)


def cold_titles(data: Path) -> Iterator[Figure]:
    """A tenth of the titles with 20 viewers or more hidden from fitting, and ranked among themselves."""
    X = _matrix(data)
    counts = np.asarray(X.sum(axis=0)).ravel()
    viewer, title = X.nonzero()
    for label, text, reach in (("genres and year", False, 0.367), ("genres, year and text", True, 0.50)):
        titles, ours, oracle = _ml_1m_titles(data, text=text), [], []
        for seed in (10, 11, 12, 13, 14):
            able = np.flatnonzero(counts >= 20)
            hidden = np.sort(np.random.default_rng(seed).choice(able, len(able) // 10, replace=False))
            kept = ~np.isin(title, hidden)
            model = fit(from_columns(viewer[kept], title[kept], list(range(X.shape[1]))), titles)
            warm = X.copy()
            warm.data[np.isin(warm.indices, hidden)] = 0
            targets = X[:, hidden].toarray() > 0
            some = targets.any(axis=1)
            for scores, into in (
                ((warm @ model.B)[:, hidden], ours),
                (np.tile(counts[hidden], (len(some), 1)), oracle),
            ):
                hits = metrics.top_hits(scores[some], targets[some], 20)
                into.append(metrics.recall(hits, targets[some].sum(axis=1)).mean())
        yield Figure(
            f"ML-1M cold titles, {label}: R@20", float(np.mean(ours)), "", reach,
            peer="popularity that nobody can know yet", peer_value=float(np.mean(oracle)),
            detail=f"5 seeds, {min(ours):.3f} to {max(ours):.3f}",
        )  # fmt: skip

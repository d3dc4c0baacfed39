"""How long a page, a ranked row and similar titles take in process: 10,000 titles, 15 rows of 20."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from benchmarks._recommend_fit import synthetic
from benchmarks.figure import Figure
from frontrow.recommend import ranker
from frontrow.recommend.model import Model, fit
from frontrow.recommend.page import PageConfig, build_page
from frontrow.recommend.rank import rank, similar
from frontrow.recommend.viewer import Viewer, Watched

TITLES, VIEWERS, NOW_MS = 10_000, 4_000, 1_760_000_000_000
SHAPE = PageConfig(rows=15, tiles=20, genre_rows=8)
encoder = msgspec.json.Encoder()


def run(data: Path | None) -> Iterator[Figure]:
    """Everything is generated; nothing is read."""
    told = synthetic(VIEWERS, TITLES, 400_000)
    rng = np.random.default_rng(0)
    genres = [
        sorted({f"Genre {a}", f"Genre {b}"})
        for a, b in zip(np.arange(TITLES) % 20, rng.integers(0, 20, TITLES), strict=True)
    ]
    titles = pl.DataFrame(
        {"title": [f"t{i}" for i in range(TITLES)], "name": [f"A title of number {i}" for i in range(TITLES)],
         "year": rng.integers(1950, 2026, TITLES), "genres": genres}
    )  # fmt: skip
    plain = fit(told, titles)
    features = rng.standard_normal((2000, ranker.CANDIDATES, len(ranker.FEATURES)), dtype=np.float32)
    wanted = features[..., 0] + features[..., 6] + rng.standard_normal(features.shape[:2]) > 3
    ranked = Model(plain.titles, plain.parts, plain.mix, ranker.fit(features, wanted, 0), plain.config)
    viewers = [_viewer(told.title[told.viewer == number].tolist(), number) for number in range(600)]
    for label, model in (("", plain), (", with a ranker", ranked)):
        build_page(model, viewers[0], now_ms=NOW_MS)
        fresh = _times(viewers, lambda viewer, model=model: _page(model, viewer, forget=True))
        again = _times(viewers, lambda viewer, model=model: _page(model, viewer, forget=False))
        p50, p99 = np.percentile(fresh, [50, 99])
        history = f"{np.mean([len(viewer.watched) for viewer in viewers]):.0f} titles a history"
        yield Figure(f"a page after a new play{label}, p50", p50, "ms", 5, "at most", detail=history)
        yield Figure(f"a page after a new play{label}, p99", p99, "ms", 10, "at most")
        yield Figure(f"a page again{label}: pages and their JSON a second and core", 1e3 / again.mean(), "/s", 200)
        row = np.percentile(_times(viewers, lambda viewer, model=model: _row(model, viewer)), 99)
        yield Figure(f"one ranked row after a new play{label}, p99", row, "ms", 3, "at most")
    alike = _times(viewers, lambda viewer: similar(plain, f"t{viewer.member}", 20, now_ms=NOW_MS))
    yield Figure("similar titles, p99", np.percentile(alike, 99), "ms", 3, "at most")


def _viewer(titles: list[int], number: int) -> Viewer:
    watched = {f"t{title}": Watched(at, True, 1.0, 1.0, weight=1.0) for at, title in enumerate(titles)}
    return Viewer(number, watched=watched)


def _page(model: Model, viewer: Viewer, *, forget: bool) -> None:
    if forget:
        viewer.cache.clear()
    page = build_page(model, viewer, now_ms=NOW_MS, config=SHAPE)
    if not forget:
        encoder.encode(page)


def _row(model: Model, viewer: Viewer) -> None:
    viewer.cache.clear()
    rank(model, viewer, 20, now_ms=NOW_MS)


def _times(viewers: list[Viewer], act: Callable[[Viewer], object]) -> np.ndarray:
    """Milliseconds of each call."""
    took = []
    for viewer in viewers:
        started = time.perf_counter()
        act(viewer)
        took.append(1e3 * (time.perf_counter() - started))
    return np.array(took)

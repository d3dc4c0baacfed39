"""The page in process: speed at 10,000 titles, similar titles, search, and what calibration costs and gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from benchmarks.figure import Figure
from benchmarks.service import MEMBERS, NOW_MS, TITLES, _world
from frontrow.data.fetch import MOVIELENS_100K, fetch
from frontrow.errors import FrontrowError
from frontrow.recommend import signals
from frontrow.recommend.batch import rank_all
from frontrow.recommend.calibration import calibrate, genre_kl
from frontrow.recommend.history import histories
from frontrow.recommend.metrics import bootstrap
from frontrow.recommend.model import Model, fit
from frontrow.recommend.page import PageConfig, build_page
from frontrow.recommend.rank import similar
from frontrow.recommend.search import search
from frontrow.recommend.viewer import viewer_from_events

SEED = 7
LAMBDA, LIST, WIDTH = PageConfig().calibration, 20, 3
"""The page's own: Steck's lambda, and how many times the list is weighed."""


def run(_: Path | None) -> Iterator[Figure]:
    """Needs no data of its own; MovieLens 100k comes out of the cache of `frontrow demo`."""
    yield from _speed()
    yield from _calibration()


def _speed() -> Iterator[Figure]:
    titles, events = _world()
    catalogue = pl.DataFrame([msgspec.to_builtins(each) for each in titles]).with_columns(kind=pl.lit("movie"))
    told = pl.DataFrame(
        {
            "seq": np.arange(len(events)),
            "at_ms": [each.at_ms for each in events],
            "kind": [str(each.kind) for each in events],
            "member": [each.member for each in events],
            "profile": "",
            "title": [each.title for each in events],
            "value": [each.value for each in events],
            "country": "",
        }
    )
    model = fit(signals.from_events(told, catalogue), catalogue)
    viewers = [viewer_from_events(part, name) for (name,), part in told.group_by("member", maintain_order=True)]
    encode, rng = msgspec.json.Encoder().encode, np.random.default_rng(SEED)
    some = [str(t) for t in rng.integers(TITLES, size=2_000)]
    queries = [f"tilte number {t}" if i % 2 else f"genre {i % 20}" for i, t in enumerate(some)]

    def page(place: int) -> bytes:
        return encode(build_page(model, viewers[place], now_ms=NOW_MS))

    def alike(place: int) -> bytes:
        return encode(similar(model, f"t{some[place]}", 20, now_ms=NOW_MS))

    def found(place: int) -> bytes:
        return encode(search(model, queries[place], 20, now_ms=NOW_MS, viewer=viewers[place]))

    size = f"{MEMBERS:,} members, {TITLES:,} titles, 15 rows of 20, encoded; nobody's scores are kept from before"
    yield from _figures("page", page, 1.3, 10, size)
    yield from _figures("similar", alike, None, 3, "20 titles, encoded")
    yield from _figures("search", found, None, 10, "half of the queries mistyped, the viewer's scores made anew")


def _figures(
    name: str, once: Callable[[int], bytes], p50_ms: float | None, p99_ms: float, detail: str
) -> Iterator[Figure]:
    for place in range(MEMBERS):
        once(place)
    took = np.empty(MEMBERS)
    for place in range(MEMBERS):
        began = time.perf_counter()
        once(place)
        took[place] = 1000 * (time.perf_counter() - began)
    yield Figure(f"{name} p50 in process", float(np.median(took)), "ms", p50_ms, "at most", detail=detail)
    yield Figure(f"{name} p99 in process", float(np.percentile(took, 99)), "ms", p99_ms, "at most")


def _calibration() -> Iterator[Figure]:
    """Lambda and width were looked at on the window before (60% to 80% of the clock); this is the newest fifth."""
    try:
        folder = fetch(MOVIELENS_100K)
    except FrontrowError as error:
        yield Figure("genre KL by calibration", float("nan"), "%", detail=f"left out: {error}")
        return
    for name, begin, end in (("tuned on", 0.6, 0.8), ("reported on", 0.8, 1.0)):
        model, known, wanted = _window(folder, begin, end)
        plain, kl_before = _judge(model, known, wanted, 0.0)
        balanced, kl_after = _judge(model, known, wanted, LAMBDA)
        gain = bootstrap(balanced - plain, np.random.default_rng(SEED))
        detail = (
            f"{name} the clock's {begin:.0%} to {end:.0%}, {len(plain)} returning members; lambda {LAMBDA}; R@20 "
            f"{plain.mean():.4f} -> {balanced.mean():.4f}, paired 95% interval {gain.low:+.4f} to {gain.high:+.4f}"
        )
        lost = 100 * (1 - balanced.mean() / plain.mean())
        reported = name == "reported on"
        yield Figure(
            f"genre KL by calibration, {name}", 100 * (kl_after / kl_before - 1), "%", -30 if reported else None,
            "at most", "not calibrated", 0.0, detail,
        )  # fmt: skip
        yield Figure(f"R@20 lost, {name}", lost, "%", 1 if reported else None, "at most")


def _window(folder: Path, begin: float, end: float) -> tuple[Model, signals.Interactions, dict[int, set[int]]]:
    """The model of everything before `begin`, its histories, and what returning members watched until `end`."""
    events = pl.read_csv(folder / "ml-100k.inter", separator="\t", new_columns=["member", "title", "stars", "at_s"])
    events = events.sort("at_s", maintain_order=True)
    items = pl.read_csv(folder / "ml-100k.item", separator="\t", quote_char=None, infer_schema_length=0)
    titles = items.select(
        title=pl.nth(0).cast(pl.Int64), name=pl.nth(1), year=pl.nth(2).cast(pl.Int64, strict=False),
        genres=pl.nth(3).str.split(" "),
    )  # fmt: skip
    past = events[: int(len(events) * begin)]
    later = events[int(len(events) * begin) : int(len(events) * end)]
    columns = (past[name].to_numpy() for name in ("member", "title"))
    known = signals.from_columns(*columns, titles["title"], 1000 * past["at_s"].to_numpy(), past["stars"].to_numpy())
    model = fit(known, titles)
    viewer_of = {member: place for place, (member, _) in enumerate(known.viewers)}
    wanted: dict[int, set[int]] = {}
    for member, title in later.select("member", "title").iter_rows():
        if member in viewer_of:
            wanted.setdefault(viewer_of[member], set()).add(model.index[title])
    return model, known, wanted


def _judge(
    model: Model, known: signals.Interactions, wanted: dict[int, set[int]], weight: float
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], float]:
    """Recall@20 of each member, and the mean genre KL of their lists."""
    ranked, told, genre = rank_all(model, known, LIST * WIDTH), histories(known), model.content.genre
    recalls: list[float] = []
    divergence: list[float] = []
    for viewer, targets in wanted.items():
        part = slice(told.indptr[viewer], told.indptr[viewer + 1])
        profile = genre[told.title[part][told.weight[part] > 0]].mean(axis=0)
        wide = ranked.title[viewer]
        best = wide[calibrate(ranked.score[viewer], genre[wide], profile, LIST, weight)]
        recalls.append(len(targets & set(best.tolist())) / len(targets))
        divergence.append(float(genre_kl(profile, genre[best].mean(axis=0))))
    return np.array(recalls), float(np.mean(divergence))

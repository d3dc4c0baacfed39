"""How well the recommender does on what came later: full ranking, no leaks, popularity and plain EASE beside it.

With a clock in the data: windows that roll forward, each fitted (and tuned) on everything before it. Without: the
newest tenth of each viewer, or a random fifth of viewers who were not fitted on (see `tune`). Viewers fall into
segments: returning, new (no history), and cold titles (what was found among titles with hardly a viewer before).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.recommend import edlae, leak, metrics, popularity, tune, worlds
from frontrow.recommend.batch import score_block
from frontrow.recommend.calibration import genre_kl
from frontrow.recommend.edlae import EdlaeConfig
from frontrow.recommend.history import FOREVER
from frontrow.recommend.model import Model, content_of, fit
from frontrow.recommend.page import build_page
from frontrow.recommend.parts import FitConfig
from frontrow.recommend.ranker import profiles
from frontrow.recommend.signals import Interactions
from frontrow.recommend.viewer import Viewer, Watched
from frontrow.recommend.worlds import Timing, World

if TYPE_CHECKING:
    import polars as pl

K = 20
PAGES = 200
"""Viewers of a window whose whole pages are judged."""
CUTS = (0.7, 0.8, 0.9, 1.0)
"""Shares of the events at which windows begin and end."""
COLD_VIEWERS = 5
PLAIN_EASE = EdlaeConfig(ridge=2.0, dropout=0.0, viewer_power=0.0, low_rank=0.0)
Scorer = Callable[[World], NDArray[np.float32]]


class Measured(msgspec.Struct, frozen=True):
    """A mean over viewers and its 95% bootstrap interval."""

    mean: float
    low: float
    high: float
    viewers: int


class Result(msgspec.Struct, frozen=True):
    """One system on one segment of one window."""

    window: str
    segment: str
    system: str
    recall: Measured
    ndcg: Measured
    coverage: float
    """Share of the catalogue that is in anybody's first 20."""
    genre_kl: float
    """Mean KL divergence of the first 20's genres from the history's, nats."""
    novelty: float
    """Mean -log2 of the share of viewers who had watched what is recommended."""
    gain: Measured | None = None
    """Frontrow's NDCG less this system's, paired."""


class PageValue(msgspec.Struct, frozen=True):
    """Discounted hits of whole pages: the viewer's own against the page that somebody unknown would get."""

    window: str
    viewers: int
    value: Measured
    popular: Measured


class Report(msgspec.Struct, frozen=True):
    """What `frontrow recommend evaluate` finds."""

    timing: str
    results: list[Result]
    pages: list[PageValue]
    leak_check: str
    chosen: dict[str, dict[str, float]]
    """What tuning chose in each window, with its score on the window before."""


def evaluate(
    interactions: Interactions,
    titles: pl.DataFrame,
    *,
    clock_s: Callable[[], float],
    budget_s: float,
    seed: int = 0,
    step: Callable[[str], None] = lambda note: None,
) -> Report:
    """Fit and judge on every window. Raises InputError when the data is too small to hold anything back."""
    rng = np.random.default_rng(seed)
    timing = worlds.timing_of(interactions)
    windows = _windows(interactions, timing, rng)
    if not windows:
        raise InputError("too little to evaluate: five viewers with something to find later are needed")
    checked = "no clock in the data: held-back rows are taken out before anything is made"
    if timing == "clock":
        _check_pipeline(interactions, int(np.quantile(interactions.at_ms, CUTS[0])), rng)
        checked = "passed: shuffling the future changes nothing"
    results: list[Result] = []
    pages: list[PageValue] = []
    chosen = {}
    for name, world in windows.items():
        step(f"{name}: choosing on the past")
        choice = tune.choose(
            world.past, content_of(titles), clock_s=clock_s, budget_s=budget_s / len(windows), seed=seed
        )
        chosen[name] = dict(choice.steps)
        model = fit(world.past, titles, choice.config, ranker=choice.ranker)
        systems = _systems(model, world)
        for segment, part in _segments(world, model).items():
            step(f"{name}: {segment}")
            results += _judge(name, segment, part, systems, model, rng)
        step(f"{name}: pages")
        pages.append(_pages(name, world, model, rng))
    return Report(timing, results, pages, checked, chosen)


def _windows(interactions: Interactions, timing: Timing, rng: np.random.Generator) -> dict[str, World]:
    if timing != "clock":
        made = worlds.worlds(interactions, timing, rng)
        return dict(zip(["newest tenth" if timing == "order" else "random fifth"], made, strict=False))
    cuts = np.quantile(interactions.at_ms, CUTS)
    rolling = {
        f"{round(100 * share)}% on": worlds.at_clock(interactions, int(lo), int(hi), rng)
        for share, lo, hi in zip(CUTS, cuts, cuts[1:], strict=False)
    }
    return {name: world for name, world in rolling.items() if len(world.viewers) >= 5}


def _check_pipeline(interactions: Interactions, cut_ms: int, rng: np.random.Generator) -> None:
    """The scores that are judged, under the shuffled-future test."""

    def scores(given: Interactions, moment_ms: int) -> NDArray[np.float32]:
        past = given.where(given.at_ms < moment_ms)
        G = edlae.gram(past.matrix())
        return np.concatenate([G, popularity.fit(past).recent[None, :]])

    leak.refuse_leaks("the fitted model", scores, interactions, cut_ms, rng)


def _systems(model: Model, world: World) -> dict[str, Scorer]:
    """What is compared: each gives scores [viewers, titles] for the viewers of a world."""
    ease: list[NDArray[np.float32]] = []

    def plain_ease(part: World) -> NDArray[np.float32]:
        if not ease:
            ease.append(edlae.solve(edlae.gram(world.past.matrix(), 0.0), PLAIN_EASE))
        product: NDArray[np.float32] = part.viewers.matrix(FOREVER) @ ease[0]
        return product

    def everybody(values: NDArray[np.float32]) -> Scorer:
        return lambda part: np.repeat(values[None, :], len(part.targets), axis=0).astype(np.float32)

    systems: dict[str, Scorer] = {"frontrow": lambda part: score_block(model, part.viewers, part.seen, part.now_ms)}
    if len(model) <= FitConfig().sparse.above_titles:
        systems["EASE"] = plain_ease
    systems["popularity"] = everybody(model.popularity.total)
    systems["decayed popularity"] = everybody(model.popularity.newcomer)
    return systems


def _segments(world: World, model: Model) -> dict[str, World]:
    """Returning viewers, newcomers, and returning viewers among cold titles only."""
    found = {"returning": world}
    n = world.targets.shape[1]
    if world.newcomers is not None and len(world.newcomers) >= 5:
        nobody = replace(
            world.viewers,
            indptr=np.zeros(len(world.newcomers) + 1, np.int64),
            title=np.zeros(0, np.int32),
            weight=np.zeros(0, np.float32),
            age_days=np.zeros(0, np.float32),
        )
        found["new"] = World(world.past, nobody, world.newcomers)
    cold = model.popularity.total < COLD_VIEWERS
    targets = world.targets & cold[None, :]
    some = np.flatnonzero(targets.any(axis=1))
    if len(some) >= 20 and 2 * K < cold.sum() < n:
        now_ms = None if world.now_ms is None else world.now_ms[some]
        found["cold titles"] = World(world.past, world.viewers.select(some), targets[some], now_ms=now_ms)
    return found


def _judge(
    window: str, segment: str, part: World, systems: Mapping[str, Scorer], model: Model, rng: np.random.Generator
) -> list[Result]:
    wanted = part.targets.sum(axis=1)
    cold_only = segment == "cold titles"
    profile = profiles(part.viewers, model.content.genre)
    share = (model.popularity.total + 1) / (part.past.n_viewers + 1)
    ours: NDArray[np.float64] | None = None
    results = []
    for name, scorer in systems.items():
        if name == "EASE" and segment == "new":
            continue  # it has nothing to say without a history
        scores = scorer(part)
        scores[part.seen] = -np.inf
        if cold_only:
            scores[:, model.popularity.total >= COLD_VIEWERS] = -np.inf
        best = metrics.top_k(scores, K)
        hits = np.take_along_axis(part.targets, best, axis=1)
        gained = metrics.ndcg(hits, wanted)
        q = model.content.genre[best].mean(axis=1)
        told = profile.any(axis=1)
        results.append(
            Result(
                window,
                segment,
                name,
                _measured(metrics.recall(hits, wanted), rng),
                _measured(gained, rng),
                len(np.unique(best)) / len(model),
                float(genre_kl(np.maximum(profile[told], 0), q[told]).mean()) if told.any() else 0.0,
                float(-np.log2(share[best]).mean()),
                None if ours is None else _measured(ours - gained, rng),
            )
        )
        if ours is None:
            ours = gained
    return results


def _pages(window: str, world: World, model: Model, rng: np.random.Generator) -> PageValue:
    """Pages of some viewers: each target found counts 1/log2(2 + row) x 1/log2(2 + place)."""
    some = np.sort(rng.permutation(len(world.viewers))[:PAGES])
    known = world.viewers
    values: list[float] = []
    popular: list[float] = []
    for place in some.tolist():
        part = slice(known.indptr[place], known.indptr[place + 1])
        viewer = Viewer(place)
        pairs = zip(known.title[part].tolist(), known.weight[part].tolist(), strict=True)
        for age, (title, weight) in enumerate(reversed(list(pairs))):
            viewer.watched[model.ids[title]] = Watched(age, True, 1.0, 1.0, seen=True, weight=weight)
        wanted = {model.ids[title] for title in np.flatnonzero(world.targets[place]).tolist()}
        nobody = Viewer(place, watched={t: Watched(what.at_ms, seen=True) for t, what in viewer.watched.items()})
        for who, gained in ((viewer, values), (nobody, popular)):
            page = build_page(model, who, now_ms=0)
            gained.append(
                sum(
                    1 / np.log2(2 + row) / np.log2(2 + column)
                    for row, each in enumerate(page.rows)
                    for column, tile in enumerate(each.tiles)
                    if tile.title in wanted
                )
            )
    return PageValue(window, len(some), _measured(np.array(values), rng), _measured(np.array(popular), rng))


def _measured(values: NDArray[np.float64], rng: np.random.Generator) -> Measured:
    interval = metrics.bootstrap(values, rng)
    return Measured(interval.mean, interval.low, interval.high, interval.n)

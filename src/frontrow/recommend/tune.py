"""What data can decide, decided by the data: hyper-parameters, blend and ranker, on earlier windows only.

`choose` never sees what is reported on later: it works inside the interactions it is given, on the held-back parts of
`worlds`, whose kind follows from what the data tells about time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import edlae, popularity, ranker
from frontrow.recommend.content import Content
from frontrow.recommend.fatigue import Shown
from frontrow.recommend.history import FOREVER
from frontrow.recommend.metrics import ndcg, recall, top_hits, top_k
from frontrow.recommend.parts import FitConfig, Parts, fit_dense, fit_items, fit_parts
from frontrow.recommend.ranker import Ranker
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import SOURCES, Mix, blend, common_scores, personal_scores
from frontrow.recommend.worlds import Timing, World, timing_of, worlds

CLIMB_TITLES = 8_000


@dataclass(frozen=True)
class Choice:
    """What was chosen, the ranker if there is one, and how each step scored (shown to the user)."""

    config: FitConfig
    ranker: Ranker | None
    timing: Timing
    steps: tuple[tuple[str, float], ...]


def choose(
    interactions: Interactions,
    content: Content,
    *,
    clock_s: Callable[[], float],
    budget_s: float,
    seed: int = 0,
    step: Callable[[str], None] = lambda note: None,
    shown: Shown | None = None,
) -> Choice:
    """Find every hyper-parameter that the data can decide within `budget_s` of `clock_s` (a monotonic clock).

    With too little data to hold anything back, the defaults. `shown` are the impressions, where they were logged.
    """
    rng = np.random.default_rng(seed)
    started = clock_s()
    timing = timing_of(interactions)
    config = _start(timing)
    parts_of_time = worlds(interactions, timing, rng)
    if not parts_of_time or budget_s <= 0:
        return Choice(config, None, timing, ())
    steps: list[tuple[str, float]] = []

    def left(share: float) -> bool:
        return clock_s() - started < budget_s * share

    def done(what: str, score: float) -> None:
        steps.append((what, score))
        step(f"{what}: {score:.4f}")

    depth = 100 if timing == "none" else 20
    chosen, score, B = _choose_edlae(parts_of_time[-1], config, depth, lambda: left(0.5 if timing == "none" else 0.25))
    config = replace(config, edlae=chosen)
    done(
        f"B with ridge {chosen.ridge:g}, dropout {chosen.dropout:g}, power {chosen.viewer_power:g}, "
        f"low rank {chosen.low_rank:g}",
        score,
    )
    if timing == "clock":
        config = replace(config, popularity=_choose_popularity(parts_of_time, config))
    if interactions.n_titles > CLIMB_TITLES and not left(0.9):
        return Choice(config, None, timing, tuple(steps))
    fitted = [fit_parts(world.past, config) for world in parts_of_time[:-1]]
    fitted.append(fit_parts(parts_of_time[-1].past, config, B))
    if timing != "none":
        config = replace(config, mix=_choose_half_lives(parts_of_time, fitted, config.mix, timing, depth))
    mix, score = _choose_weights(parts_of_time, fitted, config.mix, timing, depth)
    config = replace(config, mix=mix)
    done("blend " + ", ".join(f"{name} {weight:g}" for name, weight in mix.weights.items() if weight), score)
    trained = None
    if timing != "none" and left(1.0):
        trained, gain = choose_ranker(parts_of_time[-1], fitted[-1], config.mix, content, seed, shown)
        if trained is not None:
            done("ranker against the blend", gain)
    return Choice(config, trained, timing, tuple(steps))


def _start(timing: Timing) -> FitConfig:
    weights = {"taste": 1.0, "recent": 0.0, "next": 0.0, "popular": 0.0, "classic": 0.0, "trend": 0.0}
    if timing != "none":
        weights |= {"recent": 0.5, "next": 1.0}
    if timing == "clock":
        weights |= {"popular": 0.5}
    return FitConfig(mix=Mix(weights=weights))


def _judge(scores: NDArray[np.float32], world: World, depth: int) -> NDArray[np.float64]:
    """NDCG a viewer; overwrites the scores of what was seen."""
    scores[world.seen] = -np.inf
    return ndcg(top_hits(scores, world.targets, depth), world.targets.sum(axis=1))


def _choose_edlae(
    world: World, config: FitConfig, depth: int, left: Callable[[], bool]
) -> tuple[edlae.EdlaeConfig, float, Any]:
    """The best configuration found, its score and its B: climb one parameter at a time, each try is one solve.

    Above CLIMB_TITLES titles, where a solve takes many seconds and a copy of G much memory, the default stands.
    """
    X = world.past.matrix()
    histories_at = [world.viewers.matrix(), world.viewers.matrix(30), world.viewers.matrix(5)]

    def judge(B: Any) -> float:
        return max(float(_judge(_dense(x @ B), world, depth).mean()) for x in histories_at)

    best = config.edlae
    if X.shape[1] > CLIMB_TITLES:
        best_B = fit_items(X, config)
        return best, judge(best_B), best_B
    G, power, tried = edlae.gram(X, best.viewer_power), best.viewer_power, {best}
    best_B = fit_dense(G.copy(), X, best)
    best_score = judge(best_B)
    improved = True
    while improved:
        improved = False
        for candidate in _neighbours(best):
            if candidate in tried or not left():
                continue
            tried.add(candidate)
            if candidate.viewer_power != power:
                G, power = edlae.gram(X, candidate.viewer_power), candidate.viewer_power
            B = fit_dense(G.copy(), X, candidate)
            if (score := judge(B)) > best_score + 2e-4:
                best, best_score, best_B, improved = candidate, score, B, True
    return best, best_score, best_B


def _neighbours(config: edlae.EdlaeConfig) -> list[edlae.EdlaeConfig]:
    around = [replace(config, ridge=config.ridge * factor) for factor in (1.6, 1 / 1.6)]
    around += [replace(config, dropout=round(config.dropout + d, 2)) for d in (0.12, -0.12)]
    around += [replace(config, viewer_power=round(config.viewer_power + d, 2)) for d in (-0.2, 0.2)]
    around += [replace(config, low_rank=round(config.low_rank + d, 2)) for d in (0.2, -0.2)]
    around = [x for x in around if 0 <= x.low_rank <= 1]
    return [x for x in around if 0 <= x.dropout <= 0.9 and 0 <= x.viewer_power <= 1]


def _choose_popularity(made: list[World], config: FitConfig) -> popularity.PopularityConfig:
    """The half-lives whose popularity finds most of what returning viewers, and newcomers, watched in the windows."""
    days = (2.0, 3.5, 7.0, 14.0, 28.0, 60.0, 180.0)
    returning, newcomers = np.zeros(len(days)), np.zeros(len(days))
    for place, half_life in enumerate(days):
        for world in made:
            recent = popularity.fit(world.past, popularity.PopularityConfig(half_life)).recent
            scores = np.repeat(recent[None, :], len(world.targets), axis=0)
            scores[world.seen] = -np.inf
            returning[place] += recall(top_hits(scores, world.targets, 20), world.targets.sum(axis=1)).sum()
            if world.newcomers is not None and len(world.newcomers):
                hits = world.newcomers[:, top_k(recent[None, :], 20)[0]]
                newcomers[place] += recall(hits, world.newcomers.sum(axis=1)).sum()
    chosen = replace(config.popularity, recent_half_life_days=days[int(np.argmax(returning))])
    if newcomers.any():
        chosen = replace(chosen, newcomer_half_life_days=days[int(np.argmax(newcomers))])
    return chosen


def _choose_half_lives(made: list[World], fitted: list[Parts], mix: Mix, timing: Timing, depth: int) -> Mix:
    """Each personal source on its own: the half-life that ranks best."""
    grid = {"taste": (FOREVER, 100.0, 40.0, 20.0), "recent": (3.0, 5.0, 10.0), "next": (2.0, 3.0, 5.0, 8.0)}
    ages = (FOREVER, 30.0, 7.0, 1.0) if timing == "clock" else (FOREVER,)
    chosen: dict[str, float] = {}
    best_age, best_of_age = FOREVER, -1.0
    for age in ages:
        found, total = {}, 0.0
        for source, half_lives in grid.items():
            scores = [
                np.concatenate(
                    [
                        _judge(_dense(world.viewers.matrix(k, age) @ (p.N if source == "next" else p.B)), world, depth)
                        for world, p in zip(made, fitted, strict=True)
                    ]
                ).mean()
                for k in half_lives
            ]
            found[source] = half_lives[int(np.argmax(scores))]
            total += float(max(scores))
        if total > best_of_age * 1.01:
            best_age, best_of_age, chosen = age, total, found
    return replace(
        mix,
        age_half_life_days=best_age,
        taste_half_life=chosen["taste"],
        recent_half_life=chosen["recent"],
        next_half_life=chosen["next"],
    )


def _dense(product: object) -> NDArray[np.float32]:
    return product if isinstance(product, np.ndarray) else product.toarray()  # type: ignore[attr-defined]


def _choose_weights(made: list[World], fitted: list[Parts], mix: Mix, timing: Timing, depth: int) -> tuple[Mix, float]:
    """Coordinate ascent on the mean NDCG; a move must gain half a standard error of the paired difference."""
    scored = []
    for world, parts in zip(made, fitted, strict=True):
        personal, _ = personal_scores(parts.B, parts.N, world.viewers, mix)
        personal[:, world.seen] = -1e9
        scored.append((personal, common_scores(parts.popularity), world))

    def judge(candidate: Mix) -> NDArray[np.float64]:
        return np.concatenate([_judge(blend(p, c, candidate), world, depth) for p, c, world in scored])

    movable = [s for s in SOURCES if timing == "clock" or s not in ("popular", "trend")]
    if timing == "none":
        movable = ["classic"]
    best, best_values = mix, judge(mix)
    for size in (0.5, 0.25):
        for source in movable:
            for direction in (size, -size):
                while True:
                    weights = dict(best.weights)
                    weights[source] = round(weights.get(source, 0.0) + direction, 3)
                    values = judge(replace(best, weights=weights))
                    gain = values - best_values
                    if gain.mean() <= max(2e-4, 0.5 * gain.std() / np.sqrt(len(gain))) or abs(weights[source]) > 6:
                        break
                    best, best_values = replace(best, weights=weights), values
    return best, float(best_values.mean())


def choose_ranker(
    world: World, parts: Parts, mix: Mix, content: Content, seed: int, shown: Shown | None = None
) -> tuple[Ranker | None, float]:
    """Train on four fifths of the newest world's viewers; kept only if it beats the blend on the last fifth.

    With a clock, a second one that knows the part of the day is kept if it beats the first as well.
    """
    n = len(world.viewers)
    if n < ranker.LEAST_VIEWERS:
        return None, 0.0
    tops, features = [], []
    hours: list[list[float]] = []
    if timing_of(world.past) == "clock":
        hours = ranker.genres_by_hour(world.past, content).tolist()
    common, seen = common_scores(parts.popularity), world.seen
    for start in range(0, n, 512):
        rows = np.arange(start, min(start + 512, n))
        part = world.viewers.select(rows)
        personal, _ = personal_scores(parts.B, parts.N, part, mix)
        score = blend(personal, common, mix)
        score[seen[rows]] = -np.inf
        now_ms = None if world.now_ms is None else world.now_ms[rows]
        hour = ranker.hour_of(hours, now_ms, (len(rows), content.genre.shape[1]))
        tired = None
        if shown is not None and world.who is not None and now_ms is not None:
            tired = shown.fatigue(world.who[rows], now_ms)
        top, columns = ranker.candidates(score, personal, common, part, content, hour, tired=tired)
        tops.append(top)
        features.append(columns)
    top, columns = np.concatenate(tops), np.concatenate(features)
    labels = np.take_along_axis(world.targets, top, axis=1)
    wanted = world.targets.sum(axis=1)
    judged = np.arange(n) % 5 == 0
    blended = ndcg(labels[judged][:, :20], wanted[judged])
    best, reached = None, blended
    for told in ([], hours) if hours else ([],):
        known = columns[~judged]
        if not told:
            known[..., ranker.FEATURES.index("hour")] = 0  # trees never ask for what is always the same
        trial = ranker.fit(known, labels[~judged], seed, told)
        order = np.argsort(-trial.scores(columns[judged]), axis=1, kind="stable")
        values = ndcg(np.take_along_axis(labels[judged], order, axis=1)[:, :20], wanted[judged])
        gain = values - reached
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, reached = trial, values
    return best, float((reached - blended).mean())

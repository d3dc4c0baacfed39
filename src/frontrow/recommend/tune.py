"""What data can decide, decided by the data: hyper-parameters, blend and ranker, on earlier windows only.

Three kinds of data call for three kinds of held-back part:

    clock    times are real: everything after one moment is held back, for all viewers at once
    order    rows are in order of time, without a clock: the newest tenth of each viewer
    none     rows are sorted by title or shuffled: a random fifth of some viewers, who are not fitted on at all

`choose` never sees what is reported on later: it works inside the interactions it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import edlae, popularity, ranker
from frontrow.recommend.history import FOREVER, Histories, histories
from frontrow.recommend.metrics import ndcg, recall, top_hits, top_k
from frontrow.recommend.parts import FitConfig, Parts, fit_dense, fit_parts
from frontrow.recommend.ranker import Content, Ranker
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import SOURCES, Mix, blend, common_scores, personal_scores

if TYPE_CHECKING:
    pass

Timing = Literal["clock", "order", "none"]
CELLS = 12_000_000
"""Most viewers x titles scored at once while tuning: bounds the memory."""


@dataclass(frozen=True)
class World:
    """One held-back part: what may be fitted on, the viewers judged, and what they watched later."""

    past: Interactions
    viewers: Histories
    targets: NDArray[np.bool_]
    newcomers: NDArray[np.bool_] | None = None
    """What viewers without any history watched in the window [newcomers, titles]; with a clock only."""

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Titles of each viewer's history: not to be recommended again."""
        mask = np.zeros(self.targets.shape, bool)
        mask[np.repeat(np.arange(len(self.viewers)), self.viewers.lengths), self.viewers.title] = True
        return mask


def timing_of(interactions: Interactions) -> Timing:
    """What the order of the rows means. Rows of a viewer that only ever ascend by title are sorted, not lived."""
    if len(interactions.at_ms) and interactions.at_ms.min() != interactions.at_ms.max():
        return "clock"
    same = interactions.viewer[1:] == interactions.viewer[:-1]
    steps = np.diff(interactions.title)[same]
    return "none" if not len(steps) or max((steps > 0).mean(), (steps < 0).mean()) > 0.95 else "order"


def worlds(interactions: Interactions, timing: Timing, rng: np.random.Generator) -> list[World]:
    """Held-back parts, newest last; empty where there is too little to hold anything back."""
    if timing == "clock":
        cuts = np.quantile(interactions.at_ms, (0.6, 0.8, 1.0))
        made = [at_clock(interactions, int(lo), int(hi), rng) for lo, hi in pairwise(cuts)]
    elif timing == "order":
        made = [newest_tenth(interactions, rng)]
    else:
        made = [random_fifth(interactions, rng)]
    return [world for world in made if len(world.viewers) >= 5 and len(world.past.weight)]


def at_clock(interactions: Interactions, cut_ms: int, end_ms: int, rng: np.random.Generator) -> World:
    """Fit on everything before `cut_ms`; judge those who return by what they watch from then to `end_ms`."""
    before = interactions.at_ms < cut_ms
    window = ~before & (interactions.at_ms <= end_ms) & (interactions.weight > 0)
    past = interactions.where(before)
    returning = np.intersect1d(past.viewer[past.weight != 0], interactions.viewer[window])
    known = histories(past)
    arriving = np.intersect1d(np.flatnonzero(known.lengths == 0), interactions.viewer[window])
    arriving = rng.permutation(arriving)[: max(CELLS // interactions.n_titles, 50)]
    world = _world(past, known, returning, interactions, window, rng)
    return replace(world, newcomers=_watched(interactions, window, np.sort(arriving)))


def newest_tenth(interactions: Interactions, rng: np.random.Generator) -> World:
    """Judge each viewer of five titles or more by the newest tenth of them."""
    lengths = np.bincount(interactions.viewer, minlength=interactions.n_viewers)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    place = np.arange(len(interactions.viewer)) - starts[interactions.viewer]
    kept = lengths - np.where(lengths >= 5, np.maximum(1, np.rint(lengths / 10).astype(np.int64)), 0)
    window = (place >= kept[interactions.viewer]) & (interactions.weight > 0)
    past = interactions.where(place < kept[interactions.viewer])
    return _world(past, histories(past), np.flatnonzero(lengths >= 5), interactions, window, rng)


def random_fifth(interactions: Interactions, rng: np.random.Generator) -> World:
    """Take a tenth of the viewers (at most 2,000) out of fitting; judge them by a random fifth of their titles."""
    lengths = np.bincount(interactions.viewer, minlength=interactions.n_viewers)
    able = np.flatnonzero(lengths >= 5)
    judged = np.sort(rng.permutation(able)[: min(max(len(able) // 10, 5), 2000)])
    out = np.isin(interactions.viewer, judged)
    window = out & (rng.random(len(out)) < 0.2) & (interactions.weight > 0)
    return _world(
        interactions.where(~out), histories(interactions.where(out & ~window)), judged, interactions, window, rng
    )


def _world(
    past: Interactions,
    known: Histories,
    viewers: NDArray[np.integer],
    interactions: Interactions,
    window: NDArray[np.bool_],
    rng: np.random.Generator,
) -> World:
    """The judged viewers with something to find, at most as many as the memory is meant for."""
    n = interactions.n_titles
    viewers = viewers[
        (known.lengths[viewers] > 0) & (np.bincount(interactions.viewer[window], minlength=len(known))[viewers] > 0)
    ]
    most = max(CELLS // max(n, 1), 50)
    if len(viewers) > most:
        viewers = np.sort(rng.permutation(viewers)[:most])
    targets = _watched(interactions, window, viewers)
    world = World(past, known.select(viewers), targets)
    targets &= ~world.seen
    found = np.flatnonzero(targets.any(axis=1))
    return World(past, world.viewers.select(found), targets[found])


def _watched(interactions: Interactions, window: NDArray[np.bool_], viewers: NDArray[np.integer]) -> NDArray[np.bool_]:
    """What each of `viewers` watched within the window, [viewers, titles]."""
    place = np.full(interactions.n_viewers, -1)
    place[viewers] = np.arange(len(viewers))
    inside = window & (place[interactions.viewer] >= 0)
    targets = np.zeros((len(viewers), interactions.n_titles), bool)
    targets[place[interactions.viewer[inside]], interactions.title[inside]] = True
    return targets


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
) -> Choice:
    """Find every hyper-parameter that the data can decide within `budget_s` of `clock_s` (a monotonic clock).

    With too little data to hold anything back, the defaults.
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
    edlae_config, score = _choose_edlae(parts_of_time[-1], config, depth, left)
    config = replace(config, edlae=edlae_config)
    chosen = edlae_config
    done(
        f"B with ridge {chosen.ridge:g}, dropout {chosen.dropout:g}, power {chosen.viewer_power:g}, "
        f"low rank {chosen.low_rank:g}",
        score,
    )
    if timing == "clock":
        config = replace(config, popularity=_choose_popularity(parts_of_time, config))
    fitted = [fit_parts(world.past, config) for world in parts_of_time]
    if timing != "none":
        config = replace(config, mix=_choose_half_lives(parts_of_time, fitted, config.mix, timing, depth))
    mix, score = _choose_weights(parts_of_time, fitted, config.mix, timing, depth)
    config = replace(config, mix=mix)
    done("blend " + ", ".join(f"{name} {weight:g}" for name, weight in mix.weights.items() if weight), score)
    trained = None
    if timing != "none" and left(0.9):
        trained, gain = choose_ranker(parts_of_time[-1], fitted[-1], config.mix, content, seed)
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
    world: World, config: FitConfig, depth: int, left: Callable[[float], bool]
) -> tuple[edlae.EdlaeConfig, float]:
    """Climb one parameter at a time; each try is one solve, so the budget decides how many."""
    best, best_score, tried = config.edlae, -1.0, set[edlae.EdlaeConfig]()
    grams: dict[float, NDArray[np.float32]] = {}
    X = world.past.matrix()
    histories_at = [world.viewers.matrix(), world.viewers.matrix(30), world.viewers.matrix(5)]
    if world.past.n_titles > config.sparse.above_titles:
        return best, best_score

    def score(candidate: edlae.EdlaeConfig) -> float:
        tried.add(candidate)
        power = candidate.viewer_power
        if power not in grams:
            grams.clear()
            grams[power] = edlae.gram(X, power)
        B = fit_dense(grams[power].copy(), X, candidate)
        return max(float(_judge(x @ B, world, depth).mean()) for x in histories_at)

    best_score = score(best)
    improved = True
    while improved:
        improved = False
        for candidate in _neighbours(best):
            if candidate in tried or not left(0.5):
                continue
            value = score(candidate)
            if value > best_score + 2e-4:
                best, best_score, improved = candidate, value, True
    return best, best_score


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


def choose_ranker(world: World, parts: Parts, mix: Mix, content: Content, seed: int) -> tuple[Ranker | None, float]:
    """Train on the newest world; kept only if it beats the blend on the fifth of its viewers that it did not see."""
    n = len(world.viewers)
    if n < ranker.LEAST_VIEWERS:
        return None, 0.0
    tops, features = [], []
    common, seen = common_scores(parts.popularity), world.seen
    for start in range(0, n, 512):
        rows = np.arange(start, min(start + 512, n))
        part = world.viewers.select(rows)
        personal, _ = personal_scores(parts.B, parts.N, part, mix)
        blended = blend(personal, common, mix)
        blended[seen[rows]] = -np.inf
        top, columns = ranker.candidates(
            blended, personal, common, part.lengths, ranker.profiles(part, content), content
        )
        tops.append(top)
        features.append(columns)
    top, columns = np.concatenate(tops), np.concatenate(features)
    labels = np.take_along_axis(world.targets, top, axis=1)
    wanted = world.targets.sum(axis=1)
    judged = np.arange(n) % 5 == 0
    trial = ranker.fit(columns[~judged], labels[~judged], seed)
    order = np.argsort(-trial.scores(columns[judged]), axis=1, kind="stable")
    gain = ndcg(np.take_along_axis(labels[judged], order, axis=1)[:, :20], wanted[judged]) - ndcg(
        labels[judged][:, :20], wanted[judged]
    )
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        return None, float(gain.mean())
    return ranker.fit(columns, labels, seed), float(gain.mean())

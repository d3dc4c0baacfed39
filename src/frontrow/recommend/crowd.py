"""What is popular in one crowd (a country, the kids, the kids of a country), and what that adds to each score there.

A crowd's counts are shrunk to the world's by empirical Bayes (C. Morris, "Parametric Empirical Bayes Inference",
1983): where the world's taste leads to expect e_i viewers of title i and n_i are counted, the title is r_i times as
popular as expected, r_i ~ Gamma(k, k), and r_i is taken as (n_i + k) / (e_i + k). k is what explains how far the counts
stray beyond chance. A crowd that strays no further is the world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.popularity import Popularity
from frontrow.recommend.sources import Mix, common_blend, common_scores


@dataclass(frozen=True)
class Crowd:
    """Scores that are the same for everybody in one crowd."""

    common: NDArray[np.float32]
    """`popular`, `classic` and `trend`, float32 [3, titles]."""
    part: NDArray[np.float32]
    """What they add to the blend, float32 [titles]."""
    base_score: NDArray[np.float32]
    """What somebody without a history is shown: popularity on a log scale, 0 to 1."""


def crowd_name(country: str, *, kids: bool) -> str:
    """A crowd's name in a model; "" is everybody who is in no smaller one."""
    return f"{country}+kids" if kids else country


def crowds_of(country: str, *, kids: bool) -> tuple[str, ...]:
    """The crowds that somebody is in, the one that says most about them first."""
    with_kids = (crowd_name(country, kids=True), crowd_name("", kids=True)) if kids else ()
    return (*with_kids, country, "")


def crowd_of(popularity: Popularity, mix: Mix, here: NDArray[np.float32] | None = None) -> Crowd:
    """The crowd of the world, or a smaller one whose `recent` and `newcomer` are `here` [2, titles]."""
    if here is not None:
        popularity = replace(popularity, recent=here[0], newcomer=here[1])
    common = common_scores(popularity)
    score = np.log1p(popularity.newcomer + 1e-3 * popularity.total)
    base_score = np.asarray(score / max(float(score.max(initial=0)), 1e-9), np.float32)
    return Crowd(common, common_blend(common, mix), base_score)


def shrink(there: Popularity, world: Popularity) -> NDArray[np.float32]:
    """`recent` and `newcomer` of a crowd on the scale of a larger one, float32 [2, titles]."""
    return np.stack([_shrunk(there.recent, world.recent), _shrunk(there.newcomer, world.newcomer)])


def _shrunk(there: NDArray[np.float32], world: NDArray[np.float32]) -> NDArray[np.float32]:
    n, of_world = there.astype(np.float64), world.astype(np.float64)
    expected = of_world * (n.sum() / max(of_world.sum(), 1e-9))
    # faded counts stray by chance a little less than n: what is left for the crowd errs towards the world
    beyond_chance = float(((n - expected) ** 2 - n).sum()) / max(float((expected**2).sum()), 1e-9)
    if beyond_chance <= 0:
        return world
    k = 1 / beyond_chance
    return np.asarray(of_world * (n + k) / (expected + k), np.float32)

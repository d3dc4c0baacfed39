"""The second stage: LightGBM lambdarank over the blend's best candidates.

C. Burges, "From RankNet to LambdaRank to LambdaMART" (2010). Labels are what viewers watched in a window later than
everything the features are made from. With fewer than 2,000 labelled viewers there is no ranker, only the blend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend.content import Content
from frontrow.recommend.history import Histories
from frontrow.recommend.metrics import top_k
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import COMMON, PERSONAL

if TYPE_CHECKING:
    import lightgbm

LEAST_VIEWERS = 2000
CANDIDATES = 150
FEATURES = (*PERSONAL, *COMMON, "blend", "place", "history", "year", "genre_affinity", "language", "hour", "fatigue")
TREES = 100
"""More did not help on MovieLens 1M sequences; each costs time on every page."""
PARTS = 4
"""Parts of the day, UTC: long enough for each genre to have plays in each."""
PART_MS = 86_400_000 // PARTS


@dataclass(frozen=True)
class Ranker:
    """A fitted ranker; both fields are published."""

    text: str
    """LightGBM's own format."""
    hours: Sequence[Sequence[float]] = ()
    """`genres_by_hour`, as it was in training; empty where the data has no clock."""

    @cached_property
    def booster(self) -> lightgbm.Booster:
        """The trees."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    @cached_property
    def columns(self) -> list[int]:
        """Places in FEATURES of what the trees were trained on: a ranker published before a feature came goes on."""
        return [FEATURES.index(name) for name in self.booster.feature_name()]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """One score a candidate; features [..., len(FEATURES)]."""
        flat = features.reshape(-1, features.shape[-1])
        if len(self.columns) < len(FEATURES):
            flat = flat[:, self.columns]
        return np.asarray(self.booster.predict(flat, num_threads=1)).reshape(features.shape[:-1])


def candidates(
    blended: NDArray[np.float32],
    personal: NDArray[np.float32],
    common: NDArray[np.float32],
    viewers: Histories,
    content: Content,
    hour: NDArray[np.float32],
    count: int = CANDIDATES,
    tired: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The blend's best of each viewer, positions [viewers, count] best first, and features [viewers, count, features].

    `blended` has what is not allowed at -inf; `viewers` are the histories behind it; `hour` is how much
    each genre falls into the part of the day in which each viewer asks [viewers, genres]; `tired` how tired each viewer
    is of each title [viewers, titles], without it of none.
    """
    top = top_k(blended, count)
    shape = top.shape
    columns = [np.take_along_axis(scores, top, axis=1) for scores in personal]
    columns += [scores[top] for scores in common]
    columns.append(np.take_along_axis(blended, top, axis=1))
    columns.append(np.broadcast_to(np.arange(shape[1], dtype=np.float32), shape))
    columns.append(np.broadcast_to(np.log1p(viewers.lengths)[:, None], shape))
    columns.append(content.year[top])
    columns.append(np.einsum("vg,vcg->vc", profiles(viewers, content.genre), content.genre[top]))
    columns.append(np.einsum("vl,vcl->vc", profiles(viewers, content.language), content.language[top]))
    columns.append(np.einsum("vg,vcg->vc", hour, content.genre[top]))
    columns.append(np.zeros(shape) if tired is None else np.take_along_axis(tired, top, axis=1))
    features = np.stack([np.asarray(column, np.float32) for column in columns], axis=-1)
    features[~np.isfinite(features)] = np.nan
    return top, features


def profiles(viewers: Histories, membership: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of each genre (or language) in each history, float32 [viewers, columns of `membership`].

    What was abandoned or dismissed counts against.
    """
    total = viewers.matrix() @ membership
    return np.asarray(total / np.maximum(np.abs(total).sum(axis=1, keepdims=True), 1e-9), np.float32)


def genres_by_hour(past: Interactions, content: Content) -> NDArray[np.float64]:
    """Log ratio of each genre's share of the plays in a part of the day against its share of all [PARTS, genres]."""
    liked = past.weight > 0
    cell = part_of_day(past.at_ms[liked]) * past.n_titles + past.title[liked]
    plays = np.bincount(cell, minlength=PARTS * past.n_titles).reshape(PARTS, past.n_titles) @ content.genre + 1.0
    of_all = plays.sum(axis=0) / plays.sum()
    return np.asarray(np.log(plays / plays.sum(axis=1, keepdims=True) / of_all))


def part_of_day(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which part of the day, UTC, 0 to PARTS - 1."""
    return at_ms // PART_MS % PARTS


def hour_of(hours: Sequence[Sequence[float]], at_ms: NDArray[np.int64] | None, shape: tuple[int, int]) -> NDArray[Any]:
    """The row of `genres_by_hour` of each moment, float32 of `shape` [viewers, genres]; 0 without hours or moments."""
    if not len(hours) or at_ms is None:
        return np.zeros(shape, np.float32)
    return np.asarray(hours, np.float32)[part_of_day(at_ms)]


def fit(
    features: NDArray[np.float32], labels: NDArray[np.bool_], seed: int, hours: Sequence[Sequence[float]] = ()
) -> Ranker:
    """Train on candidates [viewers, count, features] and whether each was watched later [viewers, count]."""
    import lightgbm

    useful = labels.any(axis=1)
    features, labels = features[useful], labels[useful]
    data = lightgbm.Dataset(
        features.reshape(-1, features.shape[-1]),
        labels.ravel().astype(np.int32),
        group=np.full(len(features), features.shape[1]),
        feature_name=list(FEATURES),
    )
    parameters: dict[str, Any] = {
        "objective": "lambdarank", "num_leaves": 15, "learning_rate": 0.06, "min_data_in_leaf": 100,
        "lambdarank_truncation_level": 30, "feature_fraction": 0.8, "seed": seed, "deterministic": True,
        "force_row_wise": True, "num_threads": 2, "verbose": -1,
    }  # fmt: skip
    return Ranker(lightgbm.train(parameters, data, TREES).model_to_string(), hours)

"""The fitted recommender: `fit(interactions, titles) -> Model`, the files it is published as, and how it is opened.

    model = fit(signals.from_events(events, titles), titles, FitConfig(), now_ms=now_ms)
    publish(..., files=model.files(), ...)          # data.artifacts
    model = Model.load(artifact)                    # anything with .array(name), .frame(name), .json(name)

`B.npy` is memory-mapped and shared by the workers. Positions in every array are rows of `titles.parquet`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import edlae, popularity
from frontrow.recommend.edlae import EdlaeConfig
from frontrow.recommend.popularity import Popularity, PopularityConfig
from frontrow.recommend.rules import Rules, compile_rules
from frontrow.recommend.signals import Interactions

if TYPE_CHECKING:
    import polars as pl

FORMAT = 1


class Source(Protocol):
    """Where a model is read from: an Artifact, or a model folder."""

    def array(self, file: str) -> NDArray[Any]: ...
    def frame(self, file: str) -> pl.DataFrame: ...
    def json(self, file: str) -> Any: ...


@dataclass(frozen=True)
class FitConfig:
    """Everything that fitting can be told."""

    edlae: EdlaeConfig = field(default_factory=EdlaeConfig)
    popularity: PopularityConfig = field(default_factory=PopularityConfig)
    rank_half_life: float = 60.0
    """k of 2^(-rank/k): a viewer's k-th newest title counts half; 1 to 10,000; mild: taste outlives sequence."""


@dataclass(frozen=True)
class Model:
    """Fitted state; open it with `Model.load`."""

    titles: pl.DataFrame
    B: NDArray[np.float32]
    popularity: Popularity
    config: dict[str, Any] = field(default_factory=dict)

    def files(self) -> dict[str, Any]:
        """What to publish: file name -> array, frame or JSON value."""
        return {
            "B.npy": self.B,
            "popularity.npy": np.stack([self.popularity.total, self.popularity.recent, self.popularity.trend]),
            "titles.parquet": self.titles,
            "model.json": {"format": FORMAT, "config": self.config},
        }

    @classmethod
    def load(cls, source: Source) -> Model:
        """The model as published; arrays stay memory-mapped."""
        total, recent, trend = source.array("popularity.npy")
        head = source.json("model.json")
        return cls(
            source.frame("titles.parquet"), source.array("B.npy"), Popularity(total, recent, trend), head["config"]
        )

    @classmethod
    def unfitted(cls, titles: pl.DataFrame) -> Model:
        """A model of the catalogue alone, for a service that has not fitted one yet: everything ranks by its newness."""
        n = len(titles)
        nothing = np.zeros(n, np.float32)
        return cls(titles, np.zeros((n, n), np.float32), Popularity(nothing, nothing, nothing), asdict(FitConfig()))

    def __len__(self) -> int:
        return len(self.titles)

    @cached_property
    def ids(self) -> list[Any]:
        """Title ids by position."""
        return self.titles["title"].to_list()

    @cached_property
    def index(self) -> dict[Any, int]:
        """Position of each title id."""
        return {title: position for position, title in enumerate(self.ids)}

    @cached_property
    def names(self) -> list[str]:
        """Names by position; the id where there is none."""
        if "name" not in self.titles.columns:
            return [str(title) for title in self.ids]
        return [name or str(title) for name, title in zip(self.titles["name"], self.ids, strict=True)]

    @cached_property
    def years(self) -> list[int | None]:
        """Years by position."""
        return self.titles["year"].to_list() if "year" in self.titles.columns else [None] * len(self)

    @cached_property
    def genres(self) -> list[tuple[str, ...]]:
        """Genres by position."""
        if "genres" not in self.titles.columns:
            return [()] * len(self)
        return [tuple(names or ()) for names in self.titles["genres"].to_list()]

    @cached_property
    def genre_masks(self) -> dict[str, NDArray[np.bool_]]:
        """Mask [titles] of each genre, largest genre first."""
        masks: dict[str, NDArray[np.bool_]] = {}
        for position, names in enumerate(self.genres):
            for name in names:
                masks.setdefault(name, np.zeros(len(self), bool))[position] = True
        return dict(sorted(masks.items(), key=lambda item: (-int(item[1].sum()), item[0])))

    @cached_property
    def series(self) -> dict[Any, Any]:
        """Series of each episode whose series is in the catalogue."""
        if "series" not in self.titles.columns:
            return {}
        return {e: s for e, s in zip(self.ids, self.titles["series"], strict=True) if s and s in self.index}

    @cached_property
    def rules(self) -> Rules:
        """The catalogue's rules as masks."""
        return compile_rules(self.titles)

    @cached_property
    def added_ms(self) -> NDArray[np.int64]:
        """When each title came in; its year where that is unknown, else the distant past."""
        return _added(self.titles)

    @cached_property
    def newest_rank(self) -> NDArray[np.float32]:
        """0 for the newest title, 1 for the next; ties by position."""
        rank = np.empty(len(self), np.float32)
        rank[np.argsort(-self.added_ms.astype(np.float64), kind="stable")] = np.arange(len(self))
        return rank

    @cached_property
    def base_score(self) -> NDArray[np.float32]:
        """What everybody gets: popularity on a log scale, recent with some of all time, 0 to 1."""
        recent = self.popularity.recent / max(float(self.popularity.recent.max(initial=0)), 1e-9)
        total = self.popularity.total / max(float(self.popularity.total.max(initial=0)), 1e-9)
        return np.asarray(np.log1p(20 * (0.7 * recent + 0.3 * total)) / np.log(21), np.float32)

    @property
    def rank_half_life(self) -> float:
        """k of the recency weight 2^(-rank/k)."""
        return float(self.config.get("rank_half_life", FitConfig.rank_half_life))


def fit(
    interactions: Interactions,
    titles: pl.DataFrame,
    config: FitConfig = FitConfig(),
    *,
    now_ms: int = 0,
    seed: int = 0,
) -> Model:
    """Fit every part on `interactions`, whose title positions are rows of `titles`.

    `now_ms` and `seed` make the call repeatable; the closed forms need neither yet.
    """
    if len(titles) != interactions.n_titles:
        raise ValueError(f"{interactions.n_titles} titles in the interactions, {len(titles)} in the catalogue")
    B = edlae.solve(edlae.gram(interactions.matrix(), config.edlae.viewer_power), config.edlae)
    return Model(titles, B, popularity.fit(interactions, config.popularity), asdict(config))


def _added(titles: pl.DataFrame) -> NDArray[np.int64]:
    import polars as pl

    n = len(titles)
    added = titles["added_ms"].cast(pl.Int64) if "added_ms" in titles.columns else pl.Series([None] * n, dtype=pl.Int64)
    year = titles["year"].cast(pl.Int64, strict=False) if "year" in titles.columns else added.clear(n)
    of_year = (year - 1970) * 31_556_952_000
    return added.fill_null(of_year).fill_null(np.iinfo(np.int64).min).to_numpy()

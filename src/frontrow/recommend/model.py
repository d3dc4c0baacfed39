"""The fitted recommender: `fit(interactions, titles) -> Model`, the files it is published as, and how it is opened.

    model = fit(signals.from_events(events, titles), titles, FitConfig(), now_ms=now_ms)
    publish(..., files=model.files(), ...)          # data.artifacts
    model = Model.load(artifact)                    # anything with .array(name), .frame(name), .json(name)

`B.npy` is memory-mapped and shared by the workers. Positions in every array are rows of `titles.parquet`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import DamagedArtifact
from frontrow.recommend import cold
from frontrow.recommend.content import Content, content_of
from frontrow.recommend.crowd import Crowd, crowd_of, crowds_of
from frontrow.recommend.names import Index, build_index
from frontrow.recommend.parts import FitConfig, Parts, fit_parts
from frontrow.recommend.popularity import Popularity
from frontrow.recommend.ranker import Ranker
from frontrow.recommend.row_order import LIKINGS
from frontrow.recommend.rules import Rules, compile_rules
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import Mix
from frontrow.recommend.viewer import Series

if TYPE_CHECKING:
    import polars as pl
    from scipy.sparse import csr_array


__all__ = ["FitConfig", "Model", "Source", "content_of", "fit"]

FORMAT = 1
STANDINGS = 512  # of about 15 bytes a title each


class Source(Protocol):
    """Where a model is read from: an Artifact, or a model folder."""

    def array(self, file: str) -> NDArray[Any]: ...
    def frame(self, file: str) -> pl.DataFrame: ...
    def json(self, file: str) -> Any: ...


@dataclass(frozen=True)
class Model:
    """Fitted state; open it with `Model.load`."""

    titles: pl.DataFrame
    parts: Parts
    mix: Mix
    ranker: Ranker | None = None
    config: dict[str, Any] = field(default_factory=dict)
    likings: Mapping[str, float] = field(default_factory=lambda: dict(LIKINGS))
    """How much each kind of row is liked: `row_order.learn` makes it from the log."""
    trends: Mapping[str, list[Any]] = field(default_factory=dict)
    """Titles that trend in each crowd: `trends.steepest` makes it from the log."""
    here: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """`recent` and `newcomer` of each crowd [2, titles]: `trends.popular` makes them from the log."""

    def files(self) -> dict[str, Any]:
        """What to publish: file name -> array, frame or JSON value."""
        of = self.parts.popularity
        files = {
            "popularity.npy": np.stack([of.total, of.recent, of.newcomer, of.trend]),
            "titles.parquet": self.titles,
            "model.json": {
                "format": FORMAT, "config": self.config, "mix": asdict(self.mix),
                "ranker": self.ranker.text if self.ranker else "", "sparse": not isinstance(self.parts.B, np.ndarray),
                "likings": dict(self.likings), "trends": dict(self.trends), "here": list(self.here),
                "hours": self.ranker.hours if self.ranker else [],
            },
            **_sparse_files("N", self.parts.N),
        }  # fmt: skip
        if self.here:
            files["here.npy"] = np.stack(list(self.here.values()))
        if isinstance(self.parts.B, np.ndarray):
            return files | {"B.npy": self.parts.B}
        return files | _sparse_files("B", self.parts.B)

    @classmethod
    def load(cls, source: Source) -> Model:
        """The model as published; arrays stay memory-mapped. Raises DamagedArtifact for a format it cannot read."""
        head = source.json("model.json")
        if head.get("format") != FORMAT:
            raise DamagedArtifact(
                f"the model has format {head.get('format')!r}, this version reads {FORMAT}; fit it again"
            )
        titles = source.frame("titles.parquet")
        popularity = Popularity(*source.array("popularity.npy"))
        n = len(titles)
        # still the file's pages; a plain view, because memmap's own indexing takes three times as long
        B = _open_sparse(source, "B", n) if head["sparse"] else np.asarray(source.array("B.npy"))
        parts = Parts(B, _open_sparse(source, "N", n), popularity)
        ranker = Ranker(head["ranker"], head.get("hours", [])) if head["ranker"] else None
        crowds = head.get("here")
        here = dict(zip(crowds, np.asarray(source.array("here.npy")), strict=True)) if crowds else {}
        learnt = head.get("likings", LIKINGS), head.get("trends", {}), here
        return cls(titles, parts, Mix(**head["mix"]), ranker, head["config"], *learnt)

    @classmethod
    def unfitted(cls, titles: pl.DataFrame) -> Model:
        """A model of the catalogue alone, for a service that has not fitted one yet: newest titles first."""
        from scipy.sparse import csr_array

        n = len(titles)
        empty, nothing = csr_array((n, n), dtype=np.float32), np.zeros(n, np.float32)
        return cls(
            titles,
            Parts(empty, empty, Popularity(nothing, nothing, nothing, nothing)),
            Mix(),
            None,
            asdict(FitConfig()),
        )

    def remember(self, cache: dict[str, Any]) -> None:
        """Bound the standings kept beside viewers: the cache that was filled longest ago is emptied."""
        if len(self._kept) >= STANDINGS:
            self._kept.popleft().pop("standing", None)
        self._kept.append(cache)

    @cached_property
    def _kept(self) -> deque[dict[str, Any]]:
        return deque()

    def likeness(self, position: int) -> NDArray[np.float32]:
        """Row of B: how much having watched that title adds to each other, float32 [titles]."""
        if isinstance(self.parts.B, np.ndarray):
            return np.asarray(self.parts.B[position], np.float32)
        row: NDArray[np.float32] = self.parts.B[[position]].toarray()[0]
        return row

    @property
    def B(self) -> NDArray[np.float32] | csr_array:  # noqa: N802
        """The item-item matrix."""
        return self.parts.B

    @property
    def popularity(self) -> Popularity:
        """Popularity of the titles."""
        return self.parts.popularity

    def crowd(self, country: str = "", *, kids: bool = False) -> Crowd:
        """What counts for all in the smallest crowd of theirs that has a popularity of its own, else the world's."""
        name = next((name for name in crowds_of(country, kids=kids) if name in self.here), "")
        if name not in self._crowds:
            self._crowds[name] = crowd_of(self.popularity, self.mix, self.here.get(name))
        return self._crowds[name]

    @cached_property
    def _crowds(self) -> dict[str, Crowd]:
        return {}

    @cached_property
    def content(self) -> Content:
        """Year and genres as numbers, for the ranker."""
        return content_of(self.titles)

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
        return _shared(self.titles["year"].to_list()) if "year" in self.titles.columns else [None] * len(self)

    @cached_property
    def genres(self) -> list[tuple[str, ...]]:
        """Genres by position."""
        if "genres" not in self.titles.columns:
            return [()] * len(self)
        names = {name: name for names in self.titles["genres"].to_list() for name in names or ()}
        return _shared([tuple(names[name] for name in of or ()) for of in self.titles["genres"].to_list()])

    @cached_property
    def genre_masks(self) -> dict[str, NDArray[np.bool_]]:
        """Mask [titles] of each genre, largest genre first."""
        masks: dict[str, NDArray[np.bool_]] = {}
        for position, names in enumerate(self.genres):
            for name in names:
                masks.setdefault(name, np.zeros(len(self), bool))[position] = True
        return dict(sorted(masks.items(), key=lambda item: (-int(item[1].sum()), item[0])))

    @cached_property
    def series(self) -> Series:
        """Series of each episode whose series is in the catalogue."""
        if "series" not in self.titles.columns:
            return Series()
        return Series((e, s) for e, s in zip(self.ids, self.titles["series"], strict=True) if s and s in self.index)

    @cached_property
    def rules(self) -> Rules:
        """The catalogue's rules as masks."""
        return compile_rules(self.titles)

    @cached_property
    def added_ms(self) -> NDArray[np.int64]:
        """When each title came in; its year where that is unknown, else the distant past."""
        return _added(self.titles)

    @cached_property
    def by_newness(self) -> NDArray[np.intp]:
        """Positions, newest first; ties by position."""
        return np.argsort(-self.added_ms.astype(np.float64), kind="stable")

    @cached_property
    def by_trend(self) -> NDArray[np.intp]:
        """Positions whose trend is up, steepest first."""
        order = np.argsort(-self.popularity.trend, kind="stable")
        return order[self.popularity.trend[order] > 0]

    @cached_property
    def trends_here(self) -> dict[str, NDArray[np.intp]]:
        """Positions that trend in each crowd, steepest first."""
        return {
            name: np.array([self.index[title] for title in titles if title in self.index], np.intp)
            for name, titles in self.trends.items()
        }

    @cached_property
    def obscure(self) -> NDArray[np.bool_]:
        """Mask [titles] of the less watched half."""
        total = self.popularity.total
        return total <= np.median(total) if len(total) else np.zeros(0, bool)

    @cached_property
    def doubles(self) -> list[NDArray[np.intp]]:
        """Positions of entries with one name and year, most watched first: a film that the catalogue has twice."""
        groups: dict[tuple[str, int | None], list[int]] = {}
        if "name" in self.titles.columns:
            for position, (name, year) in enumerate(zip(self.names, self.years, strict=True)):
                if year is not None and self.rules.shown[position]:
                    groups.setdefault((name.casefold(), year), []).append(position)
        total = self.popularity.total
        return [np.array(sorted(group, key=lambda p: -total[p])) for group in groups.values() if len(group) > 1]

    @cached_property
    def some_leave(self) -> bool:
        """Whether any title's window ends."""
        return bool((self.rules.until_ms < np.iinfo(np.int64).max).any())

    @cached_property
    def genre_names(self) -> list[str]:
        """Genres, largest first: the columns of `genre_table`."""
        return list(self.genre_masks)

    @cached_property
    def genre_table(self) -> NDArray[np.bool_]:
        """Membership, bool [titles, genres]."""
        if not self.genre_masks:
            return np.zeros((len(self), 0), bool)
        return np.ascontiguousarray(np.stack(list(self.genre_masks.values()), axis=1))

    @cached_property
    def genre_sizes(self) -> list[int]:
        """Titles of each genre."""
        return [int(mask.sum()) for mask in self.genre_masks.values()]

    @cached_property
    def people_of(self) -> list[tuple[str, ...]]:
        """People by position."""
        if "people" not in self.titles.columns:
            return [()] * len(self)
        return [tuple(names or ()) for names in self.titles["people"].to_list()]

    @cached_property
    def works(self) -> dict[str, NDArray[np.intp]]:
        """Positions of each person's titles."""
        works: dict[str, list[int]] = {}
        for position, names in enumerate(self.people_of):
            for name in names:
                works.setdefault(name, []).append(position)
        return {name: np.array(positions, np.intp) for name, positions in works.items()}

    @cached_property
    def people(self) -> dict[str, NDArray[np.intp]]:
        """Those of them with four titles or more."""
        return {name: positions for name, positions in self.works.items() if len(positions) >= 4}

    @cached_property
    def search_index(self) -> Index:
        """Trigrams of names, people and genres."""
        return build_index(self.names, self.works, self.genre_masks)

    def neighbours(self, position: int) -> NDArray[np.intp]:
        """The 100 titles most like one, best first; remembered."""
        if position not in self._neighbours:
            likeness = self.likeness(position)
            near = np.argpartition(-likeness, min(100, len(self) - 1))[:100]
            near = near[likeness[near] > 0]
            self._neighbours[position] = near[np.argsort(-likeness[near], kind="stable")].astype(np.int32)
        return self._neighbours[position]

    @cached_property
    def _neighbours(self) -> dict[int, NDArray[np.intp]]:
        return {}

    @property
    def base_score(self) -> NDArray[np.float32]:
        """What somebody without a history is shown who comes from nowhere in particular, 0 to 1."""
        return self.crowd().base_score


def fit(
    interactions: Interactions,
    titles: pl.DataFrame,
    config: FitConfig | None = None,
    *,
    ranker: Ranker | None = None,
    likings: Mapping[str, float] | None = None,
    now_ms: int = 0,
    seed: int = 0,
) -> Model:
    """Fit every part on `interactions`, whose title positions are rows of `titles`.

    `config` and `ranker` come from `tune.choose`, or are the defaults. `now_ms` and `seed` make the call repeatable;
    the closed forms need neither.
    """
    if len(titles) != interactions.n_titles:
        raise ValueError(f"{interactions.n_titles} titles in the interactions, {len(titles)} in the catalogue")
    config = config or FitConfig()
    parts = fit_parts(interactions, config)
    if isinstance(parts.B, np.ndarray):
        cold.fill(parts.B, titles, parts.popularity.total)
    return Model(titles, parts, config.mix, ranker, asdict(config), likings or dict(LIKINGS))


def _shared(values: list[Any]) -> list[Any]:
    """The same values, equal ones one object: making and encoding tiles touches less memory."""
    kept: dict[Any, Any] = {}
    return [kept.setdefault(value, value) for value in values]


def _sparse_files(name: str, M: csr_array) -> dict[str, NDArray[Any]]:
    return {f"{name}_data.npy": M.data, f"{name}_indices.npy": M.indices, f"{name}_indptr.npy": M.indptr}


def _open_sparse(source: Source, name: str, n: int) -> csr_array:
    from scipy.sparse import csr_array

    arrays = (np.asarray(source.array(f"{name}_{part}.npy")) for part in ("data", "indices", "indptr"))
    return csr_array(tuple(arrays), shape=(n, n))


def _added(titles: pl.DataFrame) -> NDArray[np.int64]:
    import polars as pl

    n = len(titles)
    added = titles["added_ms"].cast(pl.Int64) if "added_ms" in titles.columns else pl.Series([None] * n, dtype=pl.Int64)
    year = titles["year"].cast(pl.Int64, strict=False) if "year" in titles.columns else added.clear(n)
    of_year = (year - 1970) * 31_556_952_000
    return added.fill_null(of_year).fill_null(np.iinfo(np.int64).min).to_numpy()

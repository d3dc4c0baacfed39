"""From events to one signed weight for each (viewer, title): what a viewer's doings say about their taste.

A viewer is a (member, profile). Episodes count towards their series. Ratings alone (MovieLens), plays alone and any
mixture work. Every function is pure; frames come from `data.replay` (or from a file, see `from_columns`).

`weigh` is the one place where kinds become a weight:

    dismissed            -1                    "not interested"
    stars                0.3 at half a star .. 1 from 3.5 stars on: even a poor rating is a title somebody chose
    played fraction f    -0.2 below 5% (abandoned), else 0.4 + 0.6 f
    play without a stop  0.6
    seen or on My List   0.5
    click alone          0.2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl
    from scipy.sparse import csr_array

DAY_MS = 86_400_000
ABANDONED_FRACTION = 0.05
FINISHED_FRACTION = 0.9
KINDS = (Kind.CLICK, Kind.PLAY, Kind.PROGRESS, Kind.STOP, Kind.RATE, Kind.DISMISS, Kind.SEEN, Kind.LIST)
"""Kinds that say something about taste; impressions are read by the ranker, not here."""
COMPACTED = "taste-1"


@dataclass(frozen=True)
class Interactions:
    """One row for each (viewer, title), ordered by viewer, then time; arrays of the same length m.

    `viewer` and `title` are positions in `viewers` and in the titles frame that fitting gets; `weight` is signed
    (negative: abandoned or dismissed); `at_ms` the time of the last event, UTC milliseconds (or a row number).
    """

    viewer: NDArray[np.int32]
    title: NDArray[np.int32]
    at_ms: NDArray[np.int64]
    weight: NDArray[np.float32]
    viewers: Sequence[tuple[Any, str]]
    n_titles: int

    @property
    def n_viewers(self) -> int:
        """Number of viewers."""
        return len(self.viewers)

    def where(self, mask: NDArray[np.bool_]) -> Interactions:
        """The rows that `mask` keeps; viewers and titles stay as they are."""
        return replace(
            self, viewer=self.viewer[mask], title=self.title[mask], at_ms=self.at_ms[mask], weight=self.weight[mask]
        )

    def matrix(self) -> csr_array:
        """Positive weights as a sparse viewers x titles matrix, float32."""
        from scipy.sparse import csr_array

        good = self.weight > 0
        data = (self.weight[good], (self.viewer[good], self.title[good]))
        return csr_array(data, shape=(self.n_viewers, self.n_titles), dtype=np.float32)


def weigh(
    played: ArrayLike, fraction: ArrayLike, stars: ArrayLike, liked: ArrayLike, clicked: ArrayLike, dismissed: ArrayLike
) -> NDArray[np.float32]:
    """Signed weight of what one viewer did with one title; arrays or scalars.

    `fraction` (0 to 1) and `stars` (0.5 to 5) are NaN where unknown; the rest are truth values.
    """
    fraction, stars = np.asarray(fraction, np.float64), np.asarray(stars, np.float64)
    weight = np.where(clicked, 0.2, 0.0)
    weight = np.where(liked, 0.5, weight)
    weight = np.where(played, np.maximum(weight, 0.6), weight)
    of_fraction = np.where(fraction < ABANDONED_FRACTION, -0.2, 0.4 + 0.6 * np.minimum(fraction, 1.0))
    weight = np.where(np.isnan(fraction), weight, of_fraction)
    of_stars = np.clip(0.3 + 0.7 * (stars - 0.5) / 3.0, 0.3, 1.0)
    weight = np.where(np.isnan(stars), weight, np.maximum(weight, of_stars))
    return np.where(dismissed, -1.0, weight).astype(np.float32)


def compact(events: pl.DataFrame) -> pl.DataFrame:
    """Fewer events that say the same to `from_events`, whatever the catalogue, and whatever part of a log these are.

    Of each day (UTC) of a viewer with a title in a country the newest event of each kind is left; progress and stop are
    one kind here, and keep the largest played fraction. Raise the number in COMPACTED when this changes.
    """
    import polars as pl

    kind, value = pl.col("kind"), pl.col("value")
    of_playing = kind.is_in([str(Kind.PROGRESS), str(Kind.STOP)])
    doing = pl.when(of_playing).then(pl.lit(str(Kind.STOP))).otherwise(kind)
    columns = events.columns
    return (
        events.filter(kind.is_in([str(each) for each in KINDS]) & (pl.col("title") != ""))
        .with_columns(_doing=doing, _day=pl.col("at_ms") // DAY_MS)
        .sort("at_ms", "seq")
        .group_by("member", "profile", "country", "title", "_day", "_doing", maintain_order=True)
        .agg(
            pl.col(each for each in columns if each not in ("member", "profile", "country", "title")).last(),
            _largest=value.max(),
        )
        .with_columns(value=pl.when(pl.col("_doing") == str(Kind.STOP)).then("_largest").otherwise("value"))
        .select(columns)
        .sort("seq")
    )


def from_events(events: pl.DataFrame, titles: pl.DataFrame) -> Interactions:
    """Interactions out of the event log (columns of data.replay) for the titles of a catalogue frame.

    Events of titles that the catalogue does not know are left out; those of an episode count towards its series.
    """
    import polars as pl

    ids = titles["title"]
    index = pl.DataFrame({"title": ids, "_title": np.arange(len(ids), dtype=np.int32)})
    frame = events.filter(pl.col("kind").is_in([str(kind) for kind in KINDS]) & (pl.col("title") != ""))
    frame = _to_series(frame, titles).join(index, on="title", how="inner")
    value, kind = pl.col("value"), pl.col("kind")
    fractions = value.filter(kind.is_in([str(Kind.PROGRESS), str(Kind.STOP)]))
    pairs = (
        frame.sort("at_ms", "seq")
        .group_by("member", "profile", "_title", maintain_order=True)
        .agg(
            at_ms=pl.col("at_ms").max(),
            order=pl.col("seq").last(),
            played=(kind == str(Kind.PLAY)).any(),
            fraction=fractions.max(),
            stars=value.filter(kind == str(Kind.RATE)).last(),
            listed=value.filter(kind == str(Kind.LIST)).last().fill_null(0) > 0,
            seen=_last_says(kind, value, Kind.SEEN),
            clicked=(kind == str(Kind.CLICK)).any(),
            dismissed=_last_says(kind, value, Kind.DISMISS),
        )
        .sort("member", "profile", "at_ms", "order")
    )
    weight = weigh(
        pairs["played"].to_numpy(),
        pairs["fraction"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
        pairs["stars"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
        (pairs["listed"] | pairs["seen"]).to_numpy(),
        pairs["clicked"].to_numpy(),
        pairs["dismissed"].to_numpy(),
    )
    starts = pairs.select((pl.struct("member", "profile") != pl.struct("member", "profile").shift()).fill_null(True))
    first = starts.to_series().to_numpy()
    return Interactions(
        viewer=(np.cumsum(first) - 1).astype(np.int32),
        title=pairs["_title"].to_numpy().astype(np.int32),
        at_ms=pairs["at_ms"].to_numpy().astype(np.int64),
        weight=weight,
        viewers=pairs.filter(first).select("member", "profile").rows(),
        n_titles=len(ids),
    )


def from_columns(
    member: NDArray[Any],
    title: NDArray[Any],
    titles: Sequence[Any] | pl.Series,
    at_ms: NDArray[Any] | None = None,
    value: NDArray[Any] | None = None,
) -> Interactions:
    """Interactions out of bare columns: `value` is a rating, without `at_ms` the row order is the time.

    `titles` are the catalogue's ids in the order of its frame; rows of other titles are left out. A pair that comes
    twice counts once, at its newest row. Viewers keep the type of their ids.
    """
    n = len(member)
    viewer_of, viewers = _codes(member)
    title_of, names = _codes(title)
    place = {each: position for position, each in enumerate(titles)}
    position = np.array([place.get(name, -1) for name in names], np.int32)[title_of]
    at = np.zeros(n, np.int64) if at_ms is None else np.asarray(at_ms, np.int64)
    order = np.lexsort((at, viewer_of))  # stable: rows of one time keep their order
    order = order[position[order] >= 0]
    # of a pair that comes twice, the newest row
    pair = viewer_of[order].astype(np.int64) * max(len(titles), 1) + position[order]
    _, last = np.unique(pair[::-1], return_index=True)
    order = order[np.sort(len(order) - 1 - last)]
    stars = np.full(len(order), np.nan) if value is None else np.asarray(value, np.float64)[order]
    nothing = np.zeros(len(order), bool)
    weight = weigh(nothing, np.full(len(order), np.nan), stars, nothing, nothing, nothing)
    return Interactions(
        viewer=viewer_of[order].astype(np.int32),
        title=position[order],
        at_ms=at[order],
        weight=np.where(np.isnan(stars), np.float32(1), weight).astype(np.float32),
        viewers=[(each, "") for each in viewers],
        n_titles=len(titles),
    )


def _codes(values: NDArray[Any]) -> tuple[NDArray[np.integer], list[Any]]:
    """Codes in the order of first appearance, and what each stands for."""
    import polars as pl

    if values.dtype.kind in "iu":
        unique, first, codes = np.unique(values, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order))
        return rank[codes], unique[order].tolist()
    text = pl.Series("text", values.tolist(), dtype=pl.String)
    unique_text = text.unique(maintain_order=True)
    known = pl.DataFrame({"text": unique_text, "code": np.arange(len(unique_text), dtype=np.int32)})
    found = text.to_frame().join(known, on="text", how="left", maintain_order="left")["code"]
    return found.to_numpy(), unique_text.to_list()


def _last_says(kind: pl.Expr, value: pl.Expr, wanted: Kind) -> pl.Expr:
    """Whether the last event of that kind holds; a value of 0 takes it back, no value means yes."""
    said = value.fill_null(1.0).filter(kind == str(wanted))
    return said.last().fill_null(0.0) != 0


def _to_series(frame: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """The frame with each episode's events put on its series, when the catalogue knows the series."""
    import polars as pl

    if "series" not in titles.columns:
        return frame
    known = titles.filter(
        pl.col("series").is_not_null() & (pl.col("series") != "") & pl.col("series").is_in(titles["title"].implode())
    )
    if not len(known):
        return frame
    mapping = known.select(pl.col("title"), pl.col("series").alias("_series"))
    return (
        frame.join(mapping, on="title", how="left").with_columns(title=pl.coalesce("_series", "title")).drop("_series")
    )

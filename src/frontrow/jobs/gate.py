"""The gate of the nightly fit: does a new model lose on the newest days, which it has not seen?

Candidate and baselines are fitted on the events before those days and rank, through the same door as the home page, for
the viewers who found something new in them. The current model itself has seen most of those days, so it is not judged
as published: its configuration is fitted anew on the same earlier events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from frontrow.errors import GateRefused
from frontrow.recommend.rank import rank
from frontrow.recommend.signals import Interactions, from_events
from frontrow.recommend.viewer import Series, Viewer, viewer_from_events

if TYPE_CHECKING:
    import polars as pl

    from frontrow.recommend.model import Model

K = 20
FEWEST_VIEWERS = 20  # fewer and a difference says nothing
MOST_VIEWERS = 1_000  # a sample of so many tells recall to about a hundredth
DAY_MS = 86_400_000
Step = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Trial:
    """A viewer as they stood before the held-back days, and the titles that were new to them in those days."""

    viewer: Viewer
    wanted: frozenset[Any]


def split(events: pl.DataFrame, days: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events before the newest `days` of the log, and those within them; the log's newest event is the end.

    The cut is a midnight: days of compacted events are not divided.
    """
    import polars as pl

    newest = events["at_ms"].max()
    cut_ms = (int(newest) // DAY_MS - days) * DAY_MS if isinstance(newest, int) else 0
    return events.filter(pl.col("at_ms") < cut_ms), events.filter(pl.col("at_ms") >= cut_ms)


def trials(earlier: pl.DataFrame, later: pl.DataFrame, titles: pl.DataFrame, rng: np.random.Generator) -> list[Trial]:
    """Viewers with a history who took to something new later; a sample when there are many."""
    import polars as pl

    known = {key: _liked(key_titles) for key, key_titles in _by_viewer(from_events(later, titles), titles).items()}
    had = _by_viewer(from_events(earlier, titles), titles)
    new = {key: wanted - had[key].keys() for key, wanted in known.items() if key in had}
    chosen = sorted(key for key, wanted in new.items() if wanted)
    if len(chosen) > MOST_VIEWERS:
        chosen = [chosen[i] for i in np.sort(rng.choice(len(chosen), MOST_VIEWERS, replace=False))]
    members = pl.Series([member for member, _ in chosen], dtype=earlier.schema["member"]).unique()
    histories = earlier.filter(pl.col("member").is_in(members.implode())).partition_by(
        "member", "profile", as_dict=True, include_key=False
    )
    return [Trial(_seen_all(histories[key], key, titles), frozenset(new[key])) for key in chosen]


def recall(model: Model, tried: list[Trial], now_ms: int, *, popular: bool = False, step: Step | None = None) -> float:
    """Mean recall@20 over the trials; with `popular`, of the ranking that the model gives everybody."""
    shares = []
    for done, trial in enumerate(tried, start=1):
        viewer = _without_taste(trial.viewer) if popular else trial.viewer
        best = {tile.title for tile in rank(model, viewer, K, now_ms=now_ms).tiles}
        viewer.cache.clear()  # the ranking caches in it, and holds on to the model
        shares.append(len(best & trial.wanted) / min(K, len(trial.wanted)))
        if step:
            step(done, len(tried), "judging")
    return float(np.mean(shares))


def decide(candidate: float, baselines: dict[str, float], tolerance: float, days: int, viewers: int) -> None:
    """Raise GateRefused, saying by how much, when the candidate loses more than `tolerance` of a baseline's recall."""
    for name, baseline in baselines.items():
        if candidate < baseline * (1 - tolerance):
            lost = 1 - candidate / baseline
            raise GateRefused(
                f"not published: on the newest {days} days recall@{K} of the new model is {candidate:.4f}, {lost:.1%} "
                f"below {name} ({baseline:.4f}, {viewers} viewers); jobs.gate_tolerance allows {tolerance:.1%}; "
                "'frontrow fit recommend --no-gate' publishes it all the same"
            )


def _by_viewer(interactions: Interactions, titles: pl.DataFrame) -> dict[tuple[Any, str], dict[Any, float]]:
    """Weight of each title by viewer."""
    ids = titles["title"].to_list()
    weights: dict[tuple[Any, str], dict[Any, float]] = {tuple(key): {} for key in interactions.viewers}
    keys = list(weights)
    rows = zip(interactions.viewer.tolist(), interactions.title.tolist(), interactions.weight.tolist(), strict=True)
    for viewer, title, weight in rows:
        weights[keys[viewer]][ids[title]] = weight
    return weights


def _liked(weights: dict[Any, float]) -> set[Any]:
    return {title for title, weight in weights.items() if weight > 0}


def _seen_all(events: pl.DataFrame, key: tuple[Any, str], titles: pl.DataFrame) -> Viewer:
    """The viewer after `events`, with all of it marked as seen: what somebody watches again is not judged."""
    viewer = viewer_from_events(events, *key, kids=bool(events["kids"][0]), series=_series(titles))
    for watched in viewer.watched.values():
        watched.seen = True
    return viewer


def _without_taste(viewer: Viewer) -> Viewer:
    watched = {title: msgspec.structs.replace(seen, weight=0.0) for title, seen in viewer.watched.items()}
    return replace(viewer, watched=watched, cache={})


def _series(titles: pl.DataFrame) -> Series:
    if "series" not in titles.columns:
        return Series()
    known = set(titles["title"])
    return Series((title, series) for title, series in titles.select("title", "series").iter_rows() if series in known)

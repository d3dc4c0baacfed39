"""How the pictures do: each with its rate, who plays it most, and what choosing brings against the editor's picture.

Before launch a new chooser is judged on the log of the old one (experiments.off_policy), which may refuse to answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.chooser import Chooser
from frontrow.artwork.outcomes import ARM_CHOSEN, ARM_CONTROL
from frontrow.experiments import off_policy

if TYPE_CHECKING:
    import polars as pl

_Z95: Final = 1.959964
LEAST_SHOWINGS: Final = 100
"""Showings of each arm before a difference is told."""


@dataclass(frozen=True)
class Lift:
    """Qualified plays a showing of chosen against control pictures; None where there is too little to say."""

    chosen: float
    control: float
    effect: float | None
    low: float | None  # 95%, viewers as clusters
    high: float | None
    showings: int
    refused: str | None


def rates(outcomes: pl.DataFrame) -> list[dict[str, Any]]:
    """One dict a picture: showings, plays, rate with its 95% interval (Wilson 1927), completion, best segment."""
    import polars as pl

    found = []
    keys = ["title", "picture"]
    segments = outcomes.group_by(*keys, "segment").agg(rate=pl.col("played").mean(), n=pl.len())
    best = (
        segments.filter(pl.col("n") >= LEAST_SHOWINGS)
        .sort("rate", descending=True)
        .unique(keys, keep="first", maintain_order=True)
    )
    wins = {(row["title"], row["picture"]): row["segment"] for row in best.iter_rows(named=True)}
    grouped = outcomes.group_by(keys).agg(
        showings=pl.len(), plays=pl.col("played").sum(), completion=pl.col("completion").mean()
    )
    for row in grouped.sort("title", "plays", descending=[False, True]).iter_rows(named=True):
        low, high = wilson(row["plays"], row["showings"])
        rate = row["plays"] / row["showings"]
        found.append(
            row | {"rate": rate, "low": low, "high": high, "best_segment": wins.get((row["title"], row["picture"]))}
        )
    return found


def lift(outcomes: pl.DataFrame) -> Lift:
    """Difference of the two arms, viewer by viewer."""
    import polars as pl

    by_viewer = outcomes.group_by("member", "arm").agg(plays=pl.col("played").sum(), shown=pl.len())
    arms = {}
    for arm in (ARM_CHOSEN, ARM_CONTROL):
        own = by_viewer.filter(pl.col("arm") == arm)
        arms[arm] = own["plays"].to_numpy().astype(float), own["shown"].to_numpy().astype(float)
    (a_plays, a_shown), (b_plays, b_shown) = arms[ARM_CHOSEN], arms[ARM_CONTROL]
    a, a_error = _ratio(a_plays, a_shown)
    b, b_error = _ratio(b_plays, b_shown)
    fewest = int(min(a_shown.sum(), b_shown.sum()))
    if fewest < LEAST_SHOWINGS:
        why = f"only {fewest} showings of one arm; {LEAST_SHOWINGS} are needed"
        return Lift(a, b, None, None, None, len(outcomes), why)
    error = float(np.hypot(a_error, b_error))
    return Lift(a, b, a - b, a - b - _Z95 * error, a - b + _Z95 * error, len(outcomes), None)


def judge(outcomes: pl.DataFrame, chooser: Chooser, rng: np.random.Generator) -> off_policy.Evaluation:
    """What `chooser` would have earned on showings that were drawn by another one; may refuse."""
    import polars as pl

    drawn = outcomes.filter((pl.col("arm") == ARM_CHOSEN) & pl.col("title").is_in(list(chooser.pictures)))
    width = max((len(x) for x in chooser.pictures.values()), default=1)
    action, policy, keep = [], [], []
    for place, row in enumerate(drawn.iter_rows(named=True)):
        pictures = chooser.pictures[row["title"]]
        if row["picture"] not in pictures:
            continue
        segment = chooser.segments.index(row["segment"]) if row["segment"] in chooser.segments else 0
        chances = np.zeros(width)
        chances[: len(pictures)] = chooser.probabilities[row["title"]][segment]
        keep.append(place)
        action.append(pictures.index(row["picture"]))
        policy.append(chances)
    kept = drawn[keep]
    codes = kept["segment"].cast(pl.Categorical).to_physical().to_numpy() if len(kept) else np.zeros(0, int)
    return off_policy.evaluate(
        off_policy.Decisions(
            action=np.array(action, np.intp),
            reward=kept["played"].to_numpy().astype(float),
            propensity=kept["propensity"].to_numpy().astype(float),
            policy=np.array(policy).reshape(-1, width),
            features=np.eye(int(codes.max(initial=0)) + 1)[codes],
            cluster=np.unique(kept["member"].to_numpy(), return_inverse=True)[1],
            labels=tuple(str(k) for k in range(width)),
        ),
        rng,
    )


def wilson(plays: float, showings: int) -> tuple[float, float]:
    """95% interval of a rate."""
    if not showings:
        return 0.0, 1.0
    rate, z = plays / showings, _Z95
    middle = (rate + z * z / (2 * showings)) / (1 + z * z / showings)
    reach = z * np.sqrt(rate * (1 - rate) / showings + z * z / (4 * showings**2)) / (1 + z * z / showings)
    return float(max(0.0, middle - reach)), float(min(1.0, middle + reach))


def _ratio(plays: NDArray[np.float64], shown: NDArray[np.float64]) -> tuple[float, float]:
    """Plays a showing and its standard error over viewers (delta method)."""
    if not shown.sum():
        return 0.0, 0.0
    rate = float(plays.sum() / shown.sum())
    left = plays - rate * shown
    return rate, float(np.sqrt((left * left).sum()) / shown.sum())

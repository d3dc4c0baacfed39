"""How the pictures do: each with its rate, who plays it most, and what choosing brings against the editor's picture.

Before launch a new chooser is judged on the log of the old one (experiments.off_policy), which may refuse to answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.artwork.chooser import Chooser, ChooserConfig
from frontrow.artwork.outcomes import ARM_CHOSEN, ARM_CONTROL, ARM_PINNED
from frontrow.experiments import analysis, off_policy
from frontrow.experiments.definition import Definition, Metric
from frontrow.experiments.log import Sample, Trace

if TYPE_CHECKING:
    import polars as pl

_Z95: Final = 1.959964
LEAST_SHOWINGS: Final = 100
"""Showings of a picture in a segment before it is named as the one that plays it most."""
TUNED_VIEWERS: Final = 20_000
"""Viewers at which the interval of the lift is tightest, 3.0 standard errors to each side; it holds at any other number
too, with 4.7 at 1,000 viewers and 3.6 at two million."""


@dataclass(frozen=True)
class Lift:
    """Qualified plays a showing of chosen against control pictures, by viewer; valid however often one looks."""

    state: str  # collecting, winner, loser, no effect or invalid, as of an experiment
    sentence: str  # the same in words
    chosen: float
    control: float
    effect: float | None  # chosen - control; None where a check forbids to say
    low: float | None  # always-valid, 95%; None while too few viewers played
    high: float | None
    p: float  # always-valid
    viewers: dict[str, int]  # by arm
    left_out: dict[str, int]
    faults: list[str]  # reasons not to believe it: an arm of a wrong size, one viewer who decides


def rates(outcomes: pl.DataFrame) -> list[dict[str, Any]]:
    """One dict a picture: showings, plays, rate, completion, the segment that plays it most.

    The rate's interval is the 95% one of a single look (Wilson 1927); `lift` holds for any number of looks.
    """
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


def lift(outcomes: pl.DataFrame, control_share: float = ChooserConfig.control) -> Lift:
    """The chooser's experiment: viewers by chance in two arms, `control_share` of them in the control.

    Of each title the first showing to a viewer counts, in both arms alike; pinned pictures compare nothing.
    """
    sample = _sample(outcomes)
    viewers = {name: int((sample.arm == number).sum()) for number, name in enumerate((ARM_CONTROL, ARM_CHOSEN))}
    left_out = {what: n for what, n in sample.left_out.items() if n}
    if not all(viewers.values()):
        empty = next(name for name, n in viewers.items() if not n)
        sentence = f"Still collecting: no viewer is in the arm {empty!r} yet."
        return Lift(analysis.COLLECTING, sentence, 0.0, 0.0, None, None, None, 1.0, viewers, left_out, [])
    told = analysis.analyse(sample, Definition(
        name="artwork",
        arms={ARM_CONTROL: control_share, ARM_CHOSEN: 1 - control_share},
        metrics=(Metric("qualified plays a showing", kind="ratio", column="plays", denominator="showings"),),
        planned_units=TUNED_VIEWERS,
        unit="viewer",
    ))  # fmt: skip
    (found,) = told.results
    unsaid = told.state == analysis.INVALID
    return Lift(
        state=told.state,
        sentence=told.sentence,
        chosen=found.estimate.treatment,
        control=found.estimate.control,
        effect=None if unsaid else found.estimate.effect,
        low=None if unsaid else found.low,
        high=None if unsaid else found.high,
        p=1.0 if unsaid else found.p,
        viewers=viewers,
        left_out=left_out,
        faults=[f"{check.name}: {check.detail}" for check in told.checks if not check.passed],
    )


def _sample(outcomes: pl.DataFrame) -> Sample:
    """One row a viewer, in order of the first showing."""
    import polars as pl

    compared = outcomes.filter(pl.col("arm") != ARM_PINNED)
    by_viewer = (
        compared.sort("at_ms", maintain_order=True)
        .unique(["member", "title"], keep="first", maintain_order=True)
        .group_by("member", maintain_order=True)
        .agg(
            arm=pl.col("arm").first(),
            arms=pl.col("arm").n_unique(),
            at_ms=pl.col("at_ms").first(),
            plays=pl.col("played").sum(),
            showings=pl.len(),
        )
    )
    kept = by_viewer.filter(pl.col("arms") == 1)
    crossed = len(by_viewer) - len(kept)
    return Sample(
        arm=(kept["arm"] == ARM_CHOSEN).to_numpy().astype(np.int8),
        unit=kept["member"].to_numpy().astype(np.str_),
        exposed_ms=kept["at_ms"].to_numpy().astype(np.int64),
        values={name: kept[name].to_numpy().astype(np.float64) for name in ("plays", "showings")},
        early={},
        covariates={},
        segments={},
        also={},
        left_out={"showings of pinned pictures": len(outcomes) - len(compared), "viewers seen in both arms": crossed},
        trace=Trace(rows=len(compared), crossed=crossed),
    )


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

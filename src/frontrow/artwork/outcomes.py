"""What came of the pictures that were shown: impressions joined with qualified plays, from the event log.

An impression says which picture was shown (`props.picture`), with what probability it was drawn
(`props.picture_propensity`) and to which segment. The reward is a qualified play, not a click: two minutes or a tenth
of the title, in answer to the same decision. Only the first showing of a picture to a viewer counts: a choice that
sticks is one draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from frontrow.schema import EventColumn as E
from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl

QUALIFIED_S: Final = 120.0
QUALIFIED_SHARE: Final = 0.1
ARM_CONTROL, ARM_CHOSEN = "control", "chosen"
ARM_PINNED: Final = "pinned"
"""Showings of a picture that an editor set for everybody: they compare nothing."""


def join(events: pl.DataFrame, durations_s: dict[str, float]) -> pl.DataFrame:
    """One row a first showing: member, title, picture, segment, arm, propensity, at_ms, played, completion.

    `events` has the columns of the log; `played` is 0 or 1, `completion` the largest share played, null without a play.
    `durations_s` of titles; for others only the share counts.
    """
    import polars as pl

    pictures = pl.col(E.PROPS).str.json_path_match("$.picture")
    shown = (
        events.filter((pl.col(E.KIND) == Kind.IMPRESSION) & pl.col(E.PROPS).is_not_null())
        .with_columns(
            picture=pictures,
            segment=pl.col(E.PROPS).str.json_path_match("$.segment").fill_null(""),
            arm=pl.col(E.PROPS).str.json_path_match("$.picture_arm").fill_null(ARM_CHOSEN),
            propensity=pl.col(E.PROPS).str.json_path_match("$.picture_propensity").cast(pl.Float64, strict=False),
        )
        .filter(pl.col("picture").is_not_null() & pl.col("propensity").is_between(0, 1, closed="right"))
        .sort(E.AT_MS, maintain_order=True)
        .unique([E.MEMBER, E.TITLE, "picture"], keep="first", maintain_order=True)
    )
    played = (
        events.filter(pl.col(E.KIND).is_in([Kind.PROGRESS, Kind.STOP]))
        .group_by(E.MEMBER, E.TITLE, E.DECISION_ID)
        .agg(completion=pl.col(E.VALUE).max())
    )
    lengths = pl.DataFrame(
        {E.TITLE: list(durations_s), "duration_s": [float(x) for x in durations_s.values()]},
        schema={E.TITLE: pl.String, "duration_s": pl.Float64},
    )
    least = pl.min_horizontal(pl.lit(QUALIFIED_SHARE), QUALIFIED_S / pl.col("duration_s")).fill_null(QUALIFIED_SHARE)
    return (
        shown.join(played, on=[E.MEMBER, E.TITLE, E.DECISION_ID], how="left")
        .join(lengths, on=E.TITLE, how="left")
        .with_columns(played=(pl.col("completion") >= least).fill_null(value=False).cast(pl.Float64))
        .select(
            E.MEMBER, E.TITLE, "picture", "segment", "arm", "propensity", E.AT_MS, "played",
            completion=pl.when(pl.col("played") > 0).then(pl.col("completion")),
        )
    )  # fmt: skip

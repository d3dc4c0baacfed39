"""Which profiles are kids': the newest `join` event of a profile whose props hold `kids`, true or false, says it.

Apps send it when a profile is made, or changed. A request may say `kids` too, and then it is one for that request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

KIDS = "kids"
TOLD = "profiles-1"


def told(events: pl.DataFrame) -> pl.DataFrame:
    """What `join` events (seq, at_ms, member, profile, props as JSON) say of profiles: the newest word on each.

    Raise the number in TOLD when this changes.
    """
    import polars as pl

    said = pl.col("props").str.json_path_match(f"$.{KIDS}")
    return _newest(events.filter(said.is_not_null()).with_columns((said == "true").alias(KIDS)).drop("props"))


def mark(events: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The events with a column `kids`: whether their profile is a kids' profile; `said` is parts of `told`, joined."""
    import polars as pl

    known = _newest(said).select("member", "profile", KIDS)
    return events.join(known, on=["member", "profile"], how="left", maintain_order="left").with_columns(
        pl.col(KIDS).fill_null(value=False)
    )


def says_kids(props: Mapping[str, Any] | None, before: bool) -> bool:
    """Whether a profile is a kids' profile after a `join` event with these props."""
    said = (props or {}).get(KIDS)
    return said if isinstance(said, bool) else before


def _newest(said: pl.DataFrame) -> pl.DataFrame:
    return said.sort("at_ms", "seq").group_by("member", "profile", maintain_order=True).last()

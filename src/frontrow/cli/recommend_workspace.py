"""What `frontrow recommend` reads of a workspace: the model in force and one viewer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.recommend.model import Model
    from frontrow.recommend.viewer import Viewer


def open_model(root: Path) -> Model:
    """The published model. Raises InputError when none was published."""
    from frontrow.data import artifacts
    from frontrow.data.workspace import open_workspace
    from frontrow.recommend.model import Model

    artifact = artifacts.open_current(open_workspace(root).artifacts, "recommend")
    if artifact is None:
        raise InputError(f"{root} has no model yet; run 'frontrow fit recommend --workspace {root}'")
    return Model.load(artifact)


def read_viewer(root: Path, model: Model, member: str, profile: str, country: str, kids: bool) -> Viewer:
    """A member's profile as of the newest event; one that the log does not know has an empty history."""
    import polars as pl

    from frontrow.data import replay
    from frontrow.data.workspace import open_workspace
    from frontrow.recommend.viewer import Viewer, viewer_from_events

    log = open_workspace(root).log
    inner = replay.inner_member(log, member)
    if inner is None:
        return Viewer(member, profile, country, kids)
    events = replay.replay_viewer(log, inner).filter(pl.col("profile") == profile)
    return viewer_from_events(events, member, profile, country=country, kids=kids, series=model.series)

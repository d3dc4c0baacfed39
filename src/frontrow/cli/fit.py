"""`frontrow fit`: fit a model and publish it, with the gate of the nightly fit or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from frontrow.cli.jobs import run_now, tell
from frontrow.cli.options import DEFAULT_WORKSPACE, JsonOption, SeedOption, WorkspaceOption

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.workspace import Workspace
    from frontrow.jobs.queue import Job

_DEFAULTS = {"gated": True, "tuned": True, "seed": 0}  # of the job: what is not said need not be written down


def register(app: typer.Typer) -> None:
    """Add `fit recommend`."""
    group = typer.Typer(help="Fit a model out of the workspace's log and publish it.", no_args_is_help=True)
    group.command("recommend")(fit_recommend)
    app.add_typer(group, name="fit")


def fit_recommend(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Refuse a model that loses on the newest days.")
    ] = True,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit the recommender and publish it. Exit status 3 when the gate refuses it.

    Example: frontrow fit recommend --workspace cinema --no-gate
    """
    from frontrow import config
    from frontrow.data.workspace import open_workspace

    place = open_workspace(workspace)
    tell(fit_now(place, config.load(place.root), gate=gate, seed=seed), as_json=as_json)


def fit_now(place: Workspace, settings: Settings, *, gate: bool = True, tune: bool = True, seed: int = 0) -> Job:
    """Fit and publish the recommender through the queue, with a progress bar. Raises GateRefused and InputError."""
    asked = {"gated": gate, "tuned": tune, "seed": seed}
    args = {name: value for name, value in asked.items() if value != _DEFAULTS[name]}
    return run_now(place, settings, "nightly", args)

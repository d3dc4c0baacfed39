"""`frontrow config`: what is set, and where."""

from __future__ import annotations

import typer

from frontrow.cli.options import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, emit_json, emit_table


def register(app: typer.Typer) -> None:
    """Add `config show`."""
    group = typer.Typer(help="Show the settings in force.", no_args_is_help=True)
    group.command("show")(show)
    app.add_typer(group, name="config")


def show(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Print every setting in force and where it comes from.

    Example: FRONTROW_SERVICE__PORT=9000 frontrow config show
    """
    from frontrow import config

    lines = config.effective(config.load(workspace), workspace)
    if as_json:
        emit_json(lines)
    else:
        emit_table(
            "", ("setting", "value", "from", "what it is"), [(x.key, x.value, x.source, x.description) for x in lines]
        )

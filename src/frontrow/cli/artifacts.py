"""`frontrow artifacts`: which models are published, which is in force, and the way back to an earlier one."""

from __future__ import annotations

from typing import Annotated

import typer

from frontrow.cli.options import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, emit_json, emit_table, note

NameArgument = Annotated[str, typer.Argument(help="Name of the artifact, as `artifacts list` shows it.")]


def register(app: typer.Typer) -> None:
    """Add `artifacts list` and `artifacts rollback`."""
    group = typer.Typer(help="Published models: list, roll back.", no_args_is_help=True)
    group.command("list")(list_versions)
    group.command("rollback")(rollback)
    app.add_typer(group, name="artifacts")


def list_versions(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List every published version, newest first, each checked against its hashes.

    Example: frontrow artifacts list --workspace cinema
    """
    from frontrow.data import artifacts
    from frontrow.data.workspace import open_workspace
    from frontrow.errors import DamagedArtifact

    root = open_workspace(workspace).artifacts
    found = []
    for name in artifacts.names(root):
        current = artifacts.current_version(root, name)
        for version in artifacts.versions(root, name):
            try:
                manifest, damage = artifacts.open_version(root, name, version).manifest, ""
            except DamagedArtifact as error:
                manifest, damage = None, str(error)
            found.append(
                {
                    "artifact": name,
                    "version": version,
                    "current": version == current,
                    "high_water": manifest and manifest.high_water,
                    "metrics": manifest.metrics if manifest else {},
                    "damage": damage,
                }
            )
    if as_json:
        return emit_json({"versions": found})
    rows = [
        (x["artifact"], x["version"], "current" if x["current"] else "", x["damage"] or _metrics(x["metrics"]))
        for x in found
    ]
    return emit_table("", ("artifact", "version", "", "metrics"), rows)


def rollback(
    name: NameArgument,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="Default: the newest intact older one.")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Bring an earlier version into force; a running service takes it up within a second.

    Example: frontrow artifacts rollback recommend --workspace cinema
    """
    from frontrow.data import artifacts
    from frontrow.data.workspace import open_workspace

    root = open_workspace(workspace).artifacts
    before = artifacts.current_version(root, name)
    artifact = artifacts.rollback(root, name, to)
    if as_json:
        emit_json({"artifact": name, "version": artifact.version, "before": before})
    else:
        note(f"{name} is now {artifact.version}; it was {before}")


def _metrics(metrics: object) -> str:
    assert isinstance(metrics, dict)
    return ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in metrics.items())  # fmt: skip

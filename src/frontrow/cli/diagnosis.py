"""What `frontrow doctor` looks at: the installation, then the workspace, each with how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from frontrow.errors import FrontrowError

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: Literal["good", "note", "wrong"]
    found: str
    mend: str = ""

    @property
    def mark(self) -> str:
        """A coloured sign for the table."""
        return {"good": "[green]✓[/]", "note": "[yellow]·[/]", "wrong": "[red]✗[/]"}[self.state]


def examine(workspace: Path) -> list[Finding]:
    """Every finding, installation first."""
    return [*_installation(), *_workspace(workspace)]


def _installation() -> Iterator[Finding]:
    import importlib.util
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    yield Finding("python", "good", sys.version.split()[0])
    missing = []
    for line in requires("frontrow") or ():
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            if not requirement.specifier.contains(version(requirement.name), prereleases=True):
                missing.append(f"{requirement.name} {version(requirement.name)}, needs {requirement.specifier}")
        except PackageNotFoundError:
            missing.append(requirement.name)
    yield (
        Finding("packages", "wrong", ", ".join(missing), "pip install --upgrade frontrow")
        if missing
        else Finding("packages", "good", "all there")
    )
    vendor = Path(str(importlib.util.find_spec("frontrow").origin)).parent / "web/static/vendor/htmx.min.js"  # type: ignore[union-attr]
    yield (
        Finding("web assets", "good", "htmx and fonts")
        if vendor.exists()
        else Finding("web assets", "note", "none: pages do with links and forms", "install Node.js, then 'make assets'")
    )
    cores = os.cpu_count() or 1
    yield Finding("cores", "good" if cores > 1 else "note", str(cores))
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        yield Finding(
            "bytecode", "note", "PYTHONDONTWRITEBYTECODE is set: starts are two to three times slower", "unset it"
        )


def _workspace(root: Path) -> Iterator[Finding]:
    from frontrow import config
    from frontrow.data.workspace import open_workspace

    try:
        place = open_workspace(root)
    except FrontrowError as error:
        yield Finding("workspace", "wrong", str(root), str(error))
        return
    yield Finding("workspace", "good", str(place.root))
    try:
        settings = config.load(place.root)
        yield Finding("settings", "good", config.FILE_NAME)
    except FrontrowError as error:
        yield Finding("settings", "wrong", str(error), f"edit {place.root / config.FILE_NAME}")
        return
    free = shutil.disk_usage(place.root).free
    enough = free >= LEAST_FREE_BYTES
    yield Finding(
        "disk", "good" if enough else "wrong", f"{free / 1e9:.1f} GB free", "" if enough else "free some space"
    )
    mode = place.root.stat().st_mode & 0o077
    yield (
        Finding("permissions", "note", f"others may look into {place.root}", f"chmod 700 {place.root}")
        if mode
        else Finding("permissions", "good", "the owner's alone")
    )
    yield from _contents(place.store_url(settings), place.log, place.jobs, place.artifacts)


def _contents(store_url: str, log: Path, jobs: Path, artifacts_root: Path) -> Iterator[Finding]:
    from frontrow.data import artifacts
    from frontrow.data.accounts import Accounts
    from frontrow.data.catalogue import Catalogue

    try:
        with Catalogue(store_url) as catalogue:
            titles = catalogue.count()
        accounts = Accounts(store_url)
        keys = sum(key.revoked_ms is None for key in accounts.list_keys())
        accounts.close()
    except FrontrowError as error:
        yield Finding("store", "wrong", str(error), "see [store] url in frontrow.toml")
        return
    mend = "" if titles else "frontrow import --help"
    yield Finding("catalogue", "good" if titles else "note", f"{titles:,} titles", mend)
    yield Finding(
        "keys", "good" if keys else "note", f"{keys} in use", "" if keys else "frontrow keys add NAME --role read"
    )
    yield from _log(log)
    yield from _jobs(jobs)
    try:
        artifact = artifacts.open_current(artifacts_root, "recommend")
    except FrontrowError as error:
        yield Finding("model", "wrong", str(error), "frontrow fit recommend")
        return
    if artifact is None:
        yield Finding("model", "note", "none yet", "frontrow fit recommend")
    elif artifact.fallback_from:
        yield Finding("model", "wrong", f"{artifact.fallback_from} is damaged", "frontrow fit recommend")
    else:
        yield Finding("model", "good", artifact.version)


def _log(log: Path) -> Iterator[Finding]:
    from frontrow.data import replay, segments

    try:
        members = replay.count_members(log)
        damaged = segments.damaged(log)
    except FrontrowError as error:
        yield Finding("event log", "wrong", str(error), f"restore {log} from a backup")
        return
    if damaged:
        yield Finding("event log", "wrong", f"damaged: {', '.join(damaged)}", f"restore {log} from a backup")
    else:
        yield Finding("event log", "good", f"{members:,} members")


def _jobs(path: Path) -> Iterator[Finding]:
    from frontrow.jobs.queue import Queue, State
    from frontrow.jobs.schedule import NIGHTLY

    if not path.exists():
        return
    try:
        with Queue(path) as queue:
            last = next((job for job in queue.list(kind=NIGHTLY) if job.state.ended), None)
    except FrontrowError as error:
        yield Finding("jobs", "wrong", str(error), f"move {path} away")
        return
    if last and last.state == State.FAILED:
        yield Finding("last fit", "wrong", f"job {last.id}: {last.error}", "frontrow nightly")
    else:
        yield Finding("last fit", "good" if last else "note", last.state if last else "none yet")

"""The workspace: one folder that holds a service's catalogue, log, models and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frontrow.config import FILE_NAME, Settings
from frontrow.errors import InputError, WorkspaceMissing

_TEMPLATE = """\
# Settings of this workspace. `frontrow config show` lists every key, its value and where it comes from;
# FRONTROW_SERVICE__PORT=9000 in the environment wins over [service] port here.

[service]
# port = 8000
"""


@dataclass(frozen=True)
class Workspace:
    """Where everything of one service lies."""

    root: Path

    @property
    def log(self) -> Path:
        """Folder of the event log: tail.db, segments/, writer.lock."""
        return self.root / "log"

    @property
    def artifacts(self) -> Path:
        """Folder of the published models."""
        return self.root / "artifacts"

    @property
    def jobs(self) -> Path:
        """SQLite file of the job queue."""
        return self.root / "jobs.db"

    def store_url(self, settings: Settings) -> str:
        """SQLAlchemy URL of catalogue, accounts and reviews."""
        return settings.store.url or f"sqlite:///{self.root / 'catalogue.db'}"


def create(root: Path) -> Workspace:
    """Make the folder and its settings file; an existing workspace is left as it is.

    Raises InputError when `root` is a file or a folder with other things in it.
    """
    root = root.resolve()
    if root.is_file():
        raise InputError(f"{root} is a file; name a folder for the workspace")
    if root.exists() and any(root.iterdir()) and not (root / FILE_NAME).exists():
        raise InputError(f"{root} holds other things and no {FILE_NAME}; name an empty folder")
    workspace = Workspace(root)
    for folder in (root, workspace.log, workspace.artifacts):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (root / FILE_NAME).exists():
        (root / FILE_NAME).write_text(_TEMPLATE, "utf-8")
    return workspace


def open_workspace(root: Path) -> Workspace:
    """The workspace in `root`; raises WorkspaceMissing when there is none."""
    if not (root / FILE_NAME).is_file():
        raise WorkspaceMissing(f"{root} is not a workspace; run 'frontrow init --workspace {root}'")
    return Workspace(root.resolve())

"""Which bitrate tables there are: the one that ships with each package, and those that were learnt from the log.

The artifact `bitrate` holds a predictor and QoE weights; each package holds a table solved from them for its own
segments, `policy-<version>.json`, beside `policy.json`, which is solved from what ships.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.data import artifacts
from frontrow.delivery.lines import MEASURED
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.policy import predictor_from_dict, predictor_to_dict, to_dict
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import WEB_PLAYER
from frontrow.delivery.table import WEB, Table, build
from frontrow.delivery.throughput import Predictor
from frontrow.errors import DamagedArtifact, InputError
from frontrow.jobs.schedule import LEARN_BITRATE

if TYPE_CHECKING:
    from frontrow.data.workspace import Workspace

CURRENT: Final = "current"
PACKAGED: Final = "packaged"
BUFFER_BASED: Final = "buffer_based"
_KEPT: Final = 5  # tables of learnt versions that a package keeps


@dataclass(frozen=True)
class Knowledge:
    """What a table is solved from, beside the title."""

    predictor: Predictor
    weights: Weights
    version: str = ""
    """Of the artifact; empty: what ships."""

    def table(self, title: Manifest) -> Table:
        """Solve for a title on the web player."""
        return build(title, self.weights, self.predictor, WEB_PLAYER, config=WEB)

    def files(self) -> dict[str, Any]:
        """Of the artifact."""
        return {"predictor.json": predictor_to_dict(self.predictor), "weights.json": asdict(self.weights)}


SHIPPED: Final = Knowledge(MEASURED, LINEAR)


def published(workspace: Workspace) -> Knowledge:
    """What is in force: the artifact, or what ships where there is none or none is whole."""
    try:
        artifact = artifacts.open_current(workspace.artifacts, LEARN_BITRATE)
    except DamagedArtifact:
        return SHIPPED
    if artifact is None:
        return SHIPPED
    weights = Weights(**artifact.json("weights.json"))
    return Knowledge(predictor_from_dict(artifact.json("predictor.json")), weights, artifact.version)


def policy_file(folder: Path, controller: str, version: str) -> tuple[Path | None, str]:
    """The table that `controller` reads in the package `folder`, and what stood in where it is not there.

    `version` is the artifact in force; None where the controller reads none.
    """
    if controller == BUFFER_BASED:
        return None, ""
    wanted = version if controller == CURRENT else "" if controller == PACKAGED else controller
    if wanted and not (folder / f"policy-{wanted}.json").is_file():
        return folder / "policy.json", PACKAGED
    return folder / (f"policy-{wanted}.json" if wanted else "policy.json"), ""


def title_of(folder: Path) -> Manifest:
    """The title of a package in the codec that plays most widely, from its `package.json`. Raises InputError."""
    return titles_of(folder)[folder]


def titles_of(folder: Path) -> dict[Path, Manifest]:
    """Where the tables of each codec lie, and the title in it: the most widely played first. Raises InputError."""
    try:
        about = json.loads((folder / "package.json").read_text("utf-8"))
        return {
            folder / (family["family"] if number else ""): Manifest(
                float(about["segment_s"]),
                np.array(family["bitrates_kbps"], float),
                np.array(family["sizes_kbit"], float),
            )
            for number, family in enumerate([about, *about.get("alternatives", ())])
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} is no whole package: {error}; package the film again") from None


def write(file: Path, title: Manifest, knowledge: Knowledge) -> None:
    """Solve for `title` and write the table, in one step."""
    writing = file.with_suffix(".writing")
    writing.write_text(json.dumps(to_dict(knowledge.table(title))), "utf-8")
    writing.rename(file)


def write_learnt(workspace: Workspace, folder: Path) -> None:
    """Write the package's tables of the version in force, and drop those of versions long gone."""
    knowledge = published(workspace)
    if knowledge.version:
        for place, title in titles_of(folder).items():
            write(place / f"policy-{knowledge.version}.json", title, knowledge)
            for old in sorted(place.glob("policy-*.json"))[:-_KEPT]:
                old.unlink()

"""The model in force: opened by memory map, looked for again each second, and replaced between two requests."""

from __future__ import annotations

import logging
from pathlib import Path

from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.errors import DamagedArtifact
from frontrow.recommend.model import Model

RECOMMEND = "recommend"
_log = logging.getLogger(__name__)


class CurrentModel:
    """The published recommender, or one made of the catalogue alone while none is there."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue
        self._pointer: str | None = None
        self.version = ""
        self.fallback = ""
        self.model = self._open()

    def refresh(self) -> bool:
        """Open what is current now; whether it changed. Cheap when it did not."""
        pointer = artifacts.current_version(self._root, RECOMMEND)
        if pointer == self._pointer and (self.version or self._catalogue.version() == self._of_catalogue):
            return False
        self.model = self._open()
        return True

    def _open(self) -> Model:
        """The current version; an older one, or the catalogue alone, when it is damaged or was never published."""
        self._pointer = artifacts.current_version(self._root, RECOMMEND)
        self._of_catalogue = self._catalogue.version()
        try:
            artifact = artifacts.open_current(self._root, RECOMMEND)
            model = None if artifact is None else Model.load(artifact)  # DamagedArtifact too: of another format
        except DamagedArtifact as error:
            _log.error("%s", error)
            artifact = model = None
        if artifact is None or model is None:
            self.version, self.fallback = "", "no model: newest titles of the catalogue; run 'frontrow fit recommend'"
            return Model.unfitted(self._catalogue.frame())
        if artifact.fallback_from:
            _log.error("artifact %s is damaged; version %s stands in", artifact.fallback_from, artifact.version)
        self.version = artifact.version
        self.fallback = f"older model {artifact.version}: the current one is damaged" if artifact.fallback_from else ""
        return model

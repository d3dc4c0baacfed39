"""The pictures of one film in a folder: its crops and manifest, and on the way what a stopped run can go on with."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from frontrow.artwork import making, networks
from frontrow.data.fetch import ready_networks
from frontrow.data.gallery import MANIFEST
from frontrow.media.container import resolve

if TYPE_CHECKING:
    from frontrow.artwork.candidates import CandidateConfig
    from frontrow.artwork.encode import Format
    from frontrow.artwork.survey import Part
    from frontrow.media.pace import Step

_KEPT: Final = ".signals"
_SAVE_EVERY: Final = 20
"""Parts of ten seconds in a file of what a stopped run can go on with."""


def make(
    film: Path,
    out: Path,
    count: int,
    config: CandidateConfig,
    *,
    kind: Format,
    title: str = "",
    preview: bool = False,
    step: Step | None = None,
) -> dict[str, Any]:
    """Put the best `count` pictures of a film into `out` and return the manifest, which is also written there.

    A run that was stopped goes on where it was when it is started again. Raises UnreadableMedia.
    """
    kept = _Kept(out, resolve(film), preview=preview)
    made = making.find_pictures(
        film,
        count,
        config=config,
        paths=ready_networks(networks.WITHOUT),
        done=kept.load(),
        keep=kept.add,
        preview=preview,
        step=step,
    )
    out.mkdir(parents=True, exist_ok=True)

    def write(name: str, picture: bytes) -> None:
        (out / name).write_bytes(picture)

    manifest = making.cut_pictures(made, write, kind=kind, title=title, step=step)
    writing = out / f"{MANIFEST}.writing"
    writing.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    writing.rename(out / MANIFEST)
    kept.clear()
    return manifest


class _Kept:
    """The parts of a first pass in a folder, named for the film they belong to and the kind of pass."""

    def __init__(self, folder: Path, film: Path, *, preview: bool) -> None:
        stat = film.stat()
        name = hashlib.blake2b(f"{film}\0{stat.st_size}\0{stat.st_mtime_ns}\0{preview}".encode(), digest_size=8)
        self._folder = folder / _KEPT / name.hexdigest()
        self._fresh: list[Part] = []
        self._count = 0

    def load(self) -> Iterator[Part]:
        """What an earlier run left; a file that does not open ends it."""
        for file in sorted(self._folder.glob("*.npz")):
            try:
                with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                    part = {name: arrays[name] for name in arrays.files}
            except (OSError, ValueError, EOFError, zipfile.BadZipFile):
                break
            self._count += 1
            yield part

    def add(self, part: Part) -> None:
        """Keep a part; some are written at once."""
        self._fresh.append(part)
        if len(self._fresh) < _SAVE_EVERY:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        joined = {name: np.concatenate([x[name] for x in self._fresh]) for name in self._fresh[0]}
        temporary = self._folder / "writing"
        with temporary.open("wb") as file:
            np.savez(file, **joined)  # type: ignore[arg-type]
        temporary.rename(self._folder / f"{self._count:06d}.npz")
        self._count += 1
        self._fresh = []

    def clear(self) -> None:
        """Forget them: the output is whole."""
        for file in self._folder.glob("*"):
            file.unlink()
        for folder in (self._folder, self._folder.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

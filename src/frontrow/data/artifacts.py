"""Published models: folders of plain files, opened by memory map, replaced in one step.

    <root>/<name>/<utc>-<hash>/{*.npy,*.parquet,*.json,*.txt,manifest.json}
    <root>/<name>/current                     one line: the version in force

A version is written to a temporary folder, every file and the folder synced, renamed, and only then named in `current`,
which is itself replaced by a rename. So whoever opens `current` finds a complete version, whatever was killed and when.
The hash covers the files, config, high-water mark, rows, metrics and the hashes of the parents, not the time: the same
log, seed, machine and thread count give the same hash.

Three locks of the kernel (flock: a killed process holds none) keep publishers, readers and `collect` apart: one a name
for whoever changes `current`, one on each temporary folder, and a shared one on each version that a reader has open.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from frontrow import __version__
from frontrow.data import durable
from frontrow.errors import DamagedArtifact, InputError, StorageFull

if TYPE_CHECKING:
    import polars as pl

MANIFEST = "manifest.json"
_POINTER = "current"
_TEMPORARY = ".publishing-"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_VERSION = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{16}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.(npy|parquet|json|txt)")


def is_version(text: str) -> bool:
    """Whether `text` could be the name of a version."""
    return _VERSION.fullmatch(text) is not None


class FileEntry(msgspec.Struct, frozen=True):
    """One file of a version."""

    bytes: int
    blake2: str


class Manifest(msgspec.Struct, frozen=True):
    """What a version is made of and from."""

    name: str
    version: str
    frontrow: str  # version of the code that made it
    config: dict[str, Any]
    high_water: int  # newest event (`seq`) that was read
    rows: dict[str, int]
    metrics: dict[str, float | str | None]
    parents: dict[str, str]  # artifact name -> version it was made from
    files: dict[str, FileEntry]
    made_at: str


@dataclass(frozen=True, eq=False)
class Artifact:
    """An open version. `fallback_from` is the current version that was damaged, where this older one stands in."""

    folder: Path
    manifest: Manifest
    fallback_from: str | None = None

    @property
    def version(self) -> str:
        """`<utc>-<hash>`, which sorts by time."""
        return self.manifest.version

    def array(self, file: str) -> np.ndarray[Any, Any]:
        """A `.npy` file as a memory-mapped read-only array; stays valid when the version is collected meanwhile."""
        try:
            array: np.ndarray[Any, Any] = np.load(self._path(file), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DamagedArtifact(f"{self._path(file)} cannot be read as an array: {error}") from None
        return array

    def frame(self, file: str) -> pl.DataFrame:
        """A `.parquet` file, read whole."""
        import polars as pl

        try:
            return pl.read_parquet(self._path(file), memory_map=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DamagedArtifact(f"{self._path(file)} cannot be read as Parquet: {error}") from None

    def json(self, file: str) -> Any:
        """A `.json` file."""
        try:
            return msgspec.json.decode(self._path(file).read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            raise DamagedArtifact(f"{self._path(file)} cannot be read as JSON: {error}") from None

    def text(self, file: str) -> str:
        """A `.txt` file."""
        try:
            return self._path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedArtifact(f"{self._path(file)} cannot be read as text: {error}") from None

    def _path(self, file: str) -> Path:
        if file not in self.manifest.files:
            raise DamagedArtifact(f"{self.folder} has no file {file!r}; it has {', '.join(self.manifest.files)}")
        return self.folder / file


def publish(
    root: Path,
    name: str,
    files: Mapping[str, np.ndarray[Any, Any] | pl.DataFrame | Mapping[str, Any] | Sequence[Any] | str | bytes],
    *,
    config: Mapping[str, Any],
    high_water: int,
    rows: Mapping[str, int],
    metrics: Mapping[str, float | str | None],
    parents: Mapping[str, str],
    now_ms: int,
    keep: int,
) -> Artifact:
    """Write a version, make it the current one and collect old ones; `keep` is how many of the newest stay.

    `metrics` must not hold durations or other figures that differ from run to run: they are part of the hash.
    Raises StorageFull, with nothing changed, when the disk is full.
    """
    folder = _folder(root, name)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _temporary_folder(folder) as temporary:
            entries = {file: _new_file(temporary, file, files[file]) for file in sorted(files)}
            body = {
                "name": name,
                "frontrow": __version__,
                "config": msgspec.to_builtins(config, enc_hook=durable.plain),
                "high_water": high_water,
                "rows": dict(rows),
                "metrics": msgspec.to_builtins(metrics, enc_hook=durable.plain),
                "parents": dict(parents),
                "files": msgspec.to_builtins(entries),
            }
            body["version"] = f"{_stamp(now_ms)}-{_digest(body)}"
            body["made_at"] = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")
            durable.write_bytes(temporary / MANIFEST, msgspec.json.format(durable.encode(body)))
            durable.sync_folder(temporary)
            version = str(body["version"])
            with _changing(folder):
                if not (folder / version).exists():  # the same files at the same millisecond are the same version
                    temporary.rename(folder / version)
                    durable.sync_folder(folder)
                artifact = open_version(root, name, version, verify=False)
                _point(folder, version)
                _collect(folder, keep)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                f"no room in {folder} for a new version of {name!r}; free some and publish again"
            ) from None
        raise
    return artifact


def open_current(root: Path, name: str, *, verify: bool = True) -> Artifact | None:
    """The current version, or the newest intact older one when the current is damaged; None when none was published.

    `verify` reads every file against its hash (about 1 GB/s); without it sizes and the manifest alone are checked.
    Raises DamagedArtifact when versions are there and none is intact.
    """
    folder = _folder(root, name)
    while True:
        current = current_version(root, name)
        if current is None and not (folder / _POINTER).exists():
            return None
        try:
            if current is None:
                raise DamagedArtifact(f"{folder / _POINTER} names no version")
            return open_version(root, name, current, verify=verify)
        except DamagedArtifact as error:
            if current_version(root, name) != current:  # replaced and collected while it was being opened
                continue
            damage = error
        for version in versions(root, name):
            if current is not None and version >= current:  # never one that a rollback turned away from
                continue
            try:
                return _open(root, name, version, verify=verify, fallback_from=current or "unreadable")
            except DamagedArtifact:
                continue
        raise DamagedArtifact(f"{damage}; no older version of {name!r} is intact either: fit it again")


def open_version(root: Path, name: str, version: str, *, verify: bool = True) -> Artifact:
    """One version by its id. Raises DamagedArtifact when it is missing or differs from its manifest."""
    return _open(root, name, version, verify=verify, fallback_from=None)


def names(root: Path) -> list[str]:
    """Every name something was published under, in order."""
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and _NAME.fullmatch(entry.name))


def versions(root: Path, name: str) -> list[str]:
    """Every published version, newest first."""
    folder = _folder(root, name)
    if not folder.is_dir():
        return []
    return sorted((entry.name for entry in folder.iterdir() if _VERSION.fullmatch(entry.name)), reverse=True)


def current_version(root: Path, name: str) -> str | None:
    """What `current` names, or None. One small read (20 µs): a service may ask each second and reopen on a change."""
    try:
        version = (_folder(root, name) / _POINTER).read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return version if _VERSION.fullmatch(version) else None


def rollback(root: Path, name: str, to: str | None = None) -> Artifact:
    """Make `to` current again; by default the newest version older than the current one that is intact.

    Raises InputError when there is none, DamagedArtifact when `to` is damaged.
    """
    folder = _folder(root, name)
    if not folder.is_dir():
        raise InputError(f"nothing was ever published as {name!r} in {root}")
    with _changing(folder):
        artifact = open_version(root, name, to) if to else _older(root, name, current_version(root, name))
        _point(folder, artifact.version)
    return artifact


def collect(root: Path, name: str, keep: int) -> list[str]:
    """Remove all versions but the newest `keep`, the current one and those a reader has open; return what went.

    Also removes what killed publishers left behind.
    """
    folder = _folder(root, name)
    if not folder.is_dir():
        return []
    with _changing(folder):
        return _collect(folder, keep)


def _open(root: Path, name: str, version: str, *, verify: bool, fallback_from: str | None) -> Artifact:
    if not _VERSION.fullmatch(version):
        raise InputError(f"{version!r} is no version of an artifact; see the folders of {_folder(root, name)}")
    folder = _folder(root, name) / version
    with ExitStack() as undo:
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            undo.callback(os.close, held)
            fcntl.flock(held, fcntl.LOCK_SH)
            body = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict[str, Any])
            manifest = msgspec.convert(body, Manifest)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DamagedArtifact(f"{folder / MANIFEST} cannot be read: {error}") from None
        if manifest.version != version or manifest.name != name or _digest(body) != _hash(version):
            raise DamagedArtifact(f"{folder / MANIFEST} is not the manifest that was published as {version}")
        for file, entry in manifest.files.items():
            _check(folder, file, entry, verify=verify)
        artifact = Artifact(folder, manifest, fallback_from)
        undo.pop_all()
    weakref.finalize(artifact, os.close, held)
    return artifact


def _check(folder: Path, file: str, entry: FileEntry, *, verify: bool) -> None:
    if not _FILE.fullmatch(file):
        raise DamagedArtifact(f"{folder / MANIFEST} names a file {file!r} that no publisher writes")
    path = folder / file
    try:
        size = path.stat().st_size
        intact = size == entry.bytes and (not verify or durable.blake2(path) == entry.blake2)
    except OSError as error:
        raise DamagedArtifact(f"{path} cannot be read: {error}") from None
    if not intact:
        raise DamagedArtifact(f"{path} ({size} bytes) differs from its manifest ({entry.bytes} bytes, {entry.blake2})")


def _older(root: Path, name: str, current: str | None) -> Artifact:
    for version in versions(root, name):
        if current is None or version < current:
            try:
                return open_version(root, name, version)
            except DamagedArtifact:
                continue
    raise InputError(f"no intact version of {name!r} is older than {current}; see {_folder(root, name)}")


def _new_file(folder: Path, file: str, value: Any) -> FileEntry:
    if not _FILE.fullmatch(file) or file == MANIFEST:
        raise ValueError(f"{file!r} is no file of an artifact; use letters, digits and .npy .parquet .json .txt")
    durable.write(folder / file, value)
    return FileEntry((folder / file).stat().st_size, durable.blake2(folder / file))


def _point(folder: Path, version: str) -> None:
    """Replace the pointer in one step; under `_changing`, so that one temporary name is enough."""
    temporary = folder / f".{_POINTER}"
    durable.write_bytes(temporary, f"{version}\n".encode())
    temporary.replace(folder / _POINTER)
    durable.sync_folder(folder)


def _collect(folder: Path, keep: int) -> list[str]:
    name, root = folder.name, folder.parent
    protected = {*versions(root, name)[:keep], current_version(root, name)}
    stale = [version for version in versions(root, name) if version not in protected]
    leftovers = [entry.name for entry in folder.iterdir() if entry.name.startswith(_TEMPORARY)]
    return [entry for entry in (*stale, *leftovers) if _remove_unless_held(folder / entry)]


def _remove_unless_held(folder: Path) -> bool:
    """Remove a folder that no process has locked: no reader of a version, no live publisher of a temporary one."""
    try:
        with durable.locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """One process at a time changes the pointer or removes versions."""
    (folder / ".lock").touch(mode=0o600)
    with durable.locked(folder / ".lock"):
        yield


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """A new folder inside one that is locked while its publisher lives, and removed at the end."""
    with _changing(folder):  # no `collect` between making and locking it
        temporary = folder / f"{_TEMPORARY}{secrets.token_hex(8)}"
        (temporary / "new").mkdir(mode=0o700, parents=True)
        lock = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield temporary / "new"
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(lock)


def _folder(root: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name of an artifact; use a-z, 0-9, _ and -, beginning with a letter")
    return root / name


def _stamp(now_ms: int) -> str:
    return f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%S}{now_ms % 1000:03d}Z"


def _hash(version: str) -> str:
    return version.rpartition("-")[2]


def _digest(body: Mapping[str, Any]) -> str:
    """Hash of everything in a manifest but the times: its own, and those within the versions of its parents."""
    timeless = {key: value for key, value in body.items() if key not in ("version", "made_at")}
    timeless["parents"] = {name: _hash(version) for name, version in body["parents"].items()}
    return hashlib.blake2b(durable.encode(timeless), digest_size=8).hexdigest()

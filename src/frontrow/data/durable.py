"""Files that a crash cannot leave half written: equal content as equal bytes, synced to the disk, and kernel locks."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np


def write(path: Path, value: Any) -> None:
    """Write a new `.npy` (array), `.parquet` (frame), `.json` or `.txt` file, or bytes as they are, and sync it."""
    if isinstance(value, bytes):
        write_bytes(path, value)
    elif path.suffix == ".npy":
        with path.open("xb") as stream:
            np.save(stream, np.ascontiguousarray(value), allow_pickle=False)
            _flush(stream)
    elif path.suffix == ".parquet":
        content = BytesIO()  # Polars hides the cause when a file of ours runs out of disk
        # One chunk, since chunk bounds would become row groups.
        value.rechunk().write_parquet(content, compression="zstd", compression_level=3, row_group_size=1 << 18)
        write_bytes(path, content.getvalue())
    else:
        write_bytes(path, value.encode() if path.suffix == ".txt" else encode(value))


def write_bytes(path: Path, content: bytes) -> None:
    """Write and sync one file."""
    with path.open("wb") as stream:
        stream.write(content)
        _flush(stream)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of the one that may be there: whole, or as it was."""
    writing = path.with_name(path.name + ".writing")
    write_bytes(writing, content)
    writing.rename(path)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries (new, renamed, removed) durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, operation: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock (flock) on a file or folder; a killed process holds none. Raises BlockingIOError with LOCK_NB."""
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, operation)
        yield
    finally:
        os.close(lock)


def blake2(path: Path) -> str:
    """BLAKE2b hash of a file, 32 bytes in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def encode(value: Any) -> bytes:
    """JSON with sorted keys; numpy scalars and arrays as numbers and lists."""
    return msgspec.json.encode(value, enc_hook=plain, order="sorted")


def plain(value: Any) -> Any:
    """Numpy scalars and arrays as JSON can hold them."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON into an artifact")


def _flush(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())

"""Recorded lines and a title's segment sizes, read from the files of a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.delivery.link import Trace
    from frontrow.delivery.manifest import Manifest


def load_traces(path: Path) -> list[Trace]:
    """Every trace below `path`, in the order of names; hidden files and READMEs are passed over."""
    from frontrow.delivery.traces import read_trace

    if path.is_file():
        files = [path]
    else:
        found = path.rglob("*") if path.is_dir() else []
        files = sorted(x for x in found if x.is_file() and not x.name.startswith(".") and x.stem.lower() != "readme")
    if not files:
        raise InputError(f"no traces in {path}; name a folder with one file a trace")
    return [read_trace(str(file.relative_to(path)) if file != path else file.name, _read(file)) for file in files]


def load_manifest(path: Path) -> Manifest:
    """A title's sizes, from a folder of `video_size_<rung>` or Sabre's JSON."""
    from frontrow.delivery.traces import read_manifest, read_sizes

    if path.is_dir():
        files = {file.name.removeprefix("video_size_"): file for file in path.glob("video_size_*")}
        texts = {int(rung): _read(file) for rung, file in files.items() if rung.isdecimal()}
        return read_sizes(str(path), texts)
    return read_manifest(str(path), _read(path))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text; traces and manifests are text files") from None

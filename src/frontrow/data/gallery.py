"""The pictures of a service's titles on disk: one folder a title with its manifest, crops and what an editor said.

    <workspace>/pictures/<key>/{manifest.json, editor.json, 00012345-16x9.jpg, ...}

Folders are named by a hash of the title's id, so any id is safe. A folder is replaced as a whole.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from frontrow.data import durable

MANIFEST: Final = "manifest.json"
EDITOR: Final = "editor.json"
_FILE: Final = re.compile(r"\d{8}-\d+x\d+(-hand)?\.(jpg|webp|avif)")


class Editor(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """What a person decided about a title's pictures, by their hash."""

    pinned: str = ""  # everybody sees it
    forbidden: tuple[str, ...] = ()


class Gallery:
    """The pictures below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, title: str) -> Path:
        """Where a title's pictures lie, whether there are any or not."""
        return self.root / hashlib.blake2b(title.encode(), digest_size=12).hexdigest()

    def manifest(self, title: str) -> dict[str, Any] | None:
        """What is known of a title's pictures; None where there are none, or the manifest is damaged."""
        return _read(self.folder(title) / MANIFEST)

    def titles(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each title with pictures, and its manifest."""
        for file in sorted(self.root.glob(f"*/{MANIFEST}")):
            manifest = _read(file)
            if manifest and file.parent == self.folder(str(manifest.get("title", ""))):
                yield str(manifest["title"]), manifest

    def stamp(self) -> tuple[tuple[str, int], ...]:
        """Changes whenever a title's pictures or an editor's decisions do: the folders and their times."""
        if not self.root.is_dir():
            return ()
        return tuple(sorted((folder.name, folder.stat().st_mtime_ns) for folder in self.root.iterdir()))

    def editor(self, title: str) -> Editor:
        """What an editor decided; nothing by default."""
        file = self.folder(title) / EDITOR
        try:
            return msgspec.json.decode(file.read_bytes(), type=Editor)
        except (OSError, msgspec.MsgspecError):
            return Editor()

    def decide(self, title: str, editor: Editor) -> None:
        """Keep what an editor decided."""
        durable.replace(self.folder(title) / EDITOR, msgspec.json.encode(editor))

    def file(self, title: str, name: str) -> Path | None:
        """A picture's file; None for a name that is none, so nothing else of the disk can be asked for."""
        path = self.folder(title) / name
        return path if _FILE.fullmatch(name) and path.is_file() else None

    def draft(self, title: str) -> Path:
        """A folder to make new pictures in; what a stopped run left there is gone on with."""
        return self.folder(title).with_suffix(".making")

    def put(self, title: str, manifest: dict[str, Any]) -> None:
        """Put the draft in the place of what there was; an editor's decisions stay."""
        draft, folder = self.draft(title), self.folder(title)
        editor = self.editor(title)
        durable.replace(draft / MANIFEST, msgspec.json.encode(manifest | {"title": title}))
        durable.replace(draft / EDITOR, msgspec.json.encode(editor))
        old = folder.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)

    def amend(self, title: str, manifest: dict[str, Any], name: str, picture: bytes) -> None:
        """Keep a crop made by hand as the file `name`, and the manifest that tells of it."""
        durable.replace(self.folder(title) / name, picture)
        durable.replace(self.folder(title) / MANIFEST, msgspec.json.encode(manifest))

    def eligible(self, title: str) -> list[dict[str, Any]]:
        """Entries of the title's pictures that may be shown, best first, each with `id` (its hash)."""
        manifest, editor = self.manifest(title), self.editor(title)
        entries = (manifest or {}).get("candidates", [])
        return [x | {"id": x["hash"]} for x in entries if x["files"] and x["hash"] not in editor.forbidden]


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return None

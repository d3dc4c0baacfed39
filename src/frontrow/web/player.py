"""Packaged films for the web player: playlists, segments and the bitrate table out of the workspace's `streams` folder.

A title's package lies in `streams/<title id, percent-encoded>/`, as `frontrow delivery package --out` writes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse

from frontrow.data.workspace import Workspace
from frontrow.service.auth import Caller
from frontrow.service.hall import Hall
from frontrow.web.site import page_caller

FOLDER = "streams"
_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl", ".m4s": "video/iso.segment", ".mp4": "video/mp4", ".vtt": "text/vtt",
    ".json": "application/json", ".jpg": "image/jpeg",
}  # fmt: skip


def stream_of(workspace: Workspace, title: str) -> str | None:
    """Path of the title's package on this site; None while it has none."""
    name = quote(title, safe="")
    if not (workspace.root / FOLDER / name / "master.m3u8").is_file():
        return None
    return f"/stream/{quote(name, safe='')}"


def player_files(hall: Hall) -> APIRouter:
    """The one route of the player."""
    router = APIRouter()
    root = hall.workspace.root / FOLDER

    @router.get("/stream/{name}/{path:path}")
    def part(_: Annotated[Caller, Depends(page_caller)], name: str, path: str) -> FileResponse:
        file = _inside(root, name, path)
        kind = _TYPES.get(file.suffix)
        if kind is None or not file.is_file():
            raise HTTPException(404, "this title has no such part")
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})

    return router


def _inside(root: Path, name: str, path: str) -> Path:
    """The file below the title's own folder, symbolic links followed; anything else is not there."""
    folder = (root / quote(name, safe="%")).resolve()
    file = (folder / path).resolve()
    if folder.parent != root.resolve() or not file.is_relative_to(folder):
        raise HTTPException(404, "this title has no such part")
    return file

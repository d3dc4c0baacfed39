"""Packaged films for the web player: playlists, segments and tables out of the workspace's `streams` folder, and who
plays with which controller.

A title's package lies in `streams/<title id, percent-encoded>/`, as `frontrow delivery package --out` writes it.
"""

from __future__ import annotations

import functools
import gzip
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from frontrow.data import artifacts
from frontrow.data.ids import new_id
from frontrow.errors import ConfigError, InputError
from frontrow.experiments.assignment import assign
from frontrow.experiments.definition import Definition, parse
from frontrow.jobs.packaging import ABOUT, FOLDER, folder_of
from frontrow.jobs.policies import BUFFER_BASED, CURRENT, PACKAGED, policy_file
from frontrow.jobs.schedule import LEARN_BITRATE
from frontrow.schema import Decision
from frontrow.service.auth import Caller
from frontrow.service.hall import Hall, now_ms
from frontrow.web.site import page_caller

_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".m4s": "video/iso.segment",
    ".mp4": "video/mp4", ".vtt": "text/vtt", ".json": "application/json", ".jpg": "image/jpeg",
}  # fmt: skip


class Playback:
    """Decides with which controller a member's film is played: the one in force, or that of their experiment's arm."""

    def __init__(self, hall: Hall) -> None:
        self._workspace = hall.workspace
        self.experiment = _read_experiment(hall.workspace.root, hall.settings.streaming.experiment)

    def decide(self, member: str, title: str) -> Decision | None:
        """The answer holds what static/player.js needs; None where the title has no package.

        `arm` is the controller: `current`, `packaged`, `buffer_based` or a version of the artifact `bitrate`.
        """
        folder = folder_of(self._workspace, title)
        if not (folder / "master.m3u8").is_file():
            return None
        arm = assign(self.experiment, member) if self.experiment and member else None
        propensity = self.experiment.arms[arm] if self.experiment and arm else 1.0
        controller = arm or CURRENT
        version = artifacts.current_version(self._workspace.artifacts, LEARN_BITRATE) or ""
        file, fallback = policy_file(folder, controller, version)
        used = "" if file is None else file.stem.removeprefix("policy").removeprefix("-")
        at_ms = now_ms()
        decision_id = new_id(at_ms)
        name = quote(folder.name, safe="")
        answer: dict[str, Any] = {
            "stream": f"/stream/{name}", "controller": controller, "poster": f"/stream/{name}/poster.jpg",
            "version": used, "decision_id": decision_id,
            "families": _families(folder, f"/stream/{name}", controller, version),
        }  # fmt: skip
        if self.experiment and arm:
            told = {"experiment": self.experiment.name, "arm": arm, "hash": self.experiment.hash}
            answer["exposure"] = told | {"propensity": propensity}
        return Decision(
            decision_id=decision_id, room="delivery", subject=member, at_ms=at_ms, arm=arm or "",
            versions={LEARN_BITRATE: used} if used else {}, propensity=propensity, fallback=fallback, answer=answer,
        )  # fmt: skip


def player_files(hall: Hall) -> APIRouter:
    """The one route of the player."""
    router = APIRouter(include_in_schema=False)
    root = hall.workspace.root / FOLDER

    @router.get("/stream/{name}/{path:path}")
    async def part(_: Annotated[Caller, Depends(page_caller)], name: str, path: str) -> Response:
        file = _inside(root, name, path)
        kind = _TYPES.get(file.suffix)
        if kind is None or not file.is_file():
            raise HTTPException(404, "this title has no such part")
        headers = {"Cache-Control": "private, max-age=3600"}
        if file.suffix == ".json":
            data = await run_in_threadpool(_compressed, file, file.stat().st_mtime_ns)
            return Response(data, media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
        return FileResponse(file, media_type=kind, headers=headers)

    return router


@functools.lru_cache(maxsize=256)
def _compressed(file: Path, _: int) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)


def _inside(root: Path, name: str, path: str) -> Path:
    """The file below the title's own folder, symbolic links followed; anything else is not there."""
    if "\0" in path:  # no name of a file
        raise HTTPException(404, "this title has no such part")
    folder = (root / quote(name, safe="%")).resolve()
    file = (folder / path).resolve()
    if folder.parent != root.resolve() or not file.is_relative_to(folder):
        raise HTTPException(404, "this title has no such part")
    return file


def _families(folder: Path, url: str, controller: str, version: str) -> list[dict[str, Any]]:
    """The codecs that the player may choose from, the one with the fewest bits first, each with its own table.

    `vmaf` is each rung's, as its ladder measured it; `top` is the rung that the browser is asked about.
    """
    about = _about(folder)
    found = []
    for number, family in enumerate([about, *about.get("alternatives", ())]):
        place = f"{family['family']}/" if number else ""
        file, _ = policy_file(folder / place, controller, version)
        rungs = family.get("rungs", [])
        top = {key: rungs[-1].get(key, 0) for key in ("codec", "width", "height", "bitrate_kbps")} if rungs else None
        found.append(
            {
                "name": family.get("family", ""), "policy": file and f"{url}/{place}{file.name}", "top": top,
                "vmaf": [rung["vmaf"] for rung in rungs],
            }
        )  # fmt: skip
    return found[::-1]


def _about(folder: Path) -> dict[str, Any]:
    """The package's own description; empty where there is none."""
    try:
        told: dict[str, Any] = json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told


def _read_experiment(root: Path, name: str) -> Definition | None:
    """The experiment between controllers; its arms name them. Raises ConfigError."""
    if not name:
        return None
    try:
        found = parse(tomllib.loads((root / name).read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, InputError) as error:
        raise ConfigError(f"streaming.experiment: {root / name}: {error}") from None
    for arm in found.arms:
        if arm not in (CURRENT, PACKAGED, BUFFER_BASED) and not artifacts.is_version(arm):
            raise ConfigError(
                f"streaming.experiment: {root / name}: arm {arm!r} is no controller; use {CURRENT}, {PACKAGED}, "
                f"{BUFFER_BASED} or a version of the artifact {LEARN_BITRATE!r}"
            )
    return found

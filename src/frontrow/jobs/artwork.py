"""Jobs of artwork: making a title's pictures out of its film, and learning which picture to show to whom."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.artwork import chooser, making, outcomes
from frontrow.artwork.candidates import CandidateConfig
from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.data.fetch import BIG_BUCK_BUNNY, fetch
from frontrow.data.gallery import Gallery
from frontrow.data.replay import replay
from frontrow.errors import InputError, Refusal
from frontrow.jobs import pictures
from frontrow.jobs.queue import Queue
from frontrow.jobs.schedule import LEARN_PICTURES, PACKAGE
from frontrow.media.container import resolve
from frontrow.schema import Kind, Title

if TYPE_CHECKING:
    import polars as pl

    from frontrow.data.workspace import Workspace
    from frontrow.jobs.worker import JobContext

MAKE: Final = "artwork"
DEMO_FILM: Final = "demo-film"
COUNT: Final = 12
SPOILERS: Final = 0.2


def gallery(workspace: Workspace) -> Gallery:
    """The workspace's pictures."""
    return Gallery(workspace.root / "pictures")


def film(workspace: Workspace, roots: tuple[str, ...], title: Title) -> Path:
    """A title's film, inside the media folders. Raises InputError when it has none, or it lies elsewhere."""
    if not title.asset:
        raise InputError(f"title {title.title!r} has no video; set its asset to a path below a media folder")
    folders = tuple(workspace.root / root for root in roots)
    for folder in folders:
        if (folder / title.asset).exists():
            return resolve(folder / title.asset, folders)
    raise InputError(f"title {title.title!r}: no {title.asset} in {', '.join(map(str, folders))}; see [media] roots")


def make(context: JobContext, *, title: str) -> dict[str, Any]:
    """Make a title's pictures. Raises Refusal when its film has no suitable frame."""
    with Catalogue(context.workspace.store_url(context.settings)) as catalogue:
        found = catalogue.get(title)
    path = film(context.workspace, context.settings.media.roots, found)
    shelf = gallery(context.workspace)
    draft = shelf.draft(title)
    config = CandidateConfig(spoilers=SPOILERS)
    manifest = pictures.make(path, draft, COUNT, config, kind="webp", step=context.step)
    if manifest["refused"]:
        raise Refusal(f"{found.name}: {manifest['refused']}")
    shelf.put(title, manifest)
    return {"title": title, "pictures": len(manifest["candidates"]), "faults": manifest["faults"]}


def fetch_demo_film(context: JobContext, *, title: str) -> dict[str, Any]:
    """Put the demo's film into the media folder, make its pictures, and have it packaged. Raises FetchFailed."""
    context.step(0, 0, f"fetching a film ({BIG_BUCK_BUNNY.licence})")
    with Catalogue(context.workspace.store_url(context.settings)) as catalogue:
        asset = catalogue.get(title).asset
    target = context.workspace.root / context.settings.media.roots[0] / asset
    if not target.exists():
        source = fetch(BIG_BUCK_BUNNY) / asset
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target.with_suffix(".writing"))
        target.with_suffix(".writing").rename(target)
    with Queue(context.workspace.jobs) as queue:  # comes after this one, so that the poster is a picture made here
        queue.submit(PACKAGE, {"title": title}, unique=f"{PACKAGE}:{title}")
    return make(context, title=title)


def learn(context: JobContext, *, seed: int = 0) -> dict[str, Any]:
    """Fit the chooser on the log and publish it."""
    if not any(gallery(context.workspace).titles()):
        return {"titles": 0, "note": "no title has pictures"}
    context.step(0, 2, "reading the log")
    fitted, rows, high_water = fit(context.workspace, context.settings, seed)
    context.step(1, 2, "publishing")
    titles = list(fitted.pictures)
    tables = [fitted.probabilities[title] for title in titles]
    artifact = artifacts.publish(
        context.workspace.artifacts,
        LEARN_PICTURES,
        {
            "pictures.json": {"segments": fitted.segments, "pictures": {t: fitted.pictures[t] for t in titles}},
            "probabilities.npy": np.concatenate([x.ravel() for x in tables]) if tables else np.zeros(0),
        },
        config={"seed": seed},
        high_water=high_water,
        rows={"showings": rows},
        metrics={},
        parents={},
        now_ms=context.now_ms(),
        keep=context.settings.jobs.keep_versions,
    )
    context.step(2, 2, "published")
    return {"version": artifact.version, "showings": rows, "titles": len(titles)}


def fit(workspace: Workspace, settings: Any, seed: int) -> tuple[chooser.Chooser, int, int]:
    """The chooser as the log has it now, its showings, and the log's high-water mark."""
    shown, high_water, genres = showings(workspace, settings)
    shelf = gallery(workspace)
    eligible = {title: shelf.eligible(title) for title, _ in shelf.titles()}
    return chooser.fit(eligible, shown, genres, np.random.default_rng(seed)), len(shown), high_water


def showings(workspace: Workspace, settings: Any) -> tuple[pl.DataFrame, int, list[str]]:
    """Outcomes of every picture that was shown, the log's high-water mark, and the catalogue's genres."""
    read = replay(workspace.log, kinds=(Kind.IMPRESSION, Kind.PROGRESS, Kind.STOP))
    with Catalogue(workspace.store_url(settings)) as catalogue:
        titles = catalogue.titles()
    durations = {x.title: float(x.duration_s) for x in titles if x.duration_s}
    genres = sorted({genre for x in titles for genre in x.genres})
    return outcomes.join(read.frame, durations), read.high_water, genres


def published(workspace: Workspace) -> chooser.Chooser | None:
    """The chooser in force; None where none was published yet."""
    artifact = artifacts.open_current(workspace.artifacts, LEARN_PICTURES)
    if artifact is None:
        return None
    named = artifact.json("pictures.json")
    segments, values = tuple(named["segments"]), artifact.array("probabilities.npy")
    known = {title: tuple(ids) for title, ids in named["pictures"].items()}
    probabilities, start = {}, 0
    for title, ids in known.items():
        size = len(segments) * len(ids)
        probabilities[title] = np.asarray(values[start : start + size]).reshape(len(segments), len(ids))
        start += size
    return chooser.Chooser(segments, known, probabilities, chooser.ChooserConfig())


def crop_by_hand(
    workspace: Workspace, settings: Any, title: Title, picture: str, shape: str, place: tuple[float, float, float]
) -> bool:
    """Cut one picture of a title anew: `place` is the middle (x, y) and the size, shares; False for no such picture."""
    shelf = gallery(workspace)
    manifest = shelf.manifest(title.title) or {}
    entry = next((x for x in manifest.get("candidates", []) if x["hash"] == picture), None)
    if entry is None:
        return False
    name, box, data = making.cut_again(film(workspace, settings.media.roots, title), entry, manifest, shape, place)
    entry["files"][shape] = name
    entry["crops"][shape] |= {"box": box, "by_hand": True}
    shelf.amend(title.title, manifest, name, data)
    return True

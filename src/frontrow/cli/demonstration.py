"""What `frontrow demo` builds: MovieLens 100k, or generated data where it cannot be had, imported and fitted once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from frontrow.cli.options import note, progress
from frontrow.errors import FetchFailed
from frontrow.schema import Title

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.imports.source import Source
    from frontrow.data.workspace import Workspace

NEWEST_HOURS_AGO = 1.0  # MovieLens ends in 1998: its events are moved so that the newest lies an hour back
_LABEL = "demo.txt"
BIG_BUCK_BUNNY = Title(
    title="big-buck-bunny",
    name="Big Buck Bunny",
    year=2008,
    genres=("Animation", "Children's", "Comedy"),
    text="A large and good-natured rabbit meets three rodents who bully the small ones of the forest.",
    duration_s=596,
    asset="bbb.mp4",
)
"""A whole real film, CC-BY 3.0, Blender Foundation."""


def build(place: Workspace, settings: Settings, seed: int) -> None:
    """Import and fit what is not there yet; a demo that was stopped goes on where it was."""
    from frontrow.data import artifacts
    from frontrow.data.imports import transfer

    label = place.root / _LABEL
    if not label.exists():
        source, what = _source(seed)
        with progress("Importing") as step:
            report = transfer.run(
                source, place, settings, now_ms=_now_ms(), shift_newest_to_hours=NEWEST_HOURS_AGO, step=step
            )
        label.write_text(what + "\n", "utf-8")
        note(f"Imported {report.events_stored:,} events of {what}")
        _add_film(place, settings)
        _add_playbacks(place, settings, seed)
    if artifacts.current_version(place.artifacts, "recommend") is None:
        from frontrow.cli.fit import fit_now
        from frontrow.jobs.queue import Queue

        fit_now(place, settings, gate=False, tune=False)
        with Queue(place.jobs) as queue:  # the page comes up first; the model that the data chooses follows
            queue.submit("nightly", {}, unique="nightly")
            queue.submit("delivery", {}, unique="delivery")
            queue.submit("quality-demo", {"title": BIG_BUCK_BUNNY.title}, unique="quality-demo")
    note(f"The demo shows {label.read_text('utf-8').strip()}")


def _add_film(place: Workspace, settings: Settings) -> None:
    """Big Buck Bunny as a title; a job fetches the film and another makes its pictures, beside the service."""
    from frontrow.data.catalogue import Catalogue
    from frontrow.jobs import artwork
    from frontrow.jobs.queue import Queue

    with Catalogue(place.store_url(settings)) as catalogue:
        catalogue.upsert([msgspec.structs.replace(BIG_BUCK_BUNNY, added_ms=_now_ms())])
    with Queue(place.jobs) as queue:
        queue.submit(artwork.DEMO_FILM, {"title": BIG_BUCK_BUNNY.title}, unique=artwork.DEMO_FILM)
    note(f"The film {BIG_BUCK_BUNNY.name} and its pictures follow in the background")


def _add_playbacks(place: Workspace, settings: Settings, seed: int) -> None:
    from frontrow.cli import demonstration_viewing

    count = demonstration_viewing.add(place, settings, BIG_BUCK_BUNNY.title, _now_ms(), seed)
    note(f"Logged {count:,} generated playbacks, labelled as such, for the page of streaming")


def _source(seed: int) -> tuple[Source, str]:
    from frontrow.data import fetch
    from frontrow.data.imports import generated, recbole

    try:
        note(f"Fetching MovieLens 100k ({fetch.MOVIELENS_100K.licence})")
        folder = fetch.fetch(fetch.MOVIELENS_100K)
    except FetchFailed as error:
        note(f"MovieLens 100k is missing: {error}")
        return generated.make(seed), f"generated data (seed {seed}): invented titles and members, nothing of it real"
    return recbole.open_folder(folder), "MovieLens 100k (GroupLens Research), its times moved to end an hour ago"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

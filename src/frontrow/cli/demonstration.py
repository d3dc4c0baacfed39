"""What `frontrow demo` builds: MovieLens 100k, or generated data where it cannot be had, imported and fitted once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from frontrow.cli.options import note, progress
from frontrow.errors import FetchFailed

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.imports.source import Source
    from frontrow.data.workspace import Workspace

NEWEST_HOURS_AGO = 1.0  # MovieLens ends in 1998: its events are moved so that the newest lies an hour back
_LABEL = "demo.txt"


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
    if artifacts.current_version(place.artifacts, "recommend") is None:
        from frontrow.cli.fit import fit_now

        fit_now(place, settings, gate=False)
    note(f"The demo shows {label.read_text('utf-8').strip()}")


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

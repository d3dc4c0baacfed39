"""Photosensitive flashing: verdicts on EA's clips and on clips on both sides of each limit; luminance against EA's."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks._flash_clips import clips
from benchmarks.figure import Figure
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture import flashing
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.probe import measure

FAILING: Final = {"3Hz_6s"}
"""Of EA's five clips, what its analyser fails."""


def run(data: Path | None) -> Iterator[Figure]:
    """Made clips always; EA's with their reference luminance from `data`/quality/flash."""
    named, accused, wrong, made = 0, 0, [], list(clips())
    with tempfile.TemporaryDirectory() as folder:
        for number, clip in enumerate(made):
            path = Path(folder) / f"{number}.mkv"
            clip.write(path)
            told = _fails(measure(path, networks=False))
            named += told and clip.fails
            accused += told and not clip.fails
            wrong += [clip.name] if told != clip.fails else []
    failing = sum(clip.fails for clip in made)
    detail = "; ".join(wrong)
    yield Figure("made clips over a limit, named", named / failing, "", 1.0, detail=f"{failing} clips; {detail}")
    yield Figure(
        "made clips within the limits, accused", accused, "", 0, "at most", detail=f"{len(made) - failing} clips"
    )
    if data is None:
        yield Figure("EA's clips: left out, they need FRONTROW_DATA", 0)
        return
    yield from _reference(data / "quality" / "flash")


def _reference(folder: Path) -> Iterator[Figure]:
    right, worst, worst_red, paths = 0, 0.0, 0.0, sorted(folder.glob("*.mp4"))
    for path in paths:
        measured = measure(path, networks=False)
        assert measured.picture is not None
        right += _fails(measured) == (path.stem in FAILING)
        with path.with_name(f"{path.stem}_RELATIVE.csv").open() as file:
            rows = list(csv.DictReader(file))
        light = np.array([float(row["AverageLuminance"]) for row in rows])
        red = np.array([float(row["AverageRed"]) for row in rows]) / 320.0
        worst = max(worst, float(np.abs(measured.picture["luminance"] - light).max()))
        worst_red = max(worst_red, float(np.abs(measured.picture["redness"] - red).max()))
    yield Figure("EA's clips judged as its analyser does", right / len(paths), "", 1.0, detail=f"{len(paths)} clips")
    yield Figure("relative luminance a frame, largest error", worst, "", 0.01, "at most", "IRIS", detail="of 1")
    yield Figure("redness a frame, largest error", worst_red, "", 0.02, "at most", "IRIS", detail="of 1")


def _fails(measured: Measurements) -> bool:
    return bool(flashing.find(measured, PictureRules()))

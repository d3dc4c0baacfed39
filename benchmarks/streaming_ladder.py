"""Ladders of real films: bits saved against a fixed ladder, and the hull of a quarter of the encodes.

Four scenes a film, every encode of the grid, every rung of the fixed ladder: about four minutes a film in 720p on two
cores. What the prediction assumes was set on Big Buck Bunny alone; the other films were never looked at for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.data.fetch import BIG_BUCK_BUNNY, fetch
from frontrow.delivery import ladder
from frontrow.delivery.codecs import AV1, H264
from frontrow.delivery.hull import Trial, bd_rate_percent, hull
from frontrow.errors import FetchFailed
from frontrow.jobs import trials
from frontrow.media.probe import probe
from frontrow.media.transcode import bits_a_second

FILMS = ("sintel_trailer-720p.mp4", "tos-battle.webm")
SCENES = 4


def run(data: Path | None) -> Iterator[Figure]:
    try:
        yield from _film(fetch(BIG_BUCK_BUNNY) / "bbb.mp4")
    except FetchFailed as error:
        yield Figure("ladder of Big Buck Bunny", 0.0, detail=f"left out: {error}")
    if data is None:
        yield Figure("ladders of other films", 0.0, detail="left out: needs FRONTROW_DATA (quality/clips)")
        return
    for name in FILMS:
        yield from _film(data / "quality" / "clips" / name)


def _film(film: Path) -> Iterator[Figure]:
    facts = probe(film)
    starts = ladder.choose_scenes(np.array(bits_a_second(film), float), SCENES, trials.SCENE_S)
    with tempfile.TemporaryDirectory() as folder:
        bench = trials.Bench(film, tuple(starts), Path(folder) / "trials.jsonl", None, None, lambda *_: None)
        config = ladder.LadderConfig()
        heights = ladder.heights_of(facts.height, config)
        every, ceilings = trials.explore(bench, heights, config, exhaustive=True)
        some, _ = trials.explore(bench, heights, config, exhaustive=False)
        fixed = trials.fixed(bench, facts.width, facts.height)
        real = {(x.height, x.crf): x for x in every}
        rungs = ladder.build(some, config, ceilings=ceilings).rungs
        saved = bd_rate_percent([real[x.height, x.crf] for x in rungs], fixed)
        yield Figure(f"{film.stem}: BD-rate, H.264 against a fixed H.264 ladder", saved, "%", -25.0, "at most")
        found = ladder.fill(some, config, ceilings)
        yield Figure(
            f"{film.stem}: hull of {len(some)} encodes beside that of {len(every)}", _gap(found, every, config),
            "VMAF at most", 1.0, "at most",
        )  # fmt: skip
        config = ladder.LadderConfig(codec=AV1)
        some, ceilings = trials.explore(bench, heights, config, exhaustive=False)
        saved = bd_rate_percent(some, fixed)
        yield Figure(f"{film.stem}: BD-rate, AV1 against the fixed H.264 ladder", saved, "%", -25.0, "at most")


def _gap(found: Sequence[Trial], every: Sequence[Trial], config: ladder.LadderConfig) -> float:
    """Largest difference in VMAF at equal rate, over the qualities that rungs have."""
    curves = [
        (np.log([x.bitrate_kbps for x in curve]), [x.vmaf for x in curve]) for curve in (hull(found), hull(every))
    ]
    rates = np.linspace(max(x[0][0] for x in curves), min(x[0][-1] for x in curves), 400)
    here, there = (np.interp(rates, *curve) for curve in curves)
    shown = (there >= config.least_vmaf) & (there <= config.best_vmaf)
    return float(np.abs(here - there)[shown].max())

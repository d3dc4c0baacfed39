"""Ladders of real films: bits saved against a fixed ladder, and the hull of a quarter of the encodes.

Up to four scenes a film; every encode of the H.264 grid and every rung of the fixed ladder is made, and of the other
codecs a quarter of the grid and the chosen rungs. An hour on two cores the first time; finished trials are kept in the
cache of sample data, so a stopped run goes on. The prior of what is not encoded was set on Big Buck Bunny and the films
of TUNED_ON; the others were measured once it stood. `FRONTROW_LADDER_SECONDS=200` ends a run early.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.data.fetch import BIG_BUCK_BUNNY, cache_folder, fetch
from frontrow.delivery import ladder, scenes
from frontrow.delivery.codecs import AV1, H264, HEVC, Codec
from frontrow.delivery.hull import Trial, bd_rate_percent, hull
from frontrow.delivery.package import SEGMENT_S
from frontrow.errors import FetchFailed
from frontrow.jobs import scenes as varying
from frontrow.jobs import trials
from frontrow.media import transcode
from frontrow.media.conform import Conformed, conform
from frontrow.media.probe import probe

TUNED_ON = (
    "quality/clips/tos-battle.webm", "quality/clips/mdn_crystal.mp4", "artwork/video/openshot_run.mp4",
    "artwork/video/o4n_horses.mp4",
)  # fmt: skip
UNSEEN = (
    "quality/clips/sintel_trailer-720p.mp4", "quality/clips/mdn_frog.mp4", "quality/clips/mdn_pig.mp4",
    "quality/clips/mdn_rabbit.mp4", "quality/clips/friday.mp4", "artwork/video/cv_cup.mp4",
)  # fmt: skip
BY_SCENE = ("quality/clips/tos-battle.webm", "quality/clips/sintel_trailer-720p.mp4")
SLOW = ("quality/clips/tos-battle.webm", "quality/clips/mdn_frog.mp4")
SCENES = 4
END_S = time.monotonic() + float(os.environ.get("FRONTROW_LADDER_SECONDS", "inf"))


class _Ended(Exception):
    """The time asked for is over."""


@dataclass(frozen=True)
class Film:
    """A film with its trials."""

    name: str
    bench: trials.Bench
    shown: Conformed
    kind: str

    @property
    def heights(self) -> list[int]:
        return ladder.heights_of(self.shown.height, ladder.LadderConfig())


def run(data: Path | None) -> Iterator[Figure]:
    try:
        yield from _all(data)
    except _Ended:
        yield Figure("ladders", 0.0, detail="stopped by FRONTROW_LADDER_SECONDS; run again to go on")


def _all(data: Path | None) -> Iterator[Figure]:
    try:
        bunny: list[Film] = [_open(fetch(BIG_BUCK_BUNNY) / "bbb.mp4", "tuned on")]
    except FetchFailed as error:
        yield Figure("ladder of Big Buck Bunny", 0.0, detail=f"left out: {error}")
        bunny = []
    if data is None:
        yield Figure(
            "ladders of other films", 0.0, detail="left out: needs FRONTROW_DATA (quality/clips, artwork/video)"
        )
    seen = [*bunny, *(_open(data / name, "tuned on") for name in TUNED_ON if data)]
    unseen = [_open(data / name, "not seen before") for name in UNSEEN if data]
    means: dict[str, list[float]] = {}
    for film in (*seen, *unseen):
        for codec in (H264, HEVC, AV1):
            figure = _saved(film, codec)
            if film in unseen:
                means.setdefault(codec.name, []).append(figure.value)
            yield figure
        yield from _hull(film)
    for name, values in means.items():
        yield Figure(f"mean of the films not seen before: {name}", float(np.mean(values)), "%", -25.0, "at most")
    for name in BY_SCENE if data else ():
        yield from _by_scene(next(x for x in (*seen, *unseen) if data and x.bench.film == data / name))
    for name in SLOW if data else ():
        yield from _slow(next(x for x in (*seen, *unseen) if data and x.bench.film == data / name))


def _open(film: Path, kind: str) -> Film:
    folder = cache_folder() / "ladder-trials"
    folder.mkdir(parents=True, exist_ok=True)
    starts = ladder.choose_scenes(np.array(transcode.bits_a_second(film), float), SCENES, trials.SCENE_S)
    bench = trials.Bench(film, tuple(starts), folder / f"{film.stem}.jsonl", None, None, _step)
    return Film(film.stem, bench, conform(film), kind)


def _step(*_: object) -> None:
    if time.monotonic() > END_S:
        raise _Ended


def _rungs(film: Film, codec: Codec) -> list[ladder.Rung]:
    config = ladder.LadderConfig(codec=codec)
    some, ceilings = trials.explore(film.bench, film.heights, config, exhaustive=False)
    return ladder.build(some, config, ceilings=ceilings).rungs


def _encoded(film: Film, codec: Codec, rungs: Sequence[ladder.Rung]) -> list[Trial]:
    """The rungs as they really come out."""
    return trials.run(film.bench, [trials.wanted_of(film.bench, codec, x.height, x.crf) for x in rungs])


def _saved(film: Film, codec: Codec) -> Figure:
    rungs = _encoded(film, codec, _rungs(film, codec))
    saved = bd_rate_percent(rungs, trials.fixed(film.bench, film.shown.width, film.shown.height))
    what = f"{film.name} ({film.shown.width}x{film.shown.height}, {film.kind}): {codec.name} rungs, fixed H.264 ladder"
    return Figure(
        what, saved, "% BD-rate", -25.0, "at most", detail=f"{len(rungs)} rungs, {len(film.bench.starts)} scenes"
    )


def _hull(film: Film) -> Iterator[Figure]:
    """How near the hull of few encodes comes, and what no choice of H.264 rungs could be better than."""
    config = ladder.LadderConfig()
    every, ceilings = trials.explore(film.bench, film.heights, config, exhaustive=True)
    some, _ = trials.explore(film.bench, film.heights, config, exhaustive=False)
    gap = _gap(ladder.fill(some, config, ceilings), every, config)
    yield Figure(
        f"{film.name}: hull of {len(some)} encodes beside that of {len(every)}", gap, "VMAF at most", 1.0, "at most"
    )
    best = bd_rate_percent(hull(every), trials.fixed(film.bench, film.shown.width, film.shown.height))
    yield Figure(f"{film.name}: bound, the hull of every H.264 encode, fixed H.264 ladder", best, "% BD-rate")


def _gap(found: Sequence[Trial], every: Sequence[Trial], config: ladder.LadderConfig) -> float:
    """Largest difference in VMAF at equal rate, over the qualities that rungs have."""
    curves = [
        (np.log([x.bitrate_kbps for x in curve]), [x.vmaf for x in curve]) for curve in (hull(found), hull(every))
    ]
    rates = np.linspace(max(x[0][0] for x in curves), min(x[0][-1] for x in curves), 400)
    here, there = (np.interp(rates, *curve) for curve in curves)
    shown = (there >= config.least_vmaf) & (there <= config.best_vmaf)
    return float(np.abs(here - there)[shown].max())


def _by_scene(film: Film) -> Iterator[Figure]:
    """Whole film, a rung above and one below the middle, with one CRF and with a CRF a segment."""
    rungs = _rungs(film, H264)
    some = [rungs[len(rungs) // 2 - 1], rungs[len(rungs) // 2 + 1]]
    varied, _ = varying.vary(film.bench, some)
    length_s = probe(film.bench.film).duration_s
    whole = replace(film.bench, starts=(0,), kept=film.bench.kept.with_suffix(".whole.jsonl"), scene_s=length_s)
    curves = []
    for family in (some, varied):
        curves.append(trials.run(whole, [_whole(film, rung) for rung in family]))
    for plain, by_scene in zip(*curves, strict=True):
        bits = 100 * (by_scene.bitrate_kbps / plain.bitrate_kbps - 1)
        yield Figure(
            f"{film.name}: bits of {plain.height}p at CRF {plain.crf:g} with a CRF a segment", bits, "%",
            detail=f"VMAF {by_scene.vmaf:.2f} instead of {plain.vmaf:.2f}",
        )  # fmt: skip
    yield Figure(f"{film.name}: the same, at equal VMAF", bd_rate_percent(*curves[::-1]), "% BD-rate")


def _whole(film: Film, rung: ladder.Rung) -> trials.Wanted:
    """An encode of the rung as a package has it, but for the cap on its rate."""
    zones = scenes.zones(rung.offsets, film.shown.frame_rate, SEGMENT_S)
    keyframes = ("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_S:g})")
    return trials.Wanted(rung.height, rung.crf, (*H264.quality(rung.crf, None), *H264.packaged(zones), *keyframes))


def _slow(film: Film) -> Iterator[Figure]:
    """What a slower preset adds: to both ladders, and to ours alone, which is no saving of a ladder."""
    rungs = _rungs(film, H264)
    plain = trials.fixed(film.bench, film.shown.width, film.shown.height)
    bench = replace(film.bench, preset="slow")
    both = replace(film, bench=bench)
    ours, theirs = _encoded(both, H264, rungs), trials.fixed(bench, film.shown.width, film.shown.height)
    yield Figure(f"{film.name}: rungs and fixed ladder, both in x264 slow", bd_rate_percent(ours, theirs), "% BD-rate")
    yield Figure(
        f"{film.name}: rungs in slow, fixed ladder in veryfast", bd_rate_percent(ours, plain), "% BD-rate",
        detail="the encoder's part is in it; no saving of the ladder",
    )  # fmt: skip

"""Trial encodes of a film's sampled scenes, side by side; what was finished is kept in a file, a line a scene."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from frontrow import engine
from frontrow.delivery.codecs import H264, Codec
from frontrow.delivery.hull import Trial
from frontrow.delivery.ladder import LadderConfig, first_trials, fixed_arguments, fixed_rungs, next_trial
from frontrow.media import transcode
from frontrow.media.conform import conform
from frontrow.media.container import resolve
from frontrow.media.probe import probe

SCENE_S: Final = 4.0
Step = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Wanted:
    """An encode of every scene."""

    height: int
    quality: float
    """CRF, or kbit/s of a rung of the fixed ladder."""
    coding: tuple[str, ...]
    """ffmpeg's options of the encoder; none: the scenes are scaled alone, and the rate is 0."""


@dataclass(frozen=True)
class _Scene:
    wanted: Wanted
    clip: transcode.Clip


@dataclass(frozen=True)
class Bench:
    """Where and how trials are made."""

    film: Path
    starts: tuple[int, ...]
    """Where each scene begins, seconds."""
    kept: Path
    """What was finished, a JSON line a scene; it is not done again for the same film and encoder."""
    preset: str | None
    """None: the codec's own."""
    workers: int | None
    """Encodes at a time; None: all cores."""
    step: Step
    scene_s: float = SCENE_S
    """How much of the film a scene is."""


def explore(
    bench: Bench, heights: Sequence[int], config: LadderConfig, *, exhaustive: bool
) -> tuple[list[Trial], dict[int, float]]:
    """Encodes of the whole grid, or of the share that tells most about its hull; and each height's VMAF by scaling."""
    ceilings = {x.height: x.vmaf for x in run(bench, [Wanted(height, 0.0, ()) for height in heights])}
    if exhaustive:
        grid = [(height, crf) for height in heights for crf in config.codec.crfs]
        return run(bench, [wanted_of(bench, config.codec, *at) for at in grid]), ceilings
    found = run(bench, [wanted_of(bench, config.codec, *at) for at in first_trials(heights, config)])
    while (at := next_trial(found, heights, config, ceilings)) is not None:
        found += run(bench, [wanted_of(bench, config.codec, *at)])
    return found, ceilings


def wanted_of(bench: Bench, codec: Codec, height: int, crf: float) -> Wanted:
    """An encode of the grid."""
    return Wanted(height, crf, (*codec.quality(crf, codec.preset_of(bench.preset)), *codec.one_thread))


def fixed(bench: Bench, width: int, height: int) -> list[Trial]:
    """Encodes of the fixed ladder, in H.264 with the same preset as a ladder of ours in H.264 has."""
    preset = H264.preset_of(bench.preset)
    rungs = fixed_rungs(width, height)
    return run(bench, [Wanted(lines, kbps, tuple(fixed_arguments(kbps, preset))) for lines, kbps in rungs])


def run(bench: Bench, wanted: Sequence[Wanted]) -> list[Trial]:
    """Encode and judge every wanted trial on every scene; a trial's rate and VMAF are means over scenes."""
    return [_mean(x, scenes) for x, scenes in zip(wanted, judge(bench, wanted), strict=True)]


def judge(bench: Bench, wanted: Sequence[Wanted]) -> list[list[tuple[float, float]]]:
    """kbit/s and VMAF of every wanted trial on each scene."""
    film, starts, kept, workers, step = bench.film, bench.starts, bench.kept, bench.workers, bench.step
    facts, real = probe(film), resolve(film)
    scene_s = min(bench.scene_s, facts.duration_s or bench.scene_s)
    source = real.stat()
    shown = conform(facts)
    scenes = [_Scene(x, transcode.Clip(real, float(at), scene_s, shown)) for x in wanted for at in starts]
    done = _read(kept)

    def key(scene: _Scene) -> str:
        about = [source.st_size, source.st_mtime_ns, scene.clip.start_s, scene.wanted.height, scene.wanted.coding]
        return json.dumps(about + list(shown.filters) + ([] if bench.scene_s == SCENE_S else [bench.scene_s]))

    todo = [scene for scene in scenes if key(scene) not in done]
    began, writing = time.monotonic(), threading.Lock()
    # When somebody stops the run, encodes that are under way may still write there.
    scratch = tempfile.TemporaryDirectory(prefix="frontrow-ladder-", ignore_cleanup_errors=True)
    with scratch as folder, kept.open("a", encoding="utf-8") as file:

        def one(scene: _Scene) -> None:
            coded = Path(folder) / f"{threading.get_ident()}.mp4"
            if scene.wanted.coding:
                kbps = transcode.encode(scene.clip, scene.wanted.height, scene.wanted.coding, coded)
                vmaf = transcode.vmaf(scene.clip, coded)
            else:
                kbps = 0.0
                vmaf = transcode.scaled_vmaf(scene.clip, scene.wanted.height)
            with writing:
                done[key(scene)] = (kbps, vmaf)
                file.write(json.dumps({"of": key(scene), "kbps": kbps, "vmaf": vmaf}) + "\n")
                file.flush()

        def told(count: int, _total: int, _note: str) -> None:
            speed = count * scene_s / max(time.monotonic() - began, 1e-3)
            step(len(scenes) - len(todo) + count, len(scenes), f"{speed:.1f} s of film a second")

        engine.map(one, todo, backend="threads", workers=workers, progress=told)
    return [[done[key(scene)] for scene in scenes if scene.wanted == x] for x in wanted]


def _mean(wanted: Wanted, judged: Sequence[tuple[float, float]]) -> Trial:
    rates, scores = zip(*judged, strict=True)
    return Trial(wanted.height, wanted.quality, sum(rates) / len(rates), sum(scores) / len(scores))


def _read(kept: Path) -> dict[str, tuple[float, float]]:
    done: dict[str, tuple[float, float]] = {}
    for line in kept.read_text("utf-8").splitlines() if kept.exists() else []:
        try:
            row: Mapping[str, Any] = json.loads(line)
            done[str(row["of"])] = float(row["kbps"]), float(row["vmaf"])
        except (ValueError, KeyError, TypeError):
            continue  # the line that a stopped run left half written
    return done

"""`frontrow delivery ladder` and `package`: a film's own rungs, and the film in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import JsonOption, Step, emit_json, emit_table, note, progress
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.delivery.hull import Trial
    from frontrow.delivery.ladder import Rung

_SCENE_S = 4
_PACKAGE_S = 3 * 3600.0


def add_commands(group: typer.Typer) -> None:
    """Add `ladder` and `package` to the `delivery` group."""
    group.command()(ladder)
    group.command()(package)


VideoArgument = Annotated[Path, typer.Argument(help="Any video file.", show_default=False)]
OutOption = Annotated[
    Path, typer.Option("--out", help="Folder to write to; started work goes on there.", show_default=False)
]
PresetOption = Annotated[str, typer.Option("--preset", help="x264 preset: slower ones save bits and cost time.")]


def ladder(
    video: VideoArgument,
    out: OutOption,
    scenes: Annotated[int, typer.Option("--scenes", min=1, max=50, help="Scenes of 4 s to encode on trial.")] = 4,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Encode the whole grid instead of predicting most of it.")
    ] = False,
    preset: PresetOption = "veryfast",
    packaged: Annotated[
        bool, typer.Option("--package/--no-package", help="Also write the film as HLS in its rungs.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Find a film's own rungs: trial encodes of sampled scenes, their VMAF, the convex hull, equal steps of quality.

    A trial that was finished is kept in OUT/trials.jsonl, so a stopped run goes on where it was.

    Example: frontrow delivery ladder film.mp4 --out film-ladder --json
    """
    import json
    from dataclasses import asdict

    from frontrow.delivery import ladder as ladders
    from frontrow.media.probe import probe
    from frontrow.media.transcode import bits_a_second

    facts = probe(video)
    config = ladders.LadderConfig()
    crfs = config.crfs if exhaustive else config.encoded_crfs
    starts = ladders.choose_scenes(_array(bits_a_second(video)), scenes, _SCENE_S)
    wanted = [(height, crf) for height in ladders.heights_of(facts.height, config) for crf in crfs]
    out.mkdir(parents=True, exist_ok=True)
    with progress("trial encodes") as step:
        trials = _run_trials(video, (facts.width, facts.height), starts, facts.duration_s, wanted, out, preset, step)
    found = ladders.build(trials, config)
    answer: dict[str, Any] = {
        "rungs": [asdict(rung) for rung in found.rungs], "bd_rate_percent": found.bd_rate_percent,
        "curve": [asdict(trial) for trial in found.curve], "scenes_s": starts, "encodes": len(wanted) * len(starts),
    }  # fmt: skip
    (out / "ladder.json").write_text(json.dumps(answer, indent=1), "utf-8")
    if packaged:
        answer["package"] = _package(video, found.rungs, out / "hls", preset)
    if as_json:
        emit_json(answer)
        return
    emit_table(
        f"{video.name}: saves {-(found.bd_rate_percent or 0):.0f} % of the bits of a fixed ladder at equal VMAF",
        ("height", "kbit/s", "VMAF", "CRF"),
        [(x.height, round(x.bitrate_kbps), f"{x.vmaf:.1f}", f"{x.crf:g}") for x in found.rungs],
    )


def package(
    video: VideoArgument,
    out: OutOption,
    rungs: Annotated[Path, typer.Option("--ladder", help="ladder.json of `delivery ladder`.", show_default=False)],
    preset: PresetOption = "veryfast",
    as_json: JsonOption = False,
) -> None:
    """Write a film as HLS: CMAF segments of 4 s with aligned keyframes, sound, and the table for the controller.

    Example: frontrow delivery package film.mp4 --ladder film-ladder/ladder.json --out film-hls
    """
    import json

    from frontrow.delivery.ladder import Rung

    try:
        listed = json.loads(rungs.read_text("utf-8"))["rungs"]
        chosen = [Rung(int(x["height"]), float(x["crf"]), float(x["bitrate_kbps"]), float(x["vmaf"])) for x in listed]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{rungs} is no ladder: {error}; make one with 'frontrow delivery ladder'") from None
    answer = _package(video, chosen, out, preset)
    if as_json:
        emit_json(answer)
    else:
        note(
            f"wrote {answer['master']}, {answer['segments']} segments in {len(chosen)} rungs, {answer['bytes']:,} bytes"
        )


def _array(values: list[float]) -> Any:
    import numpy as np

    return np.array(values, float)


def _run_trials(
    video: Path, size: tuple[int, int], starts: list[int], film_s: float, wanted: list[tuple[int, float]], out: Path,
    preset: str, step: Step,
) -> list[Trial]:  # fmt: skip
    """Every wanted trial, over all scenes; those that an earlier run finished with the same scenes are read."""
    import json
    import tempfile
    from dataclasses import asdict

    from frontrow.delivery.hull import Trial
    from frontrow.media.container import resolve
    from frontrow.media.transcode import Clip, encode, vmaf

    kept = out / "trials.jsonl"
    real = resolve(video)
    about = {"scenes": starts, "preset": preset, "bytes": real.stat().st_size}
    done: dict[tuple[int, float], Trial] = {}
    for line in kept.read_text("utf-8").splitlines() if kept.exists() else []:
        try:
            row = json.loads(line)
            if row["of"] == about:
                done[row["trial"]["height"], row["trial"]["crf"]] = Trial(**row["trial"])
        except (ValueError, KeyError, TypeError):
            continue  # the line that a stopped run left half written
    scene_s = min(float(_SCENE_S), film_s or float(_SCENE_S))
    clips = [Clip(real, float(start), scene_s) for start in starts]
    with tempfile.TemporaryDirectory(prefix="frontrow-ladder-") as folder, kept.open("a", encoding="utf-8") as file:
        for number, (height, crf) in enumerate(wanted):
            step(number, len(wanted), f"{height}p CRF {crf:g}")
            if (height, crf) in done:
                continue
            rates, scores = [], []
            for clip in clips:
                coded = Path(folder) / "trial.mp4"
                rates.append(encode(clip, height, crf, coded, preset))
                scores.append(vmaf(clip, coded, *size))
            trial = Trial(height, crf, sum(rates) / len(rates), sum(scores) / len(scores))
            done[height, crf] = trial
            file.write(json.dumps({"of": about, "trial": asdict(trial)}) + "\n")
            file.flush()
    return [done[key] for key in wanted]


def _package(video: Path, rungs: list[Rung], out: Path, preset: str) -> dict[str, Any]:
    import json

    from frontrow.delivery import package as packaging
    from frontrow.delivery.lines import MEASURED
    from frontrow.delivery.policy import to_dict
    from frontrow.delivery.qoe import LINEAR
    from frontrow.delivery.simulator import Player
    from frontrow.delivery.table import build
    from frontrow.media.container import resolve
    from frontrow.media.probe import probe
    from frontrow.media.transcode import run

    facts, real = probe(video), resolve(video)
    renditions = []
    total = len(rungs) + (1 if facts.audio_streams else 0)
    with progress("packaging") as step:
        for number, rung in enumerate(rungs):
            step(number, total, f"{rung.height}p")
            folder = out / packaging.folder_of(rung)
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "stream.m3u8").exists():
                run(["-i", real, *packaging.video_arguments(rung, preset)], time_s=_PACKAGE_S, folder=folder)
            sizes = [file.stat().st_size for file in sorted(folder.glob("*.m4s"))]
            width = round(facts.width * rung.height / facts.height / 2) * 2
            renditions.append(packaging.Rendition(rung, width, folder.name, sizes))
        if facts.audio_streams:
            step(len(rungs), total, "sound")
            (out / "audio").mkdir(parents=True, exist_ok=True)
            if not (out / "audio" / "stream.m3u8").exists():
                run(["-i", real, *packaging.audio_arguments()], time_s=_PACKAGE_S, folder=out / "audio")
    (out / "master.m3u8").write_text(packaging.master_playlist(renditions, audio=bool(facts.audio_streams)), "utf-8")
    title = packaging.manifest_of(renditions)
    table = build(title, LINEAR, MEASURED, Player(30.0))
    sizes_kbit = [[round(float(x), 1) for x in row] for row in title.sizes_kbit]
    (out / "policy.json").write_text(json.dumps(to_dict(table) | {"sizes_kbit": sizes_kbit}), "utf-8")
    return {
        "master": str(out / "master.m3u8"), "policy": str(out / "policy.json"), "segments": title.segments,
        "bytes": sum(sum(x.segment_bytes) for x in renditions), "audio": bool(facts.audio_streams),
    }  # fmt: skip

"""`frontrow delivery ladder` and `package`: a film's own rungs, and the film in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import JsonOption, Step, emit_json, emit_table, note, progress
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.delivery.hull import Trial

_SCENE_S = 4


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
        from frontrow.jobs import packaging

        with progress("packaging") as step:
            answer["package"] = packaging.write(video, found.rungs, out / "hls", preset, step=step)
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
    rungs: Annotated[
        Path | None, typer.Option("--ladder", help="ladder.json of `delivery ladder`; without it a modest ladder.")
    ] = None,
    subtitles: Annotated[
        list[str] | None, typer.Option("--subtitles", help="LANGUAGE=FILE of SubRip or WebVTT; may be repeated.")
    ] = None,
    poster: Annotated[Path | None, typer.Option("--poster", help="A picture; without it a frame of the film.")] = None,
    preset: PresetOption = "veryfast",
    as_json: JsonOption = False,
) -> None:
    """Write a film as HLS and DASH: CMAF segments of 4 s with aligned keyframes, sound, subtitles, thumbnails, poster.

    What an earlier run finished in OUT is kept, so a stopped run goes on where it was.

    Example: frontrow delivery package film.mp4 --ladder film-ladder/ladder.json --subtitles en=film.srt --out film-hls
    """
    from frontrow.jobs import packaging

    with progress("packaging") as step:
        chosen = packaging.read_rungs(rungs) if rungs else packaging.modest_rungs(video, out, preset, step)
        beside = packaging.Beside(_languages(subtitles or []), poster)
        answer = packaging.write(video, chosen, out, preset, beside=beside, step=step)
    if as_json:
        emit_json(answer)
    else:
        note(
            f"wrote {answer['master']}, {answer['segments']} segments in {len(chosen)} rungs, {answer['bytes']:,} bytes"
        )


def _languages(given: list[str]) -> dict[str, Path]:
    found = {}
    for text in given:
        language, _, file = text.partition("=")
        if not (2 <= len(language) <= 3 and language.isascii() and language.isalpha() and file):
            raise InputError(f"--subtitles {text!r}; write a language and a file, such as en=film.srt")
        found[language.lower()] = Path(file)
    return found


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

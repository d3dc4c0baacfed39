"""`frontrow delivery ladder` and `package`: a film's own rungs, and the film in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note, progress
from frontrow.errors import InputError


def add_commands(group: typer.Typer) -> None:
    """Add `ladder` and `package` to the `delivery` group."""
    group.command()(ladder)
    group.command()(package)


VideoArgument = Annotated[Path, typer.Argument(help="Any video file.", show_default=False)]
OutOption = Annotated[
    Path, typer.Option("--out", help="Folder to write to; started work goes on there.", show_default=False)
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset", help="The encoder's preset: slower ones save bits and cost time.", show_default="veryfast, fast, 8"
    ),
]


def ladder(
    video: VideoArgument,
    out: OutOption,
    scenes: Annotated[int, typer.Option("--scenes", min=1, max=50, help="Scenes of 4 s to encode on trial.")] = 4,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Encode the whole grid instead of predicting most of it.")
    ] = False,
    codec: Annotated[
        Literal["h264", "hevc", "av1"],
        typer.Option("--codec", help="h264 plays everywhere; hevc and av1 save bits where they play."),
    ] = "h264",
    preset: PresetOption = None,
    fixed: Annotated[
        bool, typer.Option("--fixed/--no-fixed", help="Also encode a fixed ladder, to tell what is saved against it.")
    ] = True,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Encodes at a time; all cores.")] = None,
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

    from frontrow.delivery import codecs
    from frontrow.delivery import ladder as ladders
    from frontrow.jobs import trials
    from frontrow.media.probe import probe
    from frontrow.media.transcode import bits_a_second

    facts, chosen = probe(video), codecs.find(codec)
    config = ladders.LadderConfig(codec=chosen)
    starts = ladders.choose_scenes(_array(bits_a_second(video)), scenes, trials.SCENE_S)
    _make_folder(out)
    with progress("trial encodes") as step:
        bench = trials.Bench(video, tuple(starts), out / "trials.jsonl", preset, workers, step)
        heights = ladders.heights_of(facts.height, config)
        encodes, ceilings = trials.explore(bench, heights, config, exhaustive=exhaustive)
        peers = trials.fixed(bench, facts.width, facts.height, chosen) if fixed else []
    found = ladders.build(encodes, config, ceilings=ceilings, fixed=peers)
    answer: dict[str, Any] = {
        "rungs": [asdict(rung) for rung in found.rungs], "bd_rate_percent": found.bd_rate_percent,
        "curve": [asdict(trial) for trial in found.curve], "scenes_s": starts, "encodes": len(encodes),
    }  # fmt: skip
    (out / "ladder.json").write_text(json.dumps(answer, indent=1), "utf-8")
    if packaged:
        from frontrow.jobs import packaging

        with progress("packaging") as step:
            answer["package"] = packaging.write(video, found.rungs, out / "hls", preset, step=step)
    if as_json:
        emit_json(answer)
        return
    saved = found.bd_rate_percent
    emit_table(
        f"{video.name}" if saved is None else f"{video.name}: {saved:+.0f} % of a fixed ladder's bits at equal VMAF",
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
    preset: PresetOption = None,
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


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} cannot be made: {error.strerror}; name a folder with --out") from None


def _array(values: list[float]) -> Any:
    import numpy as np

    return np.array(values, float)

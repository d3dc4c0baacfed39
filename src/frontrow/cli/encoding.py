"""`frontrow delivery ladder` and `package`: a film's own rungs, and the film in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note, progress
from frontrow.errors import InputError


def add_commands(group: typer.Typer) -> None:
    """Add `ladder` and `package` to the `delivery` group."""
    group.command()(ladder)
    group.command()(package)


VideoArgument = Annotated[Path | None, typer.Argument(help="Any video file.", show_default=False)]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder to write to; started work goes on there.", show_default=False)
]
ExampleOption = Annotated[
    Path | None, typer.Option("--example", metavar="DIR", help="Write a small film to try it on into DIR, and stop.")
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="The encoders' preset, a word for x264 and x265 or a number for SVT-AV1: slower ones save bits.",
        show_default="veryfast, fast, 8",
    ),
]
CodecOption = Annotated[
    list[str] | None,
    typer.Option(
        "--codec",
        help="h264, hevc or av1; may be repeated. h264 plays everywhere, the others save bits where they play.",
        show_default="h264, or what the ladder holds",
    ),
]


def ladder(
    video: VideoArgument = None,
    out: OutOption = None,
    scenes: Annotated[int, typer.Option("--scenes", min=1, max=50, help="Scenes of 4 s to encode on trial.")] = 4,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Encode the whole grid instead of predicting most of it.")
    ] = False,
    codec: CodecOption = None,
    preset: PresetOption = None,
    per_scene: Annotated[
        bool,
        typer.Option(
            "--per-scene",
            help="Let the CRF vary by scene (h264 and hevc; av1 keeps one); encodes every segment twice more.",
        ),
    ] = False,
    fixed: Annotated[
        bool, typer.Option("--fixed/--no-fixed", help="Also encode a fixed ladder, to tell what is saved against it.")
    ] = True,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Encodes at a time; all cores.")] = None,
    packaged: Annotated[
        bool, typer.Option("--package/--no-package", help="Also write the film as HLS in its rungs.")
    ] = True,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a film's own rungs: trial encodes of sampled scenes, their VMAF, the convex hull, equal steps of quality.

    A trial that was finished is kept in OUT/trials.jsonl, so a stopped run goes on where it was.

    Example: frontrow delivery ladder film.mp4 --out film-ladder --json
    """
    if example:
        _write_example(example, "ladder", as_json)
        return
    if video is None or out is None:
        raise InputError("name a film and --out DIR, or --example DIR for a film to try")
    import json
    from dataclasses import asdict, replace

    from frontrow.delivery import codecs
    from frontrow.delivery import ladder as ladders
    from frontrow.jobs import scenes as varying
    from frontrow.jobs import trials
    from frontrow.media.conform import conform
    from frontrow.media.transcode import bits_a_second

    chosen = [codecs.find(name) for name in dict.fromkeys(codec or ["h264"])]
    if per_scene and not any(one.parameters for one in chosen):
        raise InputError("the encoder of av1 keeps one CRF for a film; use --per-scene with h264 or hevc")
    shown = conform(video)
    starts = ladders.choose_scenes(_array(bits_a_second(video)), scenes, trials.SCENE_S)
    _make_folder(out)
    found: dict[str, ladders.Ladder] = {}
    left: dict[str, float] = {}
    encodes = 0
    with progress("trial encodes") as step:
        bench = trials.Bench(video, tuple(starts), out / "trials.jsonl", preset, workers, step)
        peers = trials.fixed(bench, shown.width, shown.height) if fixed else []
        for one in chosen:
            config = ladders.LadderConfig(codec=one)
            heights = ladders.heights_of(shown.height, config)
            made, ceilings = trials.explore(bench, heights, config, exhaustive=exhaustive)
            found[one.name] = ladders.build(made, config, ceilings=ceilings, fixed=peers)
            encodes += len(made)
            if per_scene and one.parameters:
                varied, left[one.name] = varying.vary(bench, found[one.name].rungs)
                found[one.name] = replace(found[one.name], rungs=varied)
    saved = {name: one.bd_rate_percent for name, one in found.items()}
    rungs = [rung for one in found.values() for rung in one.rungs]
    answer: dict[str, Any] = {
        "rungs": [asdict(rung) for rung in rungs], "bd_rate_percent": next(iter(saved.values())),
        "saved_percent": saved, "curves": {name: [asdict(x) for x in one.curve] for name, one in found.items()},
        "scenes_s": starts, "encodes": encodes, "notes": shown.notes, "per_scene_bits_left": left,
    }  # fmt: skip
    (out / "ladder.json").write_text(json.dumps(answer, indent=1), "utf-8")
    if packaged:
        from frontrow.jobs import packaging

        with progress("packaging") as step:
            answer["package"] = packaging.write(video, rungs, out / "hls", preset, step=step)
    if as_json:
        emit_json(answer)
        return
    told = ", ".join(f"{name} {percent:+.0f} %" for name, percent in saved.items() if percent is not None)
    emit_table(
        f"{video.name}: {told} of a fixed H.264 ladder's bits at equal VMAF" if told else video.name,
        ("codec", "height", "kbit/s", "VMAF", "CRF"),
        [(x.codec, x.height, round(x.bitrate_kbps), f"{x.vmaf:.1f}", f"{x.crf:g}") for x in rungs],
    )
    for text in (*shown.notes, *(f"{x}: bits by scene leave {part:.0%} of them" for x, part in left.items())):
        note(text)


def package(
    video: VideoArgument = None,
    out: OutOption = None,
    rungs: Annotated[
        Path | None, typer.Option("--ladder", help="ladder.json of `delivery ladder`; without it a modest ladder.")
    ] = None,
    subtitles: Annotated[
        list[str] | None, typer.Option("--subtitles", help="LANGUAGE=FILE of SubRip or WebVTT; may be repeated.")
    ] = None,
    poster: Annotated[Path | None, typer.Option("--poster", help="A picture; without it a frame of the film.")] = None,
    codec: CodecOption = None,
    preset: PresetOption = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a film as HLS and DASH: CMAF segments of 4 s with aligned keyframes, sound, subtitles, thumbnails, poster.

    A package may hold several codecs; players take the one with the fewest bits that they decode.

    What an earlier run finished in OUT is kept, so a stopped run goes on where it was.

    Example: frontrow delivery package film.mp4 --ladder film-ladder/ladder.json --subtitles en=film.srt --out film-hls
    """
    if example:
        _write_example(example, "package", as_json)
        return
    if video is None or out is None:
        raise InputError("name a film and --out DIR, or --example DIR for a film to try")
    from frontrow.delivery import codecs
    from frontrow.jobs import packaging

    with progress("packaging") as step:
        if rungs:
            chosen = packaging.read_rungs(rungs, codec or ())
        else:
            wanted = [codecs.find(name) for name in dict.fromkeys(codec or ["h264"])]
            chosen = packaging.modest_rungs(video, out, preset, step, wanted)
        beside = packaging.Beside(_languages(subtitles or []), poster)
        answer = packaging.write(video, chosen, out, preset, beside=beside, step=step)
    if as_json:
        emit_json(answer)
    else:
        note(
            f"wrote {answer['master']}, {answer['segments']} segments in {len(chosen)} rungs, {answer['bytes']:,} bytes"
        )
        for text in answer["notes"]:
            note(text)


def _write_example(folder: Path, command: str, as_json: bool) -> None:
    from frontrow.media import example

    film = folder / "film.mp4"
    _make_folder(folder)
    example.write(film)
    told = f"{example.LENGTH_S:g} s of drawn shots in 320 x 180; any file with a picture will do"
    line = f"frontrow delivery {command} {film} --out {folder / command}"
    if as_json:
        emit_json({"files": {str(film): told}, "command": line})
        return
    note(f"wrote {film}: {told}")
    note(f"try: {line}")


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

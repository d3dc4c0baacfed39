"""`frontrow delivery abr`: which controller gives the better picture without a stall, on recorded lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from frontrow.cli import encoding, playback
from frontrow.cli.options import JsonOption, emit_json, emit_table, note, progress
from frontrow.cli.trace_files import load_manifest, load_traces
from frontrow.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the commands of playback to the `delivery` group, which is made here if it is not there yet."""
    found = [x.typer_instance for x in app.registered_groups if x.name == "delivery" and x.typer_instance]
    group = found[0] if found else typer.Typer(help="How films reach the viewer.", no_args_is_help=True)
    group.command()(abr)
    encoding.add_commands(group)
    playback.add_commands(group)
    if not found:
        app.add_typer(group, name="delivery")


def abr(
    traces: Annotated[Path | None, typer.Option("--traces", help="Folder of throughput traces, or one file.")] = None,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="Segment sizes: folder of video_size_*, or Sabre's JSON.")
    ] = None,
    protocol: Annotated[
        Literal["pensieve", "sabre-live", "sabre-vod", "low-latency"],
        typer.Option("--protocol", help="Player and score."),
    ] = "pensieve",
    every: Annotated[int, typer.Option("--every", min=1, help="Take every Nth trace, in the order of names.")] = 1,
    bound: Annotated[bool, typer.Option("--bound/--no-bound", help="Also find what hindsight could have had.")] = True,
    policy: Annotated[Path | None, typer.Option("--policy", help="Also write our table there, for players.")] = None,
    example: Annotated[
        Path | None, typer.Option("--example", metavar="DIR", help="Write a small valid input there and explain it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play a title over recorded lines with every controller and print what viewers got.

    Traces are Pensieve's two columns (seconds, Mbit/s), Mahimahi's packet times or Sabre's JSON, told apart by content.

    Example: frontrow delivery abr --traces norway-test --manifest envivio_video_sizes --protocol pensieve --json
    """
    if example:
        _write_example(example, as_json)
        return
    if traces is None or manifest is None:
        raise InputError("name the lines and the title: 'frontrow delivery abr --traces DIR --manifest M'")
    import json
    from dataclasses import asdict

    from frontrow.delivery import abr as comparison
    from frontrow.delivery.policy import to_dict

    title = load_manifest(manifest)
    lines = load_traces(traces)[::every]
    if policy:
        _write(policy, json.dumps(to_dict(comparison.policy(title, protocol))))
        note(f"wrote the policy to {policy}")
    with progress("playing") as step:
        scores = comparison.compare(lines, title, protocol, bound=bound, step=step)
    if as_json:
        emit_json(
            {"protocol": protocol, "traces": len(lines), "controllers": {name: asdict(x) for name, x in scores.items()}}
        )
        return
    rows = [
        (
            name,
            f"{x.qoe:.3f}",
            f"{x.stall_s:.2f}",
            f"{x.stall_s_p95:.2f}",
            f"{x.bitrate_kbps:.0f}",
            f"{x.switch_kbps:.0f}",
        )
        for name, x in scores.items()
    ]
    columns = ("controller", "QoE", "stall s", "stall s, 95th", "kbit/s", "switch kbit/s")
    emit_table(f"{len(lines)} lines, {protocol}", columns, rows)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


_EXPLAINED = {
    "traces/commute": "Pensieve: seconds, then Mbit/s that held until then; the first row is the start; repeats.",
    "traces/home.json": "Sabre: periods with duration_ms, bandwidth_kbps and latency_ms; repeats for ever.",
    "traces/mahimahi": "Mahimahi: one packet time in ms a line; each is a chance to send 1500 bytes.",
    "movie.json": "segment_duration_ms; bitrates_kbps, rising; segment_sizes_bits: one row a segment, one size a rung.",
}


def _write_example(folder: Path, as_json: bool) -> None:
    import json

    rates = [400, 1000, 2500]
    files = {
        "traces/commute": "".join(f"{second}.0\t{(4.0, 2.5, 0.6, 1.2)[second // 20 % 4]}\n" for second in range(120)),
        "traces/home.json": json.dumps(
            [{"duration_ms": 5000, "bandwidth_kbps": kbps, "latency_ms": 30} for kbps in (3200, 2900, 800, 3100)]
        ),
        "traces/mahimahi": "".join(f"{millisecond}\n" for millisecond in range(0, 20_000, 6)),
        "movie.json": json.dumps(
            {
                "segment_duration_ms": 4000,
                "bitrates_kbps": rates,
                "segment_sizes_bits": [
                    [round(rate * 4000 * (0.8 + 0.1 * (i % 5))) for rate in rates] for i in range(30)
                ],
            }
        ),
    }
    for name, text in files.items():
        _write(folder / name, text)
    command = (
        f"frontrow delivery abr --traces {folder / 'traces'} --manifest {folder / 'movie.json'} --protocol sabre-vod"
    )
    if as_json:
        emit_json({"files": {str(folder / name): text for name, text in _EXPLAINED.items()}, "command": command})
        return
    emit_table("", ("file", "what it holds"), [(str(folder / name), text) for name, text in _EXPLAINED.items()])
    note(f"try: {command}")

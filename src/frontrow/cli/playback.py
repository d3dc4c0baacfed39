"""`frontrow delivery learn` and `lines`: the controller learnt from the log, and lines made up after measured ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontrow.cli.options import (
    DEFAULT_WORKSPACE,
    JsonOption,
    SeedOption,
    WorkspaceOption,
    emit_json,
    emit_table,
)
from frontrow.cli.trace_files import load_traces
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.delivery.link import Trace

SEGMENT_S = 4.0


def add_commands(group: typer.Typer) -> None:
    """Add `learn` and `lines` to the `delivery` group."""
    group.command()(learn)
    group.command()(lines)


def learn(workspace: WorkspaceOption = DEFAULT_WORKSPACE, seed: SeedOption = 0, as_json: JsonOption = False) -> None:
    """Learn the bitrate controller from what viewers got, check it on their newest lines, and publish it.

    The service does it each night by itself. Exit status 3 when the check refuses the new table.

    Example: frontrow delivery learn --workspace cinema --json
    """
    from frontrow import config
    from frontrow.cli.jobs import run_now, tell
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs.schedule import LEARN_BITRATE

    place = open_workspace(workspace)
    job = run_now(place, config.load(place.root), LEARN_BITRATE, {"seed": seed} if seed else {})
    tell(job, as_json=as_json)


def lines(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.", show_default=False)],
    traces: Annotated[
        Path | None, typer.Option("--traces", help="Folder of measured lines; without it the workspace's sessions.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100_000, help="How many lines.")] = 100,
    seconds: Annotated[float, typer.Option("--seconds", min=10, max=86_400, help="How long each is.")] = 320.0,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit a generator to measured lines and write made-up ones like them, for `delivery abr --traces`.

    Example: frontrow delivery lines --traces norway --count 500 --seed 1 --out made-up
    """
    import numpy as np

    from frontrow.delivery import generator

    if traces is not None:
        measured, step_s = load_traces(traces), 1.0
    else:
        measured, step_s = _logged(workspace), SEGMENT_S
    model = generator.fit(measured, generator.GeneratorConfig(step_s=step_s))
    made = generator.generate(model, count, seconds, np.random.default_rng(seed))
    out.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(made):
        told = (f"{(n + 1) * step_s:g}\t{kbps / 1000:.6f}\n" for n, kbps in enumerate(line.kbps))
        (out / f"line-{number:05d}").write_text(f"0\t{line.kbps[0] / 1000:.6f}\n" + "".join(told), "utf-8")
    rows = {"measured": _describe(measured, step_s), "made": _describe(made, step_s)}
    if as_json:
        emit_json({"lines": count, "step_s": step_s, **rows})
        return
    columns = ("", "lines", "kbit/s, geometric mean", "spread of its logarithm", "memory from step to step")
    emit_table(f"wrote {out}", columns, [(name, *(f"{x:.4g}" for x in row.values())) for name, row in rows.items()])


def _logged(workspace: Path) -> list[Trace]:
    from frontrow.data.workspace import open_workspace
    from frontrow.jobs import bitrate

    sessions, _, _ = bitrate.read_log(open_workspace(workspace))
    found = [trace for session in sessions if (trace := session.trace(SEGMENT_S))]
    if not found:
        raise InputError(f"the log of {workspace} holds no session with measured rates; give --traces")
    return found


def _describe(lines: list[Trace], step_s: float) -> dict[str, float]:
    import numpy as np

    from frontrow.delivery.generator import autocorrelations, resample

    series = [np.log(np.maximum(resample(line, step_s), 1.0)) for line in lines]
    together = np.concatenate(series)
    return {
        "lines": len(lines), "kbps": float(np.exp(together.mean())), "log_sd": float(together.std()),
        "autocorrelation": float(autocorrelations(series, (1,))[0]),
    }  # fmt: skip

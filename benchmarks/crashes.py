"""kill -9 at random moments: how many kills are survived with everything acknowledged there once.

A trial starts a process that works until it is killed and prints, after each piece of work it may promise, one line
with the number of pieces promised so far. A kill falls at a random moment, and then `check` looks at what is left.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.config import EventSettings
from frontrow.data import segments
from frontrow.data.events import EventLog
from frontrow.data.replay import replay

SEED = 2
LONGEST_LIFE_S = 0.4  # from the first promise to the kill
LOG_WRITER = Path(__file__).parent.parent / "tests" / "data" / "log_writer.py"


@dataclass(frozen=True)
class Trial:
    """What is killed, how often, and what must hold after each kill."""

    name: str
    kills: int
    command: Callable[[Path, int], Sequence[str | Path]]  # of the folder and the pieces promised so far
    check: Callable[[Path, int], str]  # of the same; raises AssertionError, or tells what the kill left to mend


def run(data: Path | None) -> Iterator[Figure]:
    for trial in TRIALS:
        yield survive(trial)


def survive(trial: Trial) -> Figure:
    rng = np.random.default_rng(SEED)
    survived, promised, mended, fault = 0, 0, 0, ""
    with tempfile.TemporaryDirectory(prefix="frontrow-crash-") as folder:
        for _ in range(trial.kills):
            promised = _work_until_killed(trial.command(Path(folder), promised), promised, rng)
            try:
                mended += bool(trial.check(Path(folder), promised))
            except AssertionError as error:
                fault = f"; {error}"
                break
            survived += 1
    detail = f"{promised:,} promised, {mended} kills left something to mend{fault}"
    return Figure(f"kills survived while {trial.name}", survived, "kills", trial.kills, detail=detail)


def _work_until_killed(command: Sequence[str | Path], promised: int, rng: np.random.Generator) -> int:
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    promised = int(process.stdout.readline())
    time.sleep(rng.uniform(0, LONGEST_LIFE_S))
    process.kill()
    lines = process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    return int(lines[-1]) if lines else promised


def _check_log(folder: Path, promised: int) -> str:
    """Every promised event is there once and in order, before and after the mending at the writer's next start."""
    whole = replay(folder)
    numbers = [uuid.UUID(bytes=id_bytes).int for id_bytes in whole.frame["id"]]
    assert numbers == list(range(len(numbers))), "events are missing, doubled or out of order"
    assert len(numbers) >= promised, f"{promised - len(numbers)} acknowledged events are lost"
    before = _files(folder)
    EventLog(folder, EventSettings()).close()
    assert replay(folder).frame.equals(whole.frame), "replay differs after the next start"
    assert not segments.damaged(folder), "a segment is damaged"
    return f"{len(before - _files(folder))} files" if before != _files(folder) else ""


def _files(folder: Path) -> set[str]:
    return {path.name for path in (folder / segments.FOLDER).glob("*")}


TRIALS = (
    Trial("appending", 16, lambda folder, promised: (LOG_WRITER, folder, str(promised)), _check_log),
    Trial("sealing", 32, lambda folder, promised: (LOG_WRITER, folder, str(promised), "seal"), _check_log),
)

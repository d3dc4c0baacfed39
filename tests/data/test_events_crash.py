"""kill -9 at any moment: every acknowledged event is there once, and readers always find a complete log."""

import random
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from frontrow.config import EventSettings
from frontrow.data import segments
from frontrow.data.events import EventLog
from frontrow.data.replay import replay

WRITER = Path(__file__).with_name("log_writer.py")
pytestmark = pytest.mark.crash


def numbers(folder: Path) -> list[int]:
    """Numbers of the stored events, in the order of commit."""
    return [uuid.UUID(bytes=id_bytes).int for id_bytes in replay(folder, columns=["id"]).frame["id"]]


def write_until_killed(folder: Path, first: int, lines: int, *mode: str) -> int:
    """Kill a writer some time after it acknowledged `lines` batches, reading beside it; returns the first number that
    was not acknowledged."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(folder), str(first), *mode], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = first
    for _ in range(lines):
        acknowledged = int(process.stdout.readline())
        found = numbers(folder)  # takes a different time each round, so the kill falls anywhere
        assert found[:acknowledged] == list(range(acknowledged))
    process.kill()
    for line in process.stdout.read().splitlines():
        acknowledged = int(line)
    process.stdout.close()
    assert process.wait() == -9
    return acknowledged


@pytest.mark.parametrize(("mode", "kills"), [((), 3), (("seal",), 6)], ids=["appending", "sealing"])
def test_every_acknowledged_event_is_there_once_after_kills_while(tmp_path, mode, kills):
    rng = random.Random(2)
    acknowledged = 0
    for _ in range(kills):
        acknowledged = write_until_killed(tmp_path, acknowledged, rng.randint(1, 12), *mode)
        before = replay(tmp_path)
        found = numbers(tmp_path)
        assert len(found) in (acknowledged, acknowledged + 20)  # one batch may be committed and not yet acknowledged
        assert found == list(range(len(found)))
        EventLog(tmp_path, EventSettings()).close()  # cleans up what the kill left behind
        assert replay(tmp_path).frame.equals(before.frame)
        assert segments.damaged(tmp_path) == []
    left = {path.name for path in (tmp_path / "segments").glob("*")}
    assert not [name for name in left if name.endswith(".tmp")]
    assert bool(left) == ("seal" in mode)

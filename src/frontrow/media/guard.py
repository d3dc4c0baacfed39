"""Run work on untrusted media in a child process with limits on time, memory and output.

A damaged film can crash, hang or bloat a decoder; here that ends the child, and the caller gets one clear error.
The child sends messages (msgpack, length first) on a pipe: progress, parts of the result, the result, or a fault.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import IO, Any, Final

from frontrow import errors
from frontrow.errors import FrontrowError, UnreadableMedia
from frontrow.media import wire

Progress = Callable[[float, float, str], None]
"""(seconds of media done, seconds in all or 0 while unknown, note)"""

HEADER: Final = struct.Struct("<I")
_POLL_S: Final = 0.5
_KEPT: Final = (
    "PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR", "FRONTROW_CACHE", "LD_LIBRARY_PATH",
    "OPENBLAS_CORETYPE",
)  # fmt: skip
_STDERR_BYTES: Final = 2_000


@dataclass(frozen=True)
class Limits:
    """What a child may use."""

    time_s: float = 120.0
    """Wall time after which the work is asked to end with what it has; > 0."""
    grace_s: float = 15.0
    """Wall time after that until the child is killed: a decoder may hang inside one frame."""
    silence_s: float = float("inf")
    """Wall time without a word from the child until it is killed, for work whose whole may rightly take hours."""
    memory_bytes: int = 3 << 30
    """Address space, where the system keeps such a limit (Linux); an idle child maps about 1 GiB."""
    message_bytes: int = 256 << 20
    """Largest single message, and so the largest result."""
    pixels: int = 8192 * 4608
    """Largest frame; 8K video fits, a 16,000 x 16,000 picture does not."""


def run(
    task: str,
    arguments: dict[str, Any],
    limits: Limits,
    *,
    progress: Progress | None = None,
    part: Callable[[Any], None] | None = None,
) -> Any:
    """The result of `task` ("package.module:function") called in a child as function(context, **arguments).

    Arguments and results hold plain values and numpy arrays. What `progress` or `part` raise (a cancelled job) ends
    the child and is raised here. Raises UnreadableMedia when the child dies, hangs or sends too much, and whatever
    error of `errors.py` the task itself raised.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "frontrow.media.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_environment(),
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    try:
        _send(process.stdin, wire.encode({"task": task, "arguments": arguments, "limits": asdict(limits)}))
        return _listen(process, limits, progress, part)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def _environment() -> dict[str, str]:
    """The child needs to find Python's packages and nothing else of this process: no settings, no keys."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"OPENBLAS_NUM_THREADS": "1"}


def _send(stream: IO[bytes], message: bytes) -> None:
    try:
        stream.write(HEADER.pack(len(message)) + message)
        stream.flush()
    except BrokenPipeError:
        pass  # the child ended at once; `_listen` says how


def _listen(
    process: subprocess.Popen[bytes], limits: Limits, progress: Progress | None, part: Callable[[Any], None] | None
) -> Any:
    assert process.stdout is not None
    deadline = time.monotonic() + limits.time_s + limits.grace_s
    while True:
        header = _read(process, HEADER.size, min(deadline, time.monotonic() + limits.silence_s))
        (size,) = HEADER.unpack(header)
        if size > limits.message_bytes:
            raise UnreadableMedia(f"the decoder sent {size:,} bytes at once; the limit is {limits.message_bytes:,}")
        kind, value = wire.decode(_read(process, size, deadline))
        if kind == "progress" and progress:
            progress(*value)
        elif kind == "part" and part:
            part(value)
        elif kind == "result":
            return value
        elif kind == "fault":
            raise _fault(*value)


def _read(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    received = bytearray()
    while len(received) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise UnreadableMedia("the decoder hung and was ended; the file is damaged, or the time limit too short")
        ready, _, _ = select.select([descriptor], [], [], min(left, _POLL_S))
        if not ready:
            continue
        block = os.read(descriptor, min(size - len(received), 1 << 20))
        if not block:
            raise UnreadableMedia(_tell_death(process))
        received += block
    return bytes(received)


def _tell_death(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    status = process.wait()
    said = (process.stderr.read() or b"")[-_STDERR_BYTES:].decode(errors="replace").strip().splitlines()
    if status == -signal.SIGXCPU:
        return "the decoder used up its processor time; the file is damaged, or the time limit too short"
    if "MemoryError" in (said[-1] if said else "") or status == -signal.SIGKILL:
        return "the decoder ran out of its memory; the file is damaged, or its frames are too large"
    ended = f"signal {-status}" if status < 0 else f"status {status}"
    return f"the decoder ended with {ended}" + (f": {said[-1]}" if said else "; the file is damaged")


def _fault(name: str, message: str) -> FrontrowError:
    """The error that the child raised, if it is one of ours."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, FrontrowError):
        return kind(message)
    return UnreadableMedia(f"{name}: {message}")

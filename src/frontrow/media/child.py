"""The decoding child: `python -m frontrow.media.child`, started by `guard.run` and by nothing else.

It lowers its own limits before it opens anything, reads one request from stdin and answers on what was its stdout;
whatever a library prints goes to stderr.
"""

from __future__ import annotations

import importlib
import os
import resource
import sys
import time
from dataclasses import dataclass
from typing import IO, Any

from frontrow.errors import FrontrowError, UnreadableMedia
from frontrow.media import wire
from frontrow.media.guard import HEADER, Limits

_PROGRESS_S = 0.2
_OPEN_FILES = 64


@dataclass
class Context:
    """What a task may say while it works."""

    limits: Limits
    _out: IO[bytes]
    _began: float
    _told: float = 0.0

    @property
    def expired(self) -> bool:
        """Whether the time is up: the task should end with what it has and say so."""
        return time.monotonic() - self._began > self.limits.time_s

    def progress(self, done_s: float, total_s: float, note: str = "") -> None:
        """Tell how far the work is, in seconds of media; told on at most five times a second."""
        now = time.monotonic()
        if now - self._told >= _PROGRESS_S:
            self._told = now
            self.send("progress", [done_s, total_s, note])

    def part(self, value: Any) -> None:
        """Hand over a part of the result, so that it is not lost when the rest fails."""
        self.send("part", value)

    def send(self, kind: str, value: Any) -> None:
        """One message to the parent."""
        message = wire.encode([kind, value])
        if len(message) > self.limits.message_bytes:
            raise UnreadableMedia(f"the result has {len(message):,} bytes; the limit is {self.limits.message_bytes:,}")
        self._out.write(HEADER.pack(len(message)) + message)
        self._out.flush()


def main() -> int:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    (size,) = HEADER.unpack(sys.stdin.buffer.read(HEADER.size))
    request = wire.decode(sys.stdin.buffer.read(size))
    limits = Limits(**request["limits"])
    _lower(limits)
    context = Context(limits, out, time.monotonic())
    module, _, name = request["task"].partition(":")
    try:
        result = getattr(importlib.import_module(module), name)(context, **request["arguments"])
        context.send("result", result)
    except FrontrowError as error:
        context.send("fault", [type(error).__name__, str(error)])
    except MemoryError:
        context.send("fault", ["UnreadableMedia", "decoding needs more memory than the limit allows"])
    return 0


def _lower(limits: Limits) -> None:
    """Limits that the kernel keeps; what it refuses to lower (macOS and address space) stays as it is."""
    seconds = int((limits.time_s + limits.grace_s) * (os.cpu_count() or 1)) + 1
    wanted = [(resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, limits.memory_bytes),
              (resource.RLIMIT_NOFILE, _OPEN_FILES), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)]  # fmt: skip
    for kind, most in wanted:
        _, hard = resource.getrlimit(kind)
        try:
            resource.setrlimit(kind, (most, most) if hard == resource.RLIM_INFINITY else (min(most, hard), hard))
        except (ValueError, OSError):
            continue
    os.umask(0o077)


if __name__ == "__main__":
    sys.exit(main())

"""A small HTTP load client: many keep-alive connections in one thread, bounded in count, on loopback only."""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass
class Load:
    """What a run saw: latency of each answer in milliseconds, answers by status, and the bodies when asked for."""

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    answered: list[int] = field(default_factory=list)  # positions of requests that got a 200

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.seconds

    def percentile_ms(self, q: float) -> float:
        """Latency percentile, milliseconds."""
        return float(np.percentile(self.latencies_ms, q))


def drive(port: int, requests: Iterator[bytes], connections: int = 32) -> Load:
    """Send every request once, `connections` at a time; stops early, with what it has, when the server goes away."""
    load = Load()
    selector = selectors.DefaultSelector()
    numbered = enumerate(requests)
    state: dict[socket.socket, tuple[int, float, bytearray]] = {}

    def send_next(connection: socket.socket) -> bool:
        following = next(numbered, None)
        if following is None:
            selector.unregister(connection)
            connection.close()
            del state[connection]
            return False
        position, request = following
        state[connection] = (position, time.perf_counter(), bytearray())
        connection.sendall(request)
        return True

    began = time.perf_counter()
    try:
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            send_next(connection)
        while state:
            for key, _ in selector.select(timeout=30):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                position, sent, buffer = state[connection]
                received = connection.recv(262_144)
                if not received:
                    raise ConnectionResetError
                buffer += received
                status = _complete(buffer)
                if status:
                    load.latencies_ms.append(1000 * (time.perf_counter() - sent))
                    load.statuses[status] = load.statuses.get(status, 0) + 1
                    if status == 200:
                        load.answered.append(position)
                    send_next(connection)
    except (ConnectionError, BrokenPipeError):
        pass
    finally:
        load.seconds = time.perf_counter() - began
        for connection in state:
            connection.close()
        selector.close()
    return load


def _complete(buffer: bytearray) -> int:
    """Status of the answer when all of it is there, else 0."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = bytes(buffer[:end]).lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    return int(buffer[9:12]) if len(buffer) >= end + 4 + length else 0


def request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as bytes."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


@contextmanager
def serving(workspace: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A real `frontrow serve` on a free port: yields the port and the process, once it is ready."""
    command = [
        sys.executable,
        "-m",
        "frontrow",
        "serve",
        "--workspace",
        str(workspace),
        "--port",
        "0",
        "--json",
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
                    probe.sendall(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    if probe.recv(64).startswith(b"HTTP/1.1 200"):
                        break
            except OSError:
                pass
            time.sleep(0.02)
        yield port, process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()

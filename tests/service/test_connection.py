"""Requests that never end, over a real socket: each is answered and let go, and none fills the memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from frontrow.service import connection
from frontrow.service.connection import HEAD_BYTES, Connection

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def echo_size(scope, receive, send):
    """Answer with the size of the body."""
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    text = str(size).encode()
    head = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": text})


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A socket connected to a server that waits as long as the test says."""
    monkeypatch.setattr(connection, "REQUEST_S", getattr(request, "param", 60.0))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(echo_size, http=Connection, ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with socket.create_connection(listener.getsockname(), timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def answer(client: socket.socket) -> bytes:
    """Everything that the server says until it closes."""
    said = b""
    while True:
        try:
            part = client.recv(65536)
        except ConnectionResetError:  # closed while we were still sending
            return said
        if not part:
            return said
        said += part


def send_until_closed(client: socket.socket, part: bytes, most_bytes: int = 50_000_000) -> int:
    """How many bytes went out before the server closed the door."""
    sent = 0
    try:
        while sent < most_bytes:
            client.sendall(part)
            sent += len(part)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


@pytest.mark.parametrize("part", [b"X-More: " + b"a" * 1000 + b"\r\n", b"a" * 1000], ids=["many", "one endless"])
def test_endless_headers_are_cut_off(client: socket.socket, part: bytes) -> None:
    client.sendall(HEAD + b"X: ")
    assert send_until_closed(client, part) < 20_000_000  # what the buffers of two sockets take, and no more


def test_headers_beyond_the_limit_are_answered_with_431(client: socket.socket) -> None:
    client.sendall(HEAD + b"X: " + b"a" * (HEAD_BYTES + 1))
    assert answer(client).startswith(b"HTTP/1.1 431 ")


def test_endless_trailers_after_a_body_are_cut_off(client: socket.socket) -> None:
    client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    assert send_until_closed(client, b"X-More: " + b"a" * 1000 + b"\r\n") < 20_000_000


@pytest.mark.parametrize("client", [0.05], indirect=True)
@pytest.mark.parametrize("begun", [b"", b"POST / HT", HEAD + b"Content-Length: 10\r\n\r\nabc"])
def test_a_request_that_does_not_end_is_answered_with_408(client: socket.socket, begun: bytes) -> None:
    client.sendall(begun)
    assert answer(client).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("client", [0.05], indirect=True)
def test_a_second_request_on_the_connection_has_its_own_deadline(client: socket.socket) -> None:
    client.sendall(HEAD + b"Content-Length: 1\r\n\r\na")
    assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    client.sendall(b"GET / HT")
    assert answer(client).startswith(b"HTTP/1.1 408 ")


def test_large_bodies_and_pipelined_requests_pass(client: socket.socket) -> None:
    large = HEAD + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000
    small = HEAD + b"Content-Length: 3\r\n\r\nabc"
    client.sendall(large + small + small.replace(b"Host", b"Connection: close\r\nHost"))
    said = answer(client)
    assert said.count(b"HTTP/1.1 200 ") == 3
    assert b"\r\n\r\n1000000" in said

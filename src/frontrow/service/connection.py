"""A client's connection: limits on what of a request is not body, and on the time it takes to come.

uvicorn has neither: one client could fill the memory with headers, or hold connections open by sending a byte a minute.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024  # request line and headers together; browsers and proxies stay below 16 KiB
REQUEST_S = 60.0  # from the first byte, or from connecting, to the last: a full body at half a megabit a second


class Connection(HttpToolsProtocol):
    """Answers 431 to an endless head and 408 to a request that does not end, and closes."""

    _deadline: asyncio.TimerHandle | None = None
    _unread = 0  # bytes since the last that belonged to a body or ended a head
    _arriving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that connects has to send something."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._received()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came: parse them, then see whether the request may still grow."""
        self._unread += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread > HEAD_BYTES:
            self._end(b"431 Request Header Fields Too Large", f"the headers are larger than {HEAD_BYTES:,} bytes")
        elif self._arriving and self._deadline is None:
            self._expect()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._arriving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of a body, which `guard.Guard` counts."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._unread = 0
        self._arriving = False
        self._received()
        super().on_message_complete()

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)

    def _received(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._end(b"408 Request Timeout", f"the request took longer than {REQUEST_S:.0f} seconds to come")

    def _end(self, status: bytes, reason: str) -> None:
        """Say why and close; without a word where an answer is under way."""
        answering = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answering:
            body = f'{{"error": "{reason}"}}'.encode()
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, len(body), body)
            )
        self.transport.close()

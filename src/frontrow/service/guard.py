"""What every request passes first: a limit on its body, and headers that tell browsers to be careful."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CONTENT_SECURITY = (
    "default-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"content-security-policy", _CONTENT_SECURITY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class BodyTooLarge(Exception):
    """More bytes came than the limit allows."""


class Guard:
    """Answers 413 as soon as a body is, or says it will be, larger than `body_bytes`, without reading the rest."""

    def __init__(self, app: ASGIApp, body_bytes: int) -> None:
        self._app = app
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, guarded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > self._body_bytes:
            await self._refuse(scope, receive, send)
            return
        received = 0
        started = False

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._body_bytes:
                raise BodyTooLarge
            return message

        async def careful(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        try:
            await self._app(scope, counting, careful)
        except BodyTooLarge:
            if started:
                raise
            await self._refuse(scope, receive, send)
        except ClientDisconnect:  # went away before its body had come: nothing was done, and nobody is there to tell
            return

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = f"the body is larger than {self._body_bytes:,} bytes; send fewer events a request"
        headers = {name.decode(): value.decode() for name, value in SECURITY_HEADERS} | {"connection": "close"}
        await JSONResponse({"error": reason}, 413, headers)(scope, receive, send)

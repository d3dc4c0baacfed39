"""Errors as answers: which status, which words, whose turn it is."""

from __future__ import annotations

import math
from typing import NamedTuple

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from frontrow.errors import (
    FrontrowError,
    InputError,
    Overloaded,
    Refusal,
    StorageFull,
    Unavailable,
    UnknownMember,
    UnknownTitle,
)

RETRY_AFTER_S = 5.0  # what a client is told when the disk is full or the log is busy
HANDLED = (FrontrowError, RequestValidationError, HTTPException)
_SHOWN_CHARACTERS = 60  # of a value that was refused
_STATUS: dict[type[FrontrowError], int] = {
    UnknownTitle: 404, UnknownMember: 404, InputError: 422, Refusal: 409, StorageFull: 507, Overloaded: 503,
    Unavailable: 503, FrontrowError: 500,
}  # fmt: skip


class Told(NamedTuple):
    """What the client is told of an error."""

    status: int
    text: str
    headers: dict[str, str]


def tell(error: Exception) -> Told:
    """What to tell of one of the errors in HANDLED."""
    if isinstance(error, HTTPException):
        return Told(error.status_code, str(error.detail), dict(error.headers or {}))
    if isinstance(error, RequestValidationError):
        return Told(422, "; ".join(_wrong_field(fault) for fault in error.errors()), {})
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if not isinstance(error, Unavailable):
        return Told(status, str(error), {})
    wait_s = error.retry_after_s if isinstance(error, Overloaded) else RETRY_AFTER_S
    return Told(status, str(error), {"Retry-After": str(math.ceil(wait_s))})


async def answer(_: Request, error: Exception) -> Response:
    """The error as JSON, for programs."""
    told = tell(error)
    return JSONResponse({"error": told.text}, told.status, told.headers)


def _wrong_field(fault: dict[str, object]) -> str:
    place = fault["loc"]
    name = place[-1] if isinstance(place, tuple) else place
    if fault["type"] == "missing":
        return f"{name} is missing"
    shown = repr(fault.get("input"))
    shown = shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
    return f"{name} is {shown}: {str(fault['msg']).lower()}"

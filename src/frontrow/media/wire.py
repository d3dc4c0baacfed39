"""Messages between this process and the decoding child: msgpack, with numpy arrays as an extension.

Only numbers, texts, lists, dicts and arrays of plain numbers can arrive: a taken-over child cannot send code.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

_ARRAY: Final = 1
_KINDS: Final = "biuf"


def encode(value: Any) -> bytes:
    """`value` as bytes; arrays keep dtype and shape."""
    return msgspec.msgpack.encode(value, enc_hook=_to_extension)


def decode(message: bytes) -> Any:
    """What `encode` was given; arrays come back read-only."""
    return msgspec.msgpack.decode(message, ext_hook=_from_extension)


def _to_extension(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        head = msgspec.msgpack.encode([value.dtype.str, list(value.shape)])
        return msgspec.msgpack.Ext(_ARRAY, len(head).to_bytes(2, "little") + head + value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(type(value).__name__)


def _from_extension(code: int, data: memoryview) -> Any:
    size = int.from_bytes(data[:2], "little")
    dtype_text, shape = msgspec.msgpack.decode(data[2 : 2 + size], type=tuple[str, list[int]])
    dtype = np.dtype(dtype_text)
    if code != _ARRAY or dtype.kind not in _KINDS:
        raise ValueError(f"extension {code} of {dtype_text} is not an array of numbers")
    return np.frombuffer(bytes(data[2 + size :]), dtype).reshape(shape)

"""Ids of events and decisions: UUIDs (RFC 9562) that are either new, or follow from what they stand for."""

from __future__ import annotations

import secrets
from hashlib import blake2b


def new_id(at_ms: int) -> str:
    """A UUID of version 7: UTC milliseconds, then 74 random bits, so that ids sort by time."""
    return _text((at_ms << 80) | secrets.randbits(80), version=7)


def derive_id(*parts: str) -> str:
    """A UUID of version 8: the same parts give the same id, so that storing twice stores once."""
    digest = blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).digest()
    return _text(int.from_bytes(digest), version=8)


def _text(value: int, version: int) -> str:
    value = value & ~(0xF << 76) | version << 76
    value = value & ~(0x3 << 62) | 0x2 << 62  # the variant of RFC 9562
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

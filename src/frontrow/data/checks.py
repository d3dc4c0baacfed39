"""Validation of events and titles, row by row: the one place where it is decided what a good row is."""

from __future__ import annotations

import math
import re
from typing import Final

from frontrow.schema import Event, Fault, Kind, Title

MEMBER_CHARACTERS: Final = 128
TEXT_CHARACTERS: Final = 256  # profile, title, session, decision_id, device
PROPS_BYTES: Final = 4_000
DAY_MS: Final = 86_400_000

_uuid = re.compile("[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}").fullmatch


def event_fault(event: Event, line: int, now_ms: int, future_s: int) -> Fault | None:
    """The first thing wrong with `event`, None when it can be stored."""
    if _uuid(event.id) is None:
        return Fault(line, "id", event.id, "is not a UUID")
    if not 0 < len(event.member) <= MEMBER_CHARACTERS:
        return Fault(line, "member", event.member, "is empty or longer than 128 characters")
    if not 0 < event.at_ms <= now_ms + 1000 * future_s:
        return Fault(line, "at_ms", str(event.at_ms), "is not a time up to now")
    return None


def title_fault(title: Title, line: int) -> Fault | None:
    """The first thing wrong with `title`, None when the catalogue can hold it."""
    if not title.title:
        return Fault(line, "title", "", "is empty")
    if not title.name:
        return Fault(line, "name", "", "is empty")
    return None

"""What a good event and a good title are, told row by row: the one place of validation.

The HTTP service, the importers and the command line all ask here, so a row is refused for the same reason everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from frontrow.schema import Event, EventColumn, Fault, Kind, Title, TitleColumn, TitleKind

MEMBER_CHARACTERS: Final = 128
TEXT_CHARACTERS: Final = 256  # ids of titles, profiles, sessions, decisions, devices
PROPS_BYTES: Final = 4_000  # as JSON
NAME_CHARACTERS: Final = 500
SYNOPSIS_CHARACTERS: Final = 20_000
LIST_ENTRIES: Final = 500  # genres, people, countries of one title
YEARS: Final = (1870, 2200)  # the first films; nothing is planned later
MATURITY_YEARS: Final = (0, 21)  # the highest age any rating board asks for

_NEED_TITLE = frozenset(
    (Kind.IMPRESSION, Kind.CLICK, Kind.PLAY, Kind.PROGRESS, Kind.STOP, Kind.RATE, Kind.DISMISS, Kind.SEEN, Kind.LIST)
)
_NEED_VALUE = frozenset((Kind.PROGRESS, Kind.RATE))
_FLAGS = frozenset((Kind.DISMISS, Kind.SEEN, Kind.LIST, Kind.CONSENT))
_RANGES: dict[Kind, tuple[float, float]] = {
    Kind.IMPRESSION: (0, 1_000_000),
    Kind.PLAY: (0, 10_000_000),
    Kind.PROGRESS: (0, 1),
    Kind.STOP: (0, 1),
    Kind.RATE: (0.5, 5),
}

_is_uuid = re.compile("[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}").fullmatch
_is_country = re.compile("[A-Z]{2}").fullmatch
_is_language = re.compile("[a-z]{2,3}").fullmatch
_unwritable = re.compile("[\x00-\x1f\x7f\ud800-\udfff]").search  # control characters and halves of a surrogate pair
_unwritable_in_prose = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]").search  # line breaks are fine
_encode = msgspec.json.Encoder().encode


def event_fault(event: Event, line: int, now_ms: int, future_s: int) -> Fault | None:
    """The first thing wrong with `event`, None when it can be stored.

    `line` goes into the fault; `future_s` is how far ahead of `now_ms` an event may lie. Every event of the service
    passes here, so one cheap pass decides whether anything is wrong and only then is it looked for.
    """
    kind, value, title = event.kind, event.value, event.title
    texts = f"{event.member}{title}{event.profile}{event.session}{event.decision_id}{event.device}{event.country}"
    if (
        _is_uuid(event.id)
        and event.member
        and len(event.member) <= MEMBER_CHARACTERS
        and len(texts) <= TEXT_CHARACTERS
        and texts.isprintable()
        and 0 < event.at_ms <= now_ms + 1000 * future_s
        and (title or kind not in _NEED_TITLE)
        and (kind not in _NEED_VALUE if value is None else _value_is_good(kind, value))
        and (not event.country or _is_country(event.country))
    ):
        faults = _props_faults(event.props) if event.props else ()
    else:
        faults = _event_faults(event, now_ms, future_s)
    for column, text, reason in faults:
        return Fault(line, column, text[:TEXT_CHARACTERS], reason)
    return None


def title_fault(title: Title, line: int) -> Fault | None:
    """The first thing wrong with `title`, None when the catalogue can hold it. `line` goes into the fault."""
    for column, text, reason in _title_faults(title):
        return Fault(line, column, text[:TEXT_CHARACTERS], reason)
    return None


def _value_is_good(kind: Kind, value: float) -> bool:
    if kind in _FLAGS:
        return value in (0, 1)
    low, high = _RANGES.get(kind, (-math.inf, math.inf))
    return low <= value <= high and math.isfinite(value)


def _event_faults(event: Event, now_ms: int, future_s: int) -> Iterator[tuple[str, str, str]]:
    """Each fault as column, value and reason."""
    if not _is_uuid(event.id):
        yield EventColumn.ID, event.id, "is not a UUID, such as 0190a8c2-7b1e-7cc3-98c4-dc0c0c07398f"
    if event.at_ms <= 0:
        yield EventColumn.AT_MS, str(event.at_ms), "is not a time after 1970, in milliseconds"
    if event.at_ms > now_ms + 1000 * future_s:
        ahead_s = (event.at_ms - now_ms) // 1000
        yield EventColumn.AT_MS, str(event.at_ms), f"lies {ahead_s} s in the future; at most {future_s} s are let in"
    if not event.member:
        yield EventColumn.MEMBER, "", "is empty; every event belongs to a member"
    if event.kind in _NEED_TITLE and not event.title:
        yield EventColumn.TITLE, "", f"is empty; an event of kind {event.kind} names its title"
    yield from _id_faults(EventColumn.MEMBER, event.member, MEMBER_CHARACTERS)
    for column in _TEXT_COLUMNS:
        yield from _id_faults(column, getattr(event, column))
    if event.country and not _is_country(event.country):
        yield EventColumn.COUNTRY, event.country, "is not an ISO 3166-1 code of two capital letters"
    if event.value is None and event.kind in _NEED_VALUE:
        yield EventColumn.VALUE, "", f"is missing; an event of kind {event.kind} needs one"
    if event.value is not None and not _value_is_good(event.kind, event.value):
        low, high = _RANGES.get(event.kind, (0, 1))
        bounds = "0 or 1" if event.kind in _FLAGS else f"from {low:g} to {high:g}"
        reason = f"is not {bounds}" if event.kind in _FLAGS or event.kind in _RANGES else "is not a finite number"
        yield EventColumn.VALUE, f"{event.value:g}", f"{reason} (kind {event.kind})"
    if event.props:
        yield from _props_faults(event.props)


_TEXT_COLUMNS = (
    EventColumn.PROFILE, EventColumn.TITLE, EventColumn.SESSION, EventColumn.DECISION_ID, EventColumn.DEVICE,
)  # fmt: skip


def _props_faults(props: dict[str, str | int | float | bool | None]) -> Iterator[tuple[str, str, str]]:
    for name, value in props.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield EventColumn.PROPS, f"{name}={value}", "is not a finite number"
    try:
        size = len(_encode(props))
    except UnicodeEncodeError:
        yield EventColumn.PROPS, ascii(props), "is not valid Unicode"
        return
    if size > PROPS_BYTES:
        yield EventColumn.PROPS, f"{size} bytes", f"is longer than {PROPS_BYTES} bytes of JSON"


def _id_faults(column: str, text: str, characters: int = TEXT_CHARACTERS) -> Iterator[tuple[str, str, str]]:
    if len(text) > characters:
        yield column, text, f"is {len(text)} characters long; at most {characters} are let in"
    if not text.isprintable() and _unwritable(text):
        yield column, ascii(text), "holds a control character"


def _title_faults(title: Title) -> Iterator[tuple[str, str, str]]:
    """Each fault as column, value and reason."""
    if not title.title.strip():
        yield TitleColumn.TITLE, title.title, "is empty; every title needs an id"
    if not title.name.strip():
        yield TitleColumn.NAME, title.name, "is empty; every title needs a name"
    yield from _id_faults(TitleColumn.TITLE, title.title)
    yield from _id_faults(TitleColumn.NAME, title.name, NAME_CHARACTERS)
    yield from _id_faults(TitleColumn.SERIES, title.series)
    yield from _id_faults(TitleColumn.ASSET, title.asset, 1_000)
    if title.kind == TitleKind.EPISODE and not title.series:
        yield TitleColumn.SERIES, "", "is empty; an episode names its series"
    if title.series and title.series == title.title:
        yield TitleColumn.SERIES, title.series, "is the title itself"
    if title.year is not None and not YEARS[0] <= title.year <= YEARS[1]:
        yield TitleColumn.YEAR, str(title.year), f"is not from {YEARS[0]} to {YEARS[1]}"
    if not MATURITY_YEARS[0] <= title.maturity <= MATURITY_YEARS[1]:
        yield TitleColumn.MATURITY, str(title.maturity), "is not an age from {} to {}".format(*MATURITY_YEARS)
    if title.duration_s is not None and title.duration_s <= 0:
        yield TitleColumn.DURATION_S, str(title.duration_s), "is not a positive number of seconds"
    from_ms, until_ms = title.available_from_ms, title.available_until_ms
    if from_ms is not None and until_ms is not None and until_ms <= from_ms:
        yield TitleColumn.AVAILABLE_UNTIL_MS, str(until_ms), "is not after available_from_ms"
    if title.language and not _is_language(title.language):
        yield TitleColumn.LANGUAGE, title.language, "is not an ISO 639 code of two or three small letters"
    if len(title.text) > SYNOPSIS_CHARACTERS:
        yield TitleColumn.TEXT, title.text, f"is longer than {SYNOPSIS_CHARACTERS} characters"
    if _unwritable_in_prose(title.text):
        yield TitleColumn.TEXT, ascii(title.text), "holds a control character"
    for country in title.countries:
        if not _is_country(country):
            yield TitleColumn.COUNTRIES, country, "is not an ISO 3166-1 code of two capital letters"
    for column, entries in ((TitleColumn.GENRES, title.genres), (TitleColumn.PEOPLE, title.people)):
        if len(entries) > LIST_ENTRIES:
            yield column, str(len(entries)), f"are more than {LIST_ENTRIES}"
        for entry in entries:
            if not entry.strip():
                yield column, entry, "holds an empty entry"
            yield from _id_faults(column, entry)

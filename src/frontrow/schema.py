"""What a title, an event and a decision are, and the name of every column, once.

Times are UTC milliseconds since 1970, at rest and here; durations name their unit.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec


class Kind(StrEnum):
    """The closed list of event kinds. `value` of an event means what its kind says."""

    IMPRESSION = "impression"  # a tile was shown; value: its position in the row, from 0
    CLICK = "click"  # a tile was opened
    PLAY = "play"  # playback began; value: resume position in seconds
    PROGRESS = "progress"  # value: played fraction of the title, 0 to 1
    STOP = "stop"  # playback ended; value: played fraction of the title, 0 to 1
    RATE = "rate"  # value: stars, 0.5 to 5
    DISMISS = "dismiss"  # "not interested"; value 0 takes it back
    SEEN = "seen"  # "already seen"; value 0 takes it back
    LIST = "list"  # value 1 puts on My List, 0 takes off
    EXPOSURE = "exposure"  # an experiment's arm was met; props: experiment, arm
    JOIN = "join"  # the member joined, or made or changed a profile; props: kids (true: a kids' profile)
    CANCEL = "cancel"  # the member left
    SEARCH = "search"  # props: query
    QOE = "qoe"  # quality of experience of a playback; props: stall_s, startup_s, bitrate_kbps
    REVIEW = "review"  # a person's verdict on a quality finding
    SEND = "send"  # a campaign message went out
    CONSENT = "consent"  # value 1 gives, 0 withdraws; props: channel


class EventColumn:
    """Columns of the event log, in the order of the tail table and of the sealed segments."""

    ID: Final = "id"
    AT_MS: Final = "at_ms"
    KIND: Final = "kind"
    MEMBER: Final = "member"
    PROFILE: Final = "profile"
    TITLE: Final = "title"
    SESSION: Final = "session"
    DECISION_ID: Final = "decision_id"
    DEVICE: Final = "device"
    COUNTRY: Final = "country"
    VALUE: Final = "value"
    PROPS: Final = "props"
    ALL: Final = (ID, AT_MS, KIND, MEMBER, PROFILE, TITLE, SESSION, DECISION_ID, DEVICE, COUNTRY, VALUE, PROPS)


class TitleColumn:
    """Columns of the catalogue."""

    TITLE: Final = "title"
    NAME: Final = "name"
    KIND: Final = "kind"
    SERIES: Final = "series"
    YEAR: Final = "year"
    GENRES: Final = "genres"
    TEXT: Final = "text"
    PEOPLE: Final = "people"
    LANGUAGE: Final = "language"
    MATURITY: Final = "maturity"
    DURATION_S: Final = "duration_s"
    AVAILABLE_FROM_MS: Final = "available_from_ms"
    AVAILABLE_UNTIL_MS: Final = "available_until_ms"
    COUNTRIES: Final = "countries"
    ADDED_MS: Final = "added_ms"
    ASSET: Final = "asset"
    ALL: Final = (
        TITLE, NAME, KIND, SERIES, YEAR, GENRES, TEXT, PEOPLE, LANGUAGE, MATURITY, DURATION_S,
        AVAILABLE_FROM_MS, AVAILABLE_UNTIL_MS, COUNTRIES, ADDED_MS, ASSET,
    )  # fmt: skip


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One thing that happened. The same `id` twice is stored once.

    `id` is a UUID as text, made by the client (version 7 sorts by time); importers derive it from source and row.
    `member` is the outer id, as the service's own systems know the member; the log keeps it in one mapping table only.
    """

    id: str
    at_ms: int
    kind: Kind
    member: str
    profile: str = ""
    title: str = ""
    session: str = ""
    decision_id: str = ""
    device: str = ""
    country: str = ""
    value: float | None = None
    props: dict[str, str | int | float | bool | None] | None = None


class TitleKind(StrEnum):
    """What a catalogue entry is. Episodes name their series; events of an episode count towards it."""

    MOVIE = "movie"
    SERIES = "series"
    EPISODE = "episode"


class Title(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """One entry of the catalogue. Nothing but `title` and `name` is needed; nothing unknown is guessed."""

    title: str
    name: str
    kind: TitleKind = TitleKind.MOVIE
    series: str = ""  # id of the series of an episode
    year: int | None = None
    genres: tuple[str, ...] = ()
    text: str = ""  # synopsis, keywords
    people: tuple[str, ...] = ()
    language: str = ""  # ISO 639-1
    maturity: int = 0  # minimum age in years; 0 is for everyone
    duration_s: int | None = None
    available_from_ms: int | None = None  # None: always
    available_until_ms: int | None = None  # exclusive; None: for ever
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2; empty: everywhere
    added_ms: int | None = None  # when the service took it in
    asset: str = ""  # path of the video below a configured media root


class Decision(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The envelope of every decision; outcome events cite `decision_id`.

    `versions` are the artifacts that decided, `propensity` is the probability of what was shown under the policy that
    chose it (1 where nothing was drawn by chance), `fallback` names what stood in when the model could not answer.
    """

    decision_id: str
    room: str
    subject: str
    at_ms: int
    arm: str = ""
    versions: dict[str, str] = {}
    propensity: float = 1.0
    fallback: str = ""
    answer: Any = None


class Fault(msgspec.Struct, frozen=True):
    """Why a row or an event was refused: where it stood, which column, which value, and what is wrong with it."""

    line: int  # line in the file, from 1; index in a request, from 0
    column: str
    value: str
    reason: str

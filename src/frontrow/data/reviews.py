"""Inspections, what was found in them, and what people said about it: SQLite by default, PostgreSQL by URL.

An inspection is of one file as it was, by one pack and one judge; done again it takes the place of itself. Of each file
only the newest inspection is current. What people say is only ever added: the last word of each of them counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from frontrow.data import store
from frontrow.errors import InputError

_NAME: Final = 128
_PATH: Final = 1024

_inspections = Table(
    "quality_inspections",
    store.metadata,
    Column("id", String(36), primary_key=True),
    Column("file", String(_PATH), nullable=False, index=True),
    Column("title", String(256), nullable=False),
    Column("pack", String(_NAME), nullable=False),
    Column("judge", String(_NAME), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("risk", Float, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("audit", Boolean, nullable=False),
    Column("views", Float, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("frame_rate", Float, nullable=False),
    Column("features", JSON, nullable=False),
    Column("current", Boolean, nullable=False),
)
_findings = Table(
    "quality_findings",
    store.metadata,
    Column("inspection", String(36), ForeignKey("quality_inspections.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("code", String(32), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("detail", String, nullable=False),
    Column("measured", JSON, nullable=False),
    Column("stream", Integer),
)
_words = Table(
    "quality_verdicts",
    store.metadata,
    Column("id", String(36), primary_key=True),
    Column("inspection", String(36), ForeignKey("quality_inspections.id"), nullable=False),
    Column("number", Integer),  # of the finding; none: the whole file, or a missed span
    Column("reviewer", String(_NAME), nullable=False),
    Column("said", String(16), nullable=False),
    Column("code", String(32), nullable=False),
    Column("start_s", Float),
    Column("end_s", Float),
    Column("at_ms", BigInteger, nullable=False),
    Index("quality_verdicts_inspection", "inspection"),
)

ABOUT_FILE: Final = ("approve", "reject", "skip")
ABOUT_FINDING: Final = ("right", "wrong")
MISSED: Final = "missed"
UNSAID: Final = "unsaid"  # takes a missed span back


@dataclass(frozen=True)
class Found:
    """One finding as it is stored."""

    number: int
    code: str
    severity: str
    start_s: float
    end_s: float
    confidence: float
    detail: str
    measured: dict[str, float] = field(default_factory=dict)
    stream: int | None = None


@dataclass(frozen=True)
class Word:
    """What one person said, once, about a file, a finding, or a span where something was missed."""

    id: str
    """Also the id of the event that tells it."""
    inspection: str
    reviewer: str
    said: str
    """approve, reject or skip; right or wrong (with `number`); missed (with `code` and span), or unsaid."""
    at_ms: int
    number: int | None = None
    code: str = ""
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class Inspected:
    """One file as it was inspected."""

    id: str
    file: str
    """Path below a media folder."""
    title: str
    """Id in the catalogue; '' for a file that belongs to none yet."""
    pack: str
    judge: str
    made_ms: int
    verdict: str
    risk: float
    reasons: tuple[str, ...]
    audit: bool
    views: float
    """Expected in the next four weeks."""
    duration_s: float
    frame_rate: float
    features: dict[str, float] = field(default_factory=dict)
    """What a judge learns from."""
    current: bool = True


class Reviews:
    """The inspections and verdicts behind one database URL. Safe to use from several threads; `close` when done."""

    def __init__(self, url: str) -> None:
        """Open and, where they are missing, make the tables. Errors: see `store.open_store` and `store.transaction`."""
        self._engine = store.open_store(url)
        store.create_tables(self._engine, _inspections, _findings, _words)

    def __enter__(self) -> Reviews:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def add(self, inspected: Inspected, found: Sequence[Found]) -> None:
        """Store an inspection and make it its file's current one. What people said about the same one stays."""
        row = {**vars(inspected), "reasons": list(inspected.reasons), "current": True}
        with store.transaction(self._engine) as connection:
            connection.execute(update(_inspections).where(_inspections.c.file == inspected.file).values(current=False))
            if connection.scalar(select(_inspections.c.id).where(_inspections.c.id == inspected.id)) is None:
                connection.execute(insert(_inspections).values(row))
            else:
                connection.execute(update(_inspections).where(_inspections.c.id == inspected.id).values(row))
                connection.execute(delete(_findings).where(_findings.c.inspection == inspected.id))
            if found:
                connection.execute(insert(_findings), [vars(each) | {"inspection": inspected.id} for each in found])

    def get(self, inspection: str) -> Inspected:
        """One inspection. Raises InputError when there is none of that id."""
        with store.transaction(self._engine) as connection:
            row = connection.execute(select(_inspections).where(_inspections.c.id == inspection)).one_or_none()
        if row is None:
            raise InputError(f"there is no inspection {inspection!r}; 'frontrow quality review' lists them")
        return _inspected(row)

    def found(self, inspection: str) -> list[Found]:
        """Its findings, in order."""
        query = select(_findings).where(_findings.c.inspection == inspection).order_by(_findings.c.number)
        with store.transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [_found(row) for row in rows]

    def inspections(self, *, current: bool = True, features: bool = False) -> list[Inspected]:
        """The newest inspection of every file, or all there ever were; the newest first.

        Without `features`, which are most of a row, theirs are empty.
        """
        wanted = [column for column in _inspections.c if features or column.name != "features"]
        query = select(*wanted).order_by(_inspections.c.made_ms.desc(), _inspections.c.id)
        if current:
            query = query.where(_inspections.c.current)
        with store.transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [_inspected(row) for row in rows]

    def say(self, words: Iterable[Word]) -> None:
        """Store what a person said; the same id twice is stored once. Raises InputError for what cannot be said."""
        with store.transaction(self._engine) as connection:
            for word in words:
                _check(connection, word)
                if connection.scalar(select(_words.c.id).where(_words.c.id == word.id)) is None:
                    connection.execute(insert(_words).values(vars(word)))

    def words(self, inspection: str | None = None) -> list[Word]:
        """All that was said, about one inspection or about all, oldest first."""
        query = select(_words).order_by(_words.c.at_ms, _words.c.id)
        if inspection is not None:
            query = query.where(_words.c.inspection == inspection)
        with store.transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [Word(**row._mapping) for row in rows]


def last_about_file(words: Iterable[Word]) -> dict[str, dict[str, str]]:
    """The last approve, reject or skip of each reviewer, by inspection; `words` oldest first."""
    last: dict[str, dict[str, str]] = {}
    for word in words:
        if word.said in ABOUT_FILE:
            last.setdefault(word.inspection, {})[word.reviewer] = word.said
    return last


def last_about_findings(words: Iterable[Word]) -> dict[tuple[str, int], dict[str, str]]:
    """The last right or wrong of each reviewer, by inspection and number of the finding; `words` oldest first."""
    last: dict[tuple[str, int], dict[str, str]] = {}
    for word in words:
        if word.said in ABOUT_FINDING and word.number is not None:
            last.setdefault((word.inspection, word.number), {})[word.reviewer] = word.said
    return last


def missed(words: Iterable[Word]) -> list[Word]:
    """Spans where somebody missed a finding and has not taken that back; `words` oldest first."""
    spans: dict[tuple[str, str, str, float | None, float | None], Word] = {}
    for word in words:
        key = (word.inspection, word.reviewer, word.code, word.start_s, word.end_s)
        if word.said == MISSED:
            spans[key] = word
        elif word.said == UNSAID:
            spans.pop(key, None)
    return list(spans.values())


def _check(connection: Connection, word: Word) -> None:
    if connection.scalar(select(_inspections.c.id).where(_inspections.c.id == word.inspection)) is None:
        raise InputError(f"there is no inspection {word.inspection!r}; 'frontrow quality review' lists them")
    if not word.reviewer or len(word.reviewer) > _NAME:
        raise InputError(f"a reviewer's name has 1 to {_NAME} characters")
    if word.said in ABOUT_FINDING:
        same = (_findings.c.inspection == word.inspection, _findings.c.number == word.number)
        if connection.scalar(select(_findings.c.number).where(*same)) is None:
            raise InputError(f"inspection {word.inspection} has no finding {word.number}")
    elif word.said in (MISSED, UNSAID):
        if word.start_s is None or word.end_s is None or not 0 <= word.start_s < word.end_s:
            raise InputError(f"a missed span runs from its start to a later end, not {word.start_s} to {word.end_s} s")
    elif word.said not in ABOUT_FILE:
        known = ", ".join((*ABOUT_FILE, *ABOUT_FINDING, MISSED, UNSAID))
        raise InputError(f"{word.said!r} is no verdict; there are {known}")


def _inspected(row: Row[Any]) -> Inspected:
    fields = dict(row._mapping)
    return Inspected(**{**fields, "reasons": tuple(fields["reasons"])})


def _found(row: Row[Any]) -> Found:
    return Found(**{name: value for name, value in row._mapping.items() if name != "inspection"})

"""The catalogue: every title of the service, in SQLite by default and in PostgreSQL by URL.

Titles are written whole: `upsert` replaces what differs and leaves alone what is the same. `version` is the exclusive
or of all titles' digests, kept up to date in the same transaction: the same titles give the same version on any machine
and in any order of writing, and reading it costs one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Executable,
    Integer,
    Row,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from frontrow.data import store
from frontrow.errors import FrontrowError, UnknownTitle
from frontrow.schema import Title, TitleColumn, TitleKind

if TYPE_CHECKING:
    import polars as pl

_BATCH = 500  # titles a statement
_DIGEST_BYTES = 16

_titles = Table(
    "titles",
    store.metadata,
    Column(TitleColumn.TITLE, String, primary_key=True),
    Column(TitleColumn.NAME, String, nullable=False),
    Column(TitleColumn.KIND, String, nullable=False),
    Column(TitleColumn.SERIES, String, nullable=False),
    Column(TitleColumn.YEAR, Integer),
    Column(TitleColumn.GENRES, JSON, nullable=False),
    Column(TitleColumn.TEXT, String, nullable=False),
    Column(TitleColumn.PEOPLE, JSON, nullable=False),
    Column(TitleColumn.LANGUAGE, String, nullable=False),
    Column(TitleColumn.MATURITY, Integer, nullable=False),
    Column(TitleColumn.DURATION_S, Integer),
    Column(TitleColumn.AVAILABLE_FROM_MS, BigInteger),
    Column(TitleColumn.AVAILABLE_UNTIL_MS, BigInteger),
    Column(TitleColumn.COUNTRIES, JSON, nullable=False),
    Column(TitleColumn.ADDED_MS, BigInteger),
    Column(TitleColumn.ASSET, String, nullable=False),
    Column("digest", String(2 * _DIGEST_BYTES), nullable=False),
)

# One row. Writers update it first, which makes them take turns in both databases.
_state = Table(
    "catalogue_state",
    store.metadata,
    Column("id", Integer, primary_key=True),
    Column("version", String(2 * _DIGEST_BYTES), nullable=False),
)

_columns = [_titles.c[name] for name in TitleColumn.ALL]


@dataclass(frozen=True)
class Upserted:
    """What an upsert did, in titles."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


class Catalogue:
    """The titles behind one database URL. Safe to use from several threads; `close` when done."""

    def __init__(self, url: str) -> None:
        """Open and, where they are missing, make the tables. Errors: see `store.open_store` and `store.transaction`."""
        self._engine = store.open_store(url)
        try:
            store.create_tables(self._engine, _titles, _state)
            with store.transaction(self._engine) as connection:
                if connection.scalar(select(_state.c.version)) is None:
                    connection.execute(_first_state(self._engine.dialect.name))
        except FrontrowError:
            self.close()
            raise

    def upsert(self, titles: Iterable[Title]) -> Upserted:
        """Write `titles` in one transaction, whole or not at all; the last of several with one id wins."""
        counts = {"inserted": 0, "updated": 0, "unchanged": 0}
        with store.transaction(self._engine) as connection:
            connection.execute(update(_state).values(id=_state.c.id))  # the lock
            version = int(connection.scalar(select(_state.c.version)) or "0", 16)
            for batch in _batches(titles):
                version ^= _write(connection, batch, counts)
            connection.execute(update(_state).values(version=f"{version:0{2 * _DIGEST_BYTES}x}"))
        return Upserted(**counts)

    def get(self, title: str) -> Title:
        """One title; raises UnknownTitle."""
        with store.transaction(self._engine) as connection:
            row = connection.execute(select(*_columns).where(_titles.c.title == title)).one_or_none()
        if row is None:
            raise UnknownTitle(f"no title {title!r} in the catalogue; 'frontrow titles' lists what there is")
        return _title(row)

    def titles(self) -> list[Title]:
        """All titles in the order of their ids (by code point, in every database)."""
        with store.transaction(self._engine) as connection:
            rows = connection.execute(select(*_columns)).all()
        return sorted((_title(row) for row in rows), key=lambda title: title.title)

    def frame(self) -> pl.DataFrame:
        """All titles in the order of their ids, one column a name of TitleColumn; lists are List(String)."""
        import polars as pl

        with store.transaction(self._engine) as connection:
            rows = connection.execute(select(*_columns)).all()
        types: dict[type, Any] = {String: pl.String, Integer: pl.Int64, BigInteger: pl.Int64, JSON: pl.List(pl.String)}
        schema = {column.name: types[type(column.type)] for column in _columns}
        return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row").sort(TitleColumn.TITLE)

    def count(self) -> int:
        """How many titles there are."""
        with store.transaction(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(_titles)) or 0

    def version(self) -> str:
        """32 hexadecimal digits that differ exactly when the titles differ."""
        with store.transaction(self._engine) as connection:
            return str(connection.scalar(select(_state.c.version)))

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _first_state(dialect: str) -> Executable:
    """The one row of the state, unless another process was first."""
    rows = insert_postgres(_state) if dialect == "postgresql" else insert_sqlite(_state)
    return rows.values(id=1, version="0" * 2 * _DIGEST_BYTES).on_conflict_do_nothing()


def _batches(titles: Iterable[Title]) -> Iterator[dict[str, Title]]:
    remaining = iter(titles)
    while batch := {title.title: title for title in islice(remaining, _BATCH)}:
        yield batch


def _write(connection: Connection, batch: dict[str, Title], counts: dict[str, int]) -> int:
    """Insert and update what differs; returns what to combine with the version."""
    digests = select(_titles.c.title, _titles.c.digest).where(_titles.c.title.in_(batch))
    known: dict[str, str] = {row.title: row.digest for row in connection.execute(digests)}
    rows = [_row(title) for title in batch.values()]
    new = [row for row in rows if row["title"] not in known]
    changed = [row for row in rows if known.get(row["title"], row["digest"]) != row["digest"]]
    if new:
        connection.execute(insert(_titles), new)
    if changed:
        connection.execute(
            update(_titles).where(_titles.c.title == bindparam("id")), [{**row, "id": row["title"]} for row in changed]
        )
    counts["inserted"] += len(new)
    counts["updated"] += len(changed)
    counts["unchanged"] += len(rows) - len(new) - len(changed)
    difference = 0
    for row in (*new, *changed):
        difference ^= int(row["digest"], 16) ^ int(known.get(row["title"], "0"), 16)
    return difference


def _row(title: Title) -> dict[str, Any]:
    row = {name: getattr(title, name) for name in TitleColumn.ALL}
    for name in (TitleColumn.GENRES, TitleColumn.PEOPLE, TitleColumn.COUNTRIES):
        row[name] = list(row[name])
    row[TitleColumn.KIND] = str(title.kind)
    row["digest"] = blake2b(msgspec.json.encode(title), digest_size=_DIGEST_BYTES).hexdigest()
    return row


def _title(row: Row[Any]) -> Title:
    fields = dict(row._mapping)
    for name in (TitleColumn.GENRES, TitleColumn.PEOPLE, TitleColumn.COUNTRIES):
        fields[name] = tuple(fields[name])
    return Title(**{**fields, TitleColumn.KIND: TitleKind(fields[TitleColumn.KIND])})

"""Where tables live: the one place that makes SQLAlchemy engines, and the metadata that every table joins.

SQLite by default, one file in the workspace; PostgreSQL by URL. A password in a URL is never printed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, Table, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.schema import CreateTable

from frontrow.errors import DamagedArtifact, InputError, StorageFull, Unavailable

BUSY_TIMEOUT_MS = 30_000  # how long one SQLite connection waits for another's write before it gives up

_TABLES_LOCK = 0x46524F4E54  # any number that nobody else locks in the same database

metadata = MetaData()
"""Tables of the store: catalogue, accounts, reviews."""


def open_store(url: str) -> Engine:
    """An engine for `url` (`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`).

    Raises InputError for a URL that cannot be read, a database other than these two, a missing folder or a missing
    PostgreSQL driver.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError("store.url is not a database URL; write sqlite:///FILE or postgresql://HOST/NAME") from None
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed)
    raise InputError(f"store.url names the database {parsed.get_backend_name()!r}; use sqlite or postgresql")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed as a whole when the block ends, rolled back when it raises.

    Raises StorageFull when the disk is full, Unavailable when the database cannot be reached, written to or stays
    locked, InputError when the file is no database, and DamagedArtifact when it is a damaged one.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        if any(words in str(error.orig) for words in ("disk is full", "No space left")):
            raise StorageFull(f"the disk of {_shown(engine)} is full; free some space, nothing was written") from error
        raise Unavailable(f"the database {_shown(engine)} does not answer: {_reason(error)}") from error
    except DatabaseError as error:
        if "not a database" in str(error.orig):
            raise InputError(f"{engine.url.database} is no SQLite database; move it away or mend store.url") from error
        if "malformed" in str(error.orig):
            raise DamagedArtifact(
                f"{engine.url.database} is damaged ({error.orig}); restore it from a backup"
            ) from error
        raise


def create_tables(engine: Engine, *tables: Table) -> None:
    """Make those of `tables` that do not exist; several processes may do so at once. Errors: see `transaction`."""
    with transaction(engine) as connection:
        if engine.dialect.name == "postgresql":  # where IF NOT EXISTS of two at once fails for the second
            connection.execute(select(func.pg_advisory_xact_lock(_TABLES_LOCK)))
        for table in tables:
            connection.execute(CreateTable(table, if_not_exists=True))


def _open_sqlite(url: URL) -> Engine:
    if url.database not in {None, "", ":memory:"} and not Path(str(url.database)).parent.is_dir():
        raise InputError(f"folder {Path(str(url.database)).parent} of store.url does not exist; make it first")
    engine = create_engine(url.set(drivername="sqlite+pysqlite"))

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def _open_postgres(url: URL) -> Engine:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise InputError("PostgreSQL needs its driver; run pip install 'frontrow[postgres]'") from None
    return create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _reason(error: OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0]

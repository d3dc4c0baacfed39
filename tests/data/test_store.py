from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from frontrow.data.store import BUSY_TIMEOUT_MS, open_store, transaction
from frontrow.errors import InputError, StorageFull, Unavailable


def test_a_password_is_not_in_the_error_of_a_database_that_does_not_answer(tmp_path: Path) -> None:
    engine = open_store(f"postgresql://ada:topsecret@/films?host={tmp_path}")
    with pytest.raises(Unavailable, match="does not answer") as caught, transaction(engine):
        pass
    assert "topsecret" not in str(caught.value)


def test_a_password_is_not_in_the_error_of_a_url_that_cannot_be_read() -> None:
    with pytest.raises(InputError, match="not a database URL") as caught:
        open_store("postgresql//ada:topsecret@host/films")
    assert "topsecret" not in str(caught.value)


def test_a_database_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'mysql'"):
        open_store("mysql://host/films")


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install 'frontrow\[postgres\]'"):
        open_store("postgresql://host/films")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; make it first"):
        open_store(f"sqlite:///{tmp_path / 'nowhere' / 'catalogue.db'}")


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.write_bytes(b"this is not a database, " * 200)
    with (
        pytest.raises(InputError, match=r"catalogue\.db is no SQLite database"),
        transaction(open_store(f"sqlite:///{path}")),
    ):
        pass
    assert path.read_bytes() == b"this is not a database, " * 200


def test_a_full_disk_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'catalogue.db'}")
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE t (x TEXT)"))
    with pytest.raises(StorageFull, match="free some space"), transaction(engine) as connection:
        connection.execute(text("PRAGMA max_page_count = 3"))
        for _ in range(100):
            connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": "x" * 10_000})
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM t")) == 0
    engine.dispose()


def test_sqlite_writes_ahead_waits_for_others_and_keeps_foreign_keys(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'catalogue.db'}")
    with transaction(engine) as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA busy_timeout")) == BUSY_TIMEOUT_MS
    engine.dispose()

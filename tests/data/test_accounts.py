"""Keys, people, sessions and links: what they open, and what a reader of the database learns."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from frontrow.data.accounts import Accounts, Person, Role
from frontrow.errors import DamagedArtifact, InputError

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "accounts.db"


@pytest.fixture
def accounts(database: Path):
    accounts = Accounts(f"sqlite:///{database}")
    yield accounts
    accounts.close()


def test_a_key_opens_with_its_role_until_it_is_revoked(accounts: Accounts) -> None:
    key = accounts.add_key("player", Role.INGEST, NOW_MS)
    assert accounts.key_role(key) is Role.INGEST
    accounts.revoke_key(accounts.list_keys()[0].id, NOW_MS + 1)
    assert accounts.key_role(key) is None
    assert accounts.list_keys()[0].revoked_ms == NOW_MS + 1


def test_a_key_is_revoked_once(accounts: Accounts) -> None:
    accounts.add_key("player", Role.INGEST, NOW_MS)
    accounts.revoke_key(1, NOW_MS)
    with pytest.raises(InputError, match="no key 1 is in use"):
        accounts.revoke_key(1, NOW_MS)


def test_no_secret_lies_in_the_database(accounts: Accounts, database: Path) -> None:
    key = accounts.add_key("player", Role.ADMIN, NOW_MS)
    accounts.set_person("ada", "correct horse", Role.ADMIN)
    token, _ = accounts.open_session("ada", Role.ADMIN, NOW_MS, hours=1)
    link = accounts.add_link("ada", Role.ADMIN, NOW_MS)
    with sqlite3.connect(database) as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert all(secret not in dump for secret in (key, "correct horse", token, link))


def test_the_right_password_and_only_it_gives_the_role(accounts: Accounts) -> None:
    accounts.set_person("ada", "correct horse", Role.REVIEW)
    assert accounts.check_password("ada", "correct horse") is Role.REVIEW
    assert accounts.check_password("ada", "correct hors") is None
    assert accounts.check_password("bob", "correct horse") is None


def test_a_short_password_and_empty_names_are_refused(accounts: Accounts) -> None:
    with pytest.raises(InputError, match="9 characters; 10 are the least"):
        accounts.set_person("ada", "too short", Role.READ)
    with pytest.raises(InputError, match="needs a name"):
        accounts.set_person(" ", "long enough, this", Role.READ)
    with pytest.raises(InputError, match="needs a name"):
        accounts.add_key("", Role.READ, NOW_MS)


def test_a_session_ends_at_its_time_at_sign_out_and_at_a_new_password(accounts: Accounts) -> None:
    accounts.set_person("ada", "correct horse", Role.READ)
    first, session = accounts.open_session("ada", Role.READ, NOW_MS, hours=1)
    assert accounts.session(first, session.until_ms - 1) == session
    assert accounts.session(first, session.until_ms) is None
    accounts.close_session(first)
    assert accounts.session(first, NOW_MS) is None
    second, _ = accounts.open_session("ada", Role.READ, NOW_MS, hours=1)
    accounts.set_person("ada", "another password", Role.READ)
    assert accounts.session(second, NOW_MS) is None


def test_a_link_signs_in_once_and_within_a_day(accounts: Accounts) -> None:
    link = accounts.add_link("ada", Role.ADMIN, NOW_MS)
    assert accounts.use_link(link, NOW_MS + 1) == ("ada", Role.ADMIN)
    assert accounts.use_link(link, NOW_MS + 2) is None
    late = accounts.add_link("ada", Role.ADMIN, NOW_MS)
    assert accounts.use_link(late, NOW_MS + DAY_MS) is None


def test_a_person_who_is_removed_is_signed_out_and_their_links_are_void(accounts: Accounts) -> None:
    accounts.set_person("eve", "a long password", Role.ADMIN)
    token, _ = accounts.open_session("eve", Role.ADMIN, NOW_MS, 1)
    link = accounts.add_link("eve", Role.ADMIN, NOW_MS)
    assert accounts.list_people() == [Person("eve", Role.ADMIN)]
    accounts.remove_person("eve")
    assert accounts.list_people() == []
    assert accounts.check_password("eve", "a long password") is None
    assert accounts.session(token, NOW_MS) is None
    assert accounts.use_link(link, NOW_MS) is None
    with pytest.raises(InputError, match="people list"):
        accounts.remove_person("eve")


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "a\nb", "x" * 129, "\ud800"])
def test_names_that_no_database_or_log_line_can_hold_are_refused(accounts: Accounts, name: str) -> None:
    for refused in (
        lambda: accounts.add_key(name, Role.READ, NOW_MS),
        lambda: accounts.set_person(name, "a long password", Role.READ),
        lambda: accounts.add_link(name, Role.READ, NOW_MS),
    ):
        with pytest.raises(InputError, match="printable characters"):
            refused()


def test_a_store_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalogue.db").write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match="is no SQLite database"):
        Accounts(f"sqlite:///{tmp_path / 'catalogue.db'}")


def test_a_damaged_store_is_named(accounts: Accounts, database: Path) -> None:
    for number in range(200):
        accounts.add_key(f"key {number}", Role.READ, NOW_MS)
    accounts.close()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    database.write_bytes(content)
    with pytest.raises(DamagedArtifact, match="restore it from a backup"):
        Accounts(f"sqlite:///{database}").list_keys()

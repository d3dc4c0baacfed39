"""Keys, people, sessions and links: what they open, and what a reader of the database learns."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from frontrow.data.accounts import Accounts, Role
from frontrow.errors import InputError

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

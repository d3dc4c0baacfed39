"""Who may come in: API keys, people, their sign-ins, and one-time sign-in links.

Nothing here can be used by who reads the database: keys, session tokens and links are kept as sha256 of 32 random
bytes (too long to guess, so a slow hash would add nothing), passwords as scrypt (RFC 7914) with a salt each.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Integer, String, Table, delete, insert, select, update

from frontrow.data import store
from frontrow.errors import InputError

KEY_PREFIX = "fr_"  # lets secret scanners find a key that leaked
SCRYPT = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}  # about 60 ms and 32 MiB a try
SHORTEST_PASSWORD = 10
NAME_CHARACTERS = 128
LINK_LIFE_MS = 24 * 3_600_000


class Role(StrEnum):
    """What a key or a person may do; admin may do everything, review also reads."""

    INGEST = "ingest"
    READ = "read"
    REVIEW = "review"
    ADMIN = "admin"


ALLOWS: dict[Role, frozenset[Role]] = {
    Role.INGEST: frozenset({Role.INGEST}),
    Role.READ: frozenset({Role.READ}),
    Role.REVIEW: frozenset({Role.READ, Role.REVIEW}),
    Role.ADMIN: frozenset(Role),
}

_keys = Table(
    "api_keys",
    store.metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", String(NAME_CHARACTERS), nullable=False),
    Column("role", String(16), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)
_people = Table(
    "people",
    store.metadata,
    Column("name", String(NAME_CHARACTERS), primary_key=True),
    Column("salt", String(32), nullable=False),
    Column("scrypt", String(128), nullable=False),
    Column("role", String(16), nullable=False),
)
_sessions = Table(
    "web_sessions",
    store.metadata,
    Column("sha256", String(64), primary_key=True),
    Column("person", String(NAME_CHARACTERS), nullable=False),
    Column("role", String(16), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)
_links = Table(
    "sign_in_links",
    store.metadata,
    Column("sha256", String(64), primary_key=True),
    Column("person", String(NAME_CHARACTERS), nullable=False),
    Column("role", String(16), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Key:
    """An API key as it is listed; the key itself is shown once, when it is made."""

    id: int
    name: str
    role: Role
    made_ms: int
    revoked_ms: int | None


@dataclass(frozen=True)
class Person:
    """Somebody who signs in by password."""

    name: str
    role: Role


@dataclass(frozen=True)
class Session:
    """A person's sign-in."""

    person: str
    role: Role
    csrf: str
    until_ms: int


class Accounts:
    """Keys, people and sessions in the store."""

    def __init__(self, url: str) -> None:
        self._engine = store.open_store(url)
        store.create_tables(self._engine, _keys, _people, _sessions, _links)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def add_key(self, name: str, role: Role, now_ms: int) -> str:
        """Make a key and return it; it cannot be shown again."""
        _check_name("a key", name)
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        row = {"sha256": _sha256(key), "name": name, "role": role.value, "made_ms": now_ms}
        with store.transaction(self._engine) as connection:
            connection.execute(insert(_keys).values(row))
        return key

    def list_keys(self) -> list[Key]:
        """Every key ever made, oldest first."""
        with store.transaction(self._engine) as connection:
            rows = connection.execute(select(_keys).order_by(_keys.c.id)).all()
        return [Key(row.id, row.name, Role(row.role), row.made_ms, row.revoked_ms) for row in rows]

    def revoke_key(self, key_id: int, now_ms: int) -> None:
        """Make a key useless; raises InputError when there is none of that id in use."""
        change = update(_keys).where(_keys.c.id == key_id, _keys.c.revoked_ms.is_(None)).values(revoked_ms=now_ms)
        with store.transaction(self._engine) as connection:
            if connection.execute(change).rowcount == 0:
                raise InputError(f"no key {key_id} is in use; 'frontrow keys list' shows them")

    def key_role(self, key: str) -> Role | None:
        """The role of a key in use, None for any other text."""
        query = select(_keys.c.role).where(_keys.c.sha256 == _sha256(key), _keys.c.revoked_ms.is_(None))
        with store.transaction(self._engine) as connection:
            role = connection.execute(query).scalar()
        return None if role is None else Role(role)

    def set_person(self, name: str, password: str, role: Role) -> None:
        """Add a person or change their password and role, which ends their sign-ins."""
        _check_name("a person", name)
        if len(password) < SHORTEST_PASSWORD:
            raise InputError(f"the password has {len(password)} characters; {SHORTEST_PASSWORD} are the least")
        salt = secrets.token_bytes(16)
        row = {"name": name, "salt": salt.hex(), "scrypt": _scrypt(password, salt), "role": role.value}
        with store.transaction(self._engine) as connection:
            connection.execute(delete(_people).where(_people.c.name == name))
            connection.execute(insert(_people).values(row))
            connection.execute(delete(_sessions).where(_sessions.c.person == name))

    def list_people(self) -> list[Person]:
        """Everybody who has a password, by name."""
        with store.transaction(self._engine) as connection:
            rows = connection.execute(select(_people.c.name, _people.c.role).order_by(_people.c.name)).all()
        return [Person(row.name, Role(row.role)) for row in rows]

    def remove_person(self, name: str) -> None:
        """Remove a password, and every sign-in and unused link of that name; raises InputError when there is none."""
        with store.transaction(self._engine) as connection:
            removed = connection.execute(delete(_people).where(_people.c.name == name)).rowcount
            removed += connection.execute(delete(_sessions).where(_sessions.c.person == name)).rowcount
            removed += connection.execute(delete(_links).where(_links.c.person == name)).rowcount
        if not removed:
            raise InputError(f"nobody signs in as {name!r}; 'frontrow people list' shows who does")

    def check_password(self, name: str, password: str) -> Role | None:
        """The person's role when the password is right; takes as long for a name that nobody has."""
        with store.transaction(self._engine) as connection:
            row = connection.execute(select(_people).where(_people.c.name == name)).first()
        salt, expected, role = (bytes.fromhex(row.salt), row.scrypt, row.role) if row else (bytes(16), "", None)
        right = hmac.compare_digest(_scrypt(password, salt), expected)
        return Role(role) if role is not None and right else None

    def open_session(self, person: str, role: Role, now_ms: int, hours: int) -> tuple[str, Session]:
        """Sign a person in: the token for the cookie, and the session. Sessions that are over are removed."""
        token = secrets.token_urlsafe(32)
        session = Session(person, role, secrets.token_urlsafe(24), now_ms + hours * 3_600_000)
        row = {"sha256": _sha256(token), "person": person, "role": role.value, "csrf": session.csrf}
        with store.transaction(self._engine) as connection:
            connection.execute(delete(_sessions).where(_sessions.c.until_ms <= now_ms))
            connection.execute(insert(_sessions).values(row | {"until_ms": session.until_ms}))
        return token, session

    def session(self, token: str, now_ms: int) -> Session | None:
        """The session of a cookie's token, None when it is over or was never opened."""
        query = select(_sessions).where(_sessions.c.sha256 == _sha256(token), _sessions.c.until_ms > now_ms)
        with store.transaction(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else Session(row.person, Role(row.role), row.csrf, row.until_ms)

    def close_session(self, token: str) -> None:
        """Sign out."""
        with store.transaction(self._engine) as connection:
            connection.execute(delete(_sessions).where(_sessions.c.sha256 == _sha256(token)))

    def add_link(self, person: str, role: Role, now_ms: int) -> str:
        """A token that signs `person` in once, within a day."""
        _check_name("a person", person)
        token = secrets.token_urlsafe(32)
        row = {"sha256": _sha256(token), "person": person, "role": role.value, "until_ms": now_ms + LINK_LIFE_MS}
        with store.transaction(self._engine) as connection:
            connection.execute(delete(_links).where(_links.c.until_ms <= now_ms))
            connection.execute(insert(_links).values(row))
        return token

    def use_link(self, token: str, now_ms: int) -> tuple[str, Role] | None:
        """Whom the link signs in; it is gone afterwards, also when two ask at once."""
        spend = delete(_links).where(_links.c.sha256 == _sha256(token), _links.c.until_ms > now_ms)
        with store.transaction(self._engine) as connection:
            row = connection.execute(spend.returning(_links.c.person, _links.c.role)).first()
        return None if row is None else (row.person, Role(row.role))


def _check_name(what: str, name: str) -> None:
    if not name.strip() or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise InputError(f"{what} needs a name of 1 to {NAME_CHARACTERS} printable characters, not {name[:200]!r}")


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _scrypt(password: str, salt: bytes) -> str:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=SCRYPT["n"], r=SCRYPT["r"], p=SCRYPT["p"], maxmem=SCRYPT["maxmem"]
    ).hex()

"""A PostgreSQL server of the tests' own, in a temporary folder, reached over a socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

_database_numbers = count()


def _program(name: str) -> str | None:
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """Folder with the socket of a running server; the test is skipped where no server can be had."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("no PostgreSQL server on this machine (initdb and pg_ctl not found)")
    folder = Path(tempfile.mkdtemp(prefix="frontrow-pg-"))
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "nobody", "nogroup")
        as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **as_user)  # type: ignore[call-overload]

    data = str(folder / "data")
    run(initdb, "-D", data, "-U", "frontrow", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    run(pg_ctl, "-D", data, "-l", str(folder / "server.log"), "-w", "-o", options, "start")
    try:
        yield folder
    finally:
        run(pg_ctl, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_socket: Path) -> str:
    """URL of a new, empty database."""
    import psycopg

    name = f"test_{next(_database_numbers)}"
    with psycopg.connect(f"host={postgres_socket} user=frontrow dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://frontrow@/{name}?host={quote(str(postgres_socket), safe='')}"

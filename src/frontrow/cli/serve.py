"""`frontrow serve` and `frontrow demo`: the service in the foreground."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontrow.cli.options import DEFAULT_WORKSPACE, JsonOption, SeedOption, WorkspaceOption, emit_json, note, resumable
from frontrow.errors import InputError

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.workspace import Workspace

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BACKLOG = 2048
_DEMO_PERSON = "demo"
_DEMO_ADMIN_KEY = "admin.key"

PortOption = Annotated[int | None, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")]


def register(app: typer.Typer) -> None:
    """Add `serve` and `demo`."""
    app.command("serve")(serve)
    app.command("demo")(demo)


def serve(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to bind; others than loopback need a key.")
    ] = None,
    port: PortOption = None,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also run jobs (nightly fits) beside it.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Serve decisions and pages over HTTP until Ctrl-C.

    Example: frontrow serve --workspace cinema --port 8000
    """
    from frontrow import config
    from frontrow.data.workspace import open_workspace

    place = open_workspace(workspace)
    settings = _with_address(config.load(place.root), host, port)
    _run(place, settings, worker=worker, as_json=as_json)


def demo(
    workspace: WorkspaceOption = Path("demo"),
    port: PortOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Build a small streaming service out of MovieLens 100k and serve it. The second time is fast.

    Example: frontrow demo --port 8000
    """
    from frontrow import config
    from frontrow.cli.demonstration import build
    from frontrow.data.accounts import Accounts, Role
    from frontrow.data.workspace import create
    from frontrow.service.hall import now_ms

    place = create(workspace)
    settings = _with_address(config.load(place.root), None, port)
    with resumable():
        build(place, settings, seed)
    accounts = Accounts(place.store_url(settings))
    key_file = place.root / _DEMO_ADMIN_KEY
    if not key_file.exists():
        with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(accounts.add_key("demo", Role.ADMIN, now_ms()) + "\n")
    link = accounts.add_link(_DEMO_PERSON, Role.ADMIN, now_ms())
    accounts.close()
    note(f"The admin key lies in {key_file}")
    _run(place, settings, worker=True, as_json=as_json, sign_in_path=f"/sign-in/{link}")


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"service": settings.service.model_copy(update=given)})


def _run(place: Workspace, settings: Settings, *, worker: bool, as_json: bool, sign_in_path: str = "") -> None:
    import socket

    import uvicorn

    from frontrow.service.app import create_app
    from frontrow.service.connection import Connection
    from frontrow.service.hall import Hall
    from frontrow.web.roof import add_site

    logging.basicConfig(level=settings.log.level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    hall = Hall(place, settings)
    address = settings.service.host
    if address not in _LOOPBACK and not any(key.revoked_ms is None for key in hall.accounts.list_keys()):
        raise InputError(f"serving on {address} needs a key first; run 'frontrow keys add NAME --role read'")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, settings.service.port))
        listener.listen(_BACKLOG)  # before the address is printed: who reads it may come at once
    except OSError as error:
        raise InputError(
            f"cannot listen on {address}:{settings.service.port} ({error.strerror}); try --port 0"
        ) from None
    url = f"http://{f'[{address}]' if ':' in address else address}:{listener.getsockname()[1]}"
    app = create_app(hall, with_worker=worker)
    add_site(app, hall)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            access_log=False,  # its lines would say who watched what; /metrics counts requests
            log_config=None,
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=10,
        )
    )
    if as_json:
        emit_json({"url": url, "sign_in": url + sign_in_path if sign_in_path else None, "workspace": str(place.root)})
    else:
        note(f"Serving {place.root} on {url} (Ctrl-C stops)")
        if sign_in_path:
            note(f"\n  Sign in here, once:  {url}{sign_in_path}\n")
    server.run(sockets=[listener])

"""`frontrow init`, `doctor`, `forget`, and who may come in: `keys`, `people`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from frontrow.cli.options import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, emit_json, emit_table, note
from frontrow.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frontrow.data.accounts import Accounts, Role

PasswordOption = Annotated[
    str,
    typer.Option(
        prompt=True, hide_input=True, confirmation_prompt=True, envvar="FRONTROW_PASSWORD", help="Asked for if missing."
    ),
]
PersonArgument = Annotated[str, typer.Argument(help="The name they sign in with.")]
RoleOption = Annotated[str, typer.Option("--role", help="ingest, read, review or admin.")]


def register(app: typer.Typer) -> None:
    """Add the commands about a workspace and its doors."""
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.command("forget")(forget)
    keys = typer.Typer(help="API keys: add, list, revoke.", no_args_is_help=True)
    keys.command("add")(add_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    app.add_typer(keys, name="keys")
    people = typer.Typer(help="People who sign in on the web.", no_args_is_help=True)
    people.command("add")(add_person)
    people.command("list")(list_people)
    people.command("remove")(remove_person)
    people.command("link")(link_person)
    app.add_typer(people, name="people")


def init(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Make a workspace: the folder of catalogue, log and models.

    Example: frontrow init --workspace cinema
    """
    from frontrow.data.workspace import create

    place = create(workspace)
    if as_json:
        emit_json({"workspace": str(place.root)})
    else:
        note(f"{place.root} is ready. Next: frontrow import --help, frontrow fit recommend, frontrow serve")


def doctor(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Check the installation and the workspace, and say how to mend what is wrong. Exit status 3 when something is.

    Example: frontrow doctor --workspace cinema
    """
    from frontrow.cli.diagnosis import examine
    from frontrow.errors import Refusal

    findings = examine(workspace)
    if as_json:
        emit_json({"findings": findings, "healthy": all(x.state != "wrong" for x in findings)})
    else:
        emit_table("", ("", "what", "found", "mend"), [(x.mark, x.what, x.found, x.mend) for x in findings])
    wrong = sum(x.state == "wrong" for x in findings)
    if wrong:
        raise Refusal(f"{wrong} {'thing needs' if wrong == 1 else 'things need'} mending")


def forget(
    member: Annotated[str, typer.Argument(help="Outer id of the member, as events name it.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove a member and everything they did from the log, sealed segments too, and leave a receipt.

    It writes to the log, so a running service has to be stopped first, or asked: DELETE /v1/members/MEMBER. The next
    nightly fit leaves them out of the model.

    Example: frontrow forget m17 --workspace cinema --yes
    """
    from frontrow import config
    from frontrow.data.events import EventLog
    from frontrow.data.workspace import open_workspace

    place = open_workspace(workspace)
    if not yes:
        typer.confirm(f"Remove {member!r} for ever?", abort=True, err=True)
    with EventLog(place.log, config.load(place.root).events) as log:
        receipt = log.forget(member)
    if as_json:
        emit_json(receipt)
    else:
        note(f"{member!r} is forgotten: {receipt.events_removed:,} events removed; receipt in {place.log / 'receipts'}")


def add_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: RoleOption = "read",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, once.

    Example: frontrow keys add player --role ingest
    """
    with _accounts(workspace) as accounts:
        key = accounts.add_key(name, _role(role), _now_ms())
    emit_json({"key": key}) if as_json else typer.echo(key)


def list_keys(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List the keys: what for, which role, since when. The keys themselves cannot be shown again.

    Example: frontrow keys list --workspace cinema
    """
    from datetime import UTC, datetime

    with _accounts(workspace) as accounts:
        keys = accounts.list_keys()
    if as_json:
        emit_json(keys)
        return

    def day(at_ms: int | None) -> str:
        return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}" if at_ms else ""

    rows = [(key.id, key.name, key.role, day(key.made_ms), day(key.revoked_ms)) for key in keys]
    emit_table("", ("id", "name", "role", "made", "revoked"), rows)


def revoke_key(
    key_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the key, as `keys list` shows it.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Make a key useless; a running service notices within five seconds.

    Example: frontrow keys revoke 3
    """
    with _accounts(workspace) as accounts:
        accounts.revoke_key(key_id, _now_ms())
    emit_json({"revoked": key_id}) if as_json else note(f"Key {key_id} is revoked")


def add_person(
    name: PersonArgument,
    role: RoleOption = "read",
    password: PasswordOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Add somebody who signs in, or change their password and role.

    Example: frontrow people add ada --role review
    """
    with _accounts(workspace) as accounts:
        accounts.set_person(name, password, _role(role))
    emit_json({"person": name, "role": role}) if as_json else note(f"{name} can sign in now, with the role {role}")


def list_people(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List everybody who has a password.

    Example: frontrow people list --workspace cinema
    """
    with _accounts(workspace) as accounts:
        people = accounts.list_people()
    if as_json:
        emit_json(people)
    else:
        emit_table("", ("name", "role"), [(person.name, person.role) for person in people])


def remove_person(
    name: PersonArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False
) -> None:
    """Remove somebody's password, sign-ins and unused links; a running service notices within five seconds.

    Example: frontrow people remove ada
    """
    with _accounts(workspace) as accounts:
        accounts.remove_person(name)
    emit_json({"removed": name}) if as_json else note(f"{name} can no longer sign in")


def link_person(
    name: PersonArgument,
    role: RoleOption = "read",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Print a path that signs somebody in once, within a day; it comes after the service's address.

    Example: frontrow people link ada --role admin
    """
    with _accounts(workspace) as accounts:
        path = f"/sign-in/{accounts.add_link(name, _role(role), _now_ms())}"
    emit_json({"path": path}) if as_json else typer.echo(path)


@contextmanager
def _accounts(root: WorkspaceOption) -> Iterator[Accounts]:
    from frontrow import config
    from frontrow.data.accounts import Accounts
    from frontrow.data.workspace import open_workspace

    place = open_workspace(root)
    accounts = Accounts(place.store_url(config.load(place.root)))
    try:
        yield accounts
    finally:
        accounts.close()


def _role(name: str) -> Role:
    from frontrow.data.accounts import Role

    try:
        return Role(name)
    except ValueError:
        raise InputError(f"{name!r} is no role; there are {', '.join(Role)}") from None


def _now_ms() -> int:
    import time

    return time.time_ns() // 1_000_000

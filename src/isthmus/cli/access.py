"""`access user|client|key|role`: who may ask, with what, and what for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from isthmus.access.permissions import PERMISSIONS, AccessRole, Permission
from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.session import act, database, person, session
from isthmus.kit.duration import parse_duration

if TYPE_CHECKING:
    from isthmus.access.keys import NewKey
    from isthmus.store.database import Database

T = TypeVar("T")
cli = typer.Typer(name="access", help="Who may do what.", no_args_is_help=True)
user = typer.Typer(name="user", help="People.", no_args_is_help=True)
client = typer.Typer(name="client", help="Machines.", no_args_is_help=True)
key = typer.Typer(name="key", help="Keys of machines.", no_args_is_help=True)
signing = typer.Typer(name="signing", help="Keys that sign tokens.", no_args_is_help=True)
for group in (user, client, key, signing):
    cli.add_typer(group)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")]
Roles = Annotated[
    list[str],
    typer.Option("--role", help="finance, or finance@CODE for one legal entity or region; again "
                 "for each."),
]  # fmt: skip
Shown = Annotated[str, typer.Option(help="What pages call it.")]
Expires = Annotated[str, typer.Option(help="How long it works, at most 400d.")]


def _with(context: typer.Context, do: Callable[[Database], Awaitable[T]]) -> T:
    async def done() -> T:
        async with database(session(context).installed) as opened:
            return await do(opened)

    return act(done())


def _given(roles: list[str]) -> list[tuple[str, str]]:
    from isthmus.access.granting import read_grant

    try:
        return [read_grant(role) for role in roles]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--role") from error


@user.command("add")
def add_user(context: typer.Context, name: Name, role: Roles, shown: Shown = "") -> None:
    """Make an account; its one-time password is printed once, and changed at the first log-in."""
    from isthmus.access.accounts import add_person

    given = _given(role)
    password = _with(context, lambda db: add_person(db, name, shown or name, given, person()))
    say(f"{name.lower()} logs in once with {password} and then chooses another password")


@user.command("reset")
def reset_user(context: typer.Context, name: Name) -> None:
    """Print a new one-time password; who is logged in with the old one is so no longer."""
    from isthmus.access.accounts import reset_password

    password = _with(context, lambda db: reset_password(db, name, person()))
    say(f"{name.lower()} logs in once with {password} and then chooses another password")


@user.command("link")
def link_user(
    context: typer.Context,
    name: Name,
    provider: Annotated[str, typer.Option(help="Name of access.providers in the landscape.")],
    subject: Annotated[str, typer.Option(help="The person's `sub` there.")],
) -> None:
    """Let a person in through a provider from now on, and with no password."""
    from isthmus.access.accounts import link
    from isthmus.app import load_landscape

    providers = load_landscape(session(context).installed.landscape).access.providers
    if provider not in providers:
        known = ", ".join(providers) or "none"
        raise typer.BadParameter(f"there is no provider {provider}; there are: {known}",
                                 param_hint="--provider")  # fmt: skip
    issuer = providers[provider].issuer
    _with(context, lambda db: link(db, name, issuer, subject, person()))
    say(f"{name.lower()} logs in through {provider} from now on")


@user.command("list")
def list_users(context: typer.Context, json: Json = False) -> None:
    """People, and the roles of each."""
    _show_accounts(context, "person", json)


@client.command("list")
def list_clients(context: typer.Context, json: Json = False) -> None:
    """Machines, and the roles of each."""
    _show_accounts(context, "machine", json)


@client.command("add")
def add_client(context: typer.Context, name: Name, role: Roles, shown: Shown = "") -> None:
    """Make an account of a machine; it asks with a key of `isthmus access key add`."""
    from isthmus.access.accounts import add_machine

    given = _given(role)
    _with(context, lambda db: add_machine(db, name, shown or name, given, person()))
    say(f"{name.lower()} may ask; give it a key with `isthmus access key add {name.lower()}`")


@cli.command()
def grant(context: typer.Context, name: Name, role: Roles) -> None:
    """Give an account these roles, and take all others from it."""
    from isthmus.access.accounts import set_grants

    given = _given(role)
    _with(context, lambda db: set_grants(db, name, given, person()))
    say(f"{name.lower()} has {', '.join(role)}")


@cli.command()
def disable(context: typer.Context, name: Name) -> None:
    """Log an account out, and let nobody in with it until it is enabled again."""
    from isthmus.access.accounts import set_disabled

    _with(context, lambda db: set_disabled(db, name, True, person()))
    say(f"{name.lower()} is disabled")


@cli.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let a disabled account in again."""
    from isthmus.access.accounts import set_disabled

    _with(context, lambda db: set_disabled(db, name, False, person()))
    say(f"{name.lower()} is enabled")


@cli.command()
def rekey(context: typer.Context) -> None:
    """Seal the secrets that are kept in the database with the newest key."""
    from isthmus.access.sealing import rekey as seal_anew

    settings = session(context).installed
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    done = _with(context, lambda db: seal_anew(db, given, settings.home, person()))
    say(f"{done} {'secret is' if done == 1 else 'secrets are'} sealed with the newest key")


@key.command("add")
def add_key(
    context: typer.Context,
    name: Name,
    scope: Annotated[
        list[Permission] | None,
        typer.Option(help="What the key is for; again for each. None: all of its roles."),
    ] = None,
    expires: Expires = "90d",
    json: Json = False,
) -> None:
    """Make a key; it is printed once."""
    from isthmus.access.keys import add_key as make

    lasts = parse_duration(expires)
    _tell_key(_with(context, lambda db: make(db, name, scope or None, lasts, person())), json)


@client.command("secret")
def add_secret(
    context: typer.Context,
    name: Name,
    scope: Annotated[
        list[Permission] | None,
        typer.Option(help="What its tokens may be for; again for each. None: all of its roles."),
    ] = None,
    expires: Expires = "90d",
    json: Json = False,
) -> None:
    """Make a client secret for POST /oauth/token; it is printed once. `access key rotate` replaces
    it, `access key revoke` ends it.
    """
    from isthmus.access.keys import add_key as make

    lasts, wanted = parse_duration(expires), scope or None
    made = _with(context, lambda db: make(db, name, wanted, lasts, person(), "secret"))
    _tell_key(made, json)


@key.command("rotate")
def rotate(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key that is replaced.")],
    overlap: Annotated[str, typer.Option(help="How long the old one still works.")] = "1d",
    expires: Expires = "90d",
    json: Json = False,
) -> None:
    """Make a key with the same scopes; the old one works on for a while."""
    from isthmus.access.keys import rotate_key

    lasts, both = parse_duration(expires), parse_duration(overlap)
    _tell_key(_with(context, lambda db: rotate_key(db, id, lasts, both, person())), json)


@key.command("revoke")
def revoke(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    reason: Annotated[str | None, typer.Option(help="Why; it is kept.")] = None,
) -> None:
    """End a key at once."""
    from isthmus.access.keys import revoke_key

    done = _with(context, lambda db: revoke_key(db, id, person(), reason))
    say(f"key {id} {'is revoked' if done else 'was revoked before'}")


@key.command("list")
def list_keys(context: typer.Context, json: Json = False) -> None:
    """Keys, what they are for and until when; never the secret."""

    async def found(db: Database) -> list[dict[str, Any]]:
        async with db.begin() as tx:
            names = {row.id: row.name for row in await tx.accounts.list()}
            rows = await tx.api_keys.list()
        return [
            {"key": r.id, "kind": r.kind, "client": names[r.account], "scopes": r.scopes or "all",
             "expires_at": r.expires_at, "used_at": r.used_at, "revoked_at": r.revoked_at}
            for r in rows
        ]  # fmt: skip

    _show(
        _with(context, found),
        ("key", "kind", "client", "scopes", "expires", "used", "revoked"),
        json,
    )


@signing.command("rotate")
def rotate_signing(
    context: typer.Context,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Tokens that are out are of no use any more.")
    ] = False,
) -> None:
    """Sign tokens with a new key; those of the old one work until they expire, in ten minutes."""
    from isthmus.access.sealing import seals_of
    from isthmus.access.signing import rotate as anew

    settings = session(context).installed
    secret = settings.secret_key.get_secret_value() if settings.secret_key else None
    seals = seals_of(secret, settings.home)
    id = _with(context, lambda db: anew(db, seals, person(), at_once=at_once))
    say(f"tokens are signed with {id}")


@cli.command("role")
def role(json: Json = False) -> None:
    """Roles, and what each may do; what is not listed is denied."""
    rows = [{"role": str(r), "may": ", ".join(sorted(PERMISSIONS[r]))} for r in AccessRole]
    _show(rows, ("role", "may"), json)


def _tell_key(made: NewKey, json: bool) -> None:
    if json:
        show_json(made)
        return
    say(made.key)
    say(f"it is not shown again, and works until {made.expires_at:%Y-%m-%d %H:%M} UTC")


def _show_accounts(context: typer.Context, kind: str, json: bool) -> None:
    from isthmus.access.accounts import told

    async def found(db: Database) -> list[dict[str, Any]]:
        async with db.begin() as tx:
            rows = [row for row in await tx.accounts.list() if row.kind == kind]
            given = {row.id: told(await tx.accounts.grants(row.id)) for row in rows}
            return [
                {"name": row.name, "shown": row.shown, "roles": given[row.id],
                 "issuer": row.issuer, "disabled_at": row.disabled_at}
                for row in rows
            ]  # fmt: skip

    _show(_with(context, found), ("name", "shown", "roles", "known by", "disabled"), json)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], json: bool) -> None:
    if json:
        show_json(rows)
        return
    lines = [
        tuple(", ".join(cell) if isinstance(cell, list) else cell for cell in row.values())
        for row in rows
    ]
    show_table(columns, lines)

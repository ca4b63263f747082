"""`access user|client|key|role`: who may ask, with what, and what for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from isthmus.access.permissions import PERMISSIONS, AccessRole, Permission
from isthmus.cli.access_user import user
from isthmus.cli.access_view import (
    Name,
    Roles,
    Shown,
    given_roles,
    show_accounts,
    show_rows,
    with_database,
)
from isthmus.cli.output import Json, say, show_json
from isthmus.cli.session import person, session
from isthmus.kit.duration import parse_duration

if TYPE_CHECKING:
    from isthmus.access.keys import NewKey
    from isthmus.store.database import Database

T = TypeVar("T")
cli = typer.Typer(name="access", help="Who may do what.", no_args_is_help=True)
client = typer.Typer(name="client", help="Machines.", no_args_is_help=True)
key = typer.Typer(name="key", help="Keys of machines.", no_args_is_help=True)
signing = typer.Typer(name="signing", help="Keys that sign tokens.", no_args_is_help=True)
for group in (user, client, key, signing):
    cli.add_typer(group)

Expires = Annotated[str, typer.Option(help="How long it works, at most 400d.")]


@client.command("list")
def list_clients(context: typer.Context, json: Json = False) -> None:
    """Machines, and the roles of each."""
    show_accounts(context, "machine", json)


@client.command("add")
def add_client(context: typer.Context, name: Name, role: Roles, shown: Shown = "") -> None:
    """Make an account of a machine; it asks with a key of `isthmus access key add`."""
    from isthmus.access.accounts import add_machine

    given = given_roles(role)
    with_database(context, lambda db: add_machine(db, name, shown or name, given, person()))
    say(f"{name.lower()} may ask; give it a key with `isthmus access key add {name.lower()}`")


@cli.command()
def grant(context: typer.Context, name: Name, role: Roles) -> None:
    """Give an account these roles, and take all others from it."""
    from isthmus.access.accounts import set_grants

    given = given_roles(role)
    with_database(context, lambda db: set_grants(db, name, given, person()))
    say(f"{name.lower()} has {', '.join(role)}")


@cli.command()
def disable(context: typer.Context, name: Name) -> None:
    """Log an account out, and let nobody in with it until it is enabled again."""
    from isthmus.access.accounts import set_disabled

    with_database(context, lambda db: set_disabled(db, name, True, person()))
    say(f"{name.lower()} is disabled")


@cli.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let a disabled account in again."""
    from isthmus.access.accounts import set_disabled

    with_database(context, lambda db: set_disabled(db, name, False, person()))
    say(f"{name.lower()} is enabled")


@cli.command()
def rekey(context: typer.Context) -> None:
    """Seal the secrets that are kept in the database with the newest key."""
    from isthmus.access.sealing import rekey as seal_anew

    settings = session(context).installed
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    done = with_database(context, lambda db: seal_anew(db, given, settings.home, person()))
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
    _tell_key(
        with_database(context, lambda db: make(db, name, scope or None, lasts, person())), json
    )


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
    made = with_database(context, lambda db: make(db, name, wanted, lasts, person(), "secret"))
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
    _tell_key(with_database(context, lambda db: rotate_key(db, id, lasts, both, person())), json)


@key.command("revoke")
def revoke(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    reason: Annotated[str | None, typer.Option(help="Why; it is kept.")] = None,
) -> None:
    """End a key at once."""
    from isthmus.access.keys import revoke_key

    done = with_database(context, lambda db: revoke_key(db, id, person(), reason))
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

    show_rows(
        with_database(context, found),
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
    id = with_database(context, lambda db: anew(db, seals, person(), at_once=at_once))
    say(f"tokens are signed with {id}")


@cli.command("role")
def role(json: Json = False) -> None:
    """Roles, and what each may do; what is not listed is denied."""
    rows = [{"role": str(r), "may": ", ".join(sorted(PERMISSIONS[r]))} for r in AccessRole]
    show_rows(rows, ("role", "may"), json)


def _tell_key(made: NewKey, json: bool) -> None:
    if json:
        show_json(made)
        return
    say(made.key)
    say(f"it is not shown again, and works until {made.expires_at:%Y-%m-%d %H:%M} UTC")

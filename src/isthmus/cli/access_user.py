"""`access user`: people who log in, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.access_view import (
    Name,
    Roles,
    Shown,
    given_roles,
    show_accounts,
    show_rows,
    with_database,
)
from isthmus.cli.output import Json, say
from isthmus.cli.session import person, session

if TYPE_CHECKING:
    from isthmus.store.database import Database

user = typer.Typer(name="user", help="People.", no_args_is_help=True)


@user.command("add")
def add_user(context: typer.Context, name: Name, role: Roles, shown: Shown = "") -> None:
    """Make an account; its one-time password is printed once, and changed at the first log-in."""
    from isthmus.access.accounts import add_person

    given = given_roles(role)
    password = with_database(
        context, lambda db: add_person(db, name, shown or name, given, person())
    )
    say(f"{name.lower()} logs in once with {password} and then chooses another password")


@user.command("reset")
def reset_user(context: typer.Context, name: Name) -> None:
    """Print a new one-time password; who is logged in with the old one is so no longer."""
    from isthmus.access.accounts import reset_password

    password = with_database(context, lambda db: reset_password(db, name, person()))
    say(f"{name.lower()} logs in once with {password} and then chooses another password")


@user.command("sessions")
def list_sessions(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of one account.")] = None,
    json: Json = False,
) -> None:
    """Who is logged in at the console, since when and from where."""
    from isthmus.access.accounts import named
    from isthmus.web.sessions import lasts_of

    idle = lasts_of(session(context).installed).idle

    async def found(db: Database) -> list[dict[str, Any]]:
        async with db.begin() as tx:
            names = {row.id: row.name for row in await tx.accounts.list()}
            only = (await named(tx, name, "person")).id if name else None
            return [
                {"name": names[row.account], "begun_at": row.begun_at, "seen_at": row.seen_at,
                 "address": row.address}
                for row in await tx.log_ins.all_live(idle, only)
            ]  # fmt: skip

    show_rows(with_database(context, found), ("name", "begun", "last seen", "from"), json)


@user.command("log-out")
def log_out_user(context: typer.Context, name: Name) -> None:
    """End every session of a person at the console; the password stays as it is."""
    from isthmus.access.accounts import end_sessions

    ended = with_database(context, lambda db: end_sessions(db, name, person()))
    say(f"{ended} {'session' if ended == 1 else 'sessions'} of {name.lower()} ended")


@user.command("link")
def link_user(
    context: typer.Context,
    name: Name,
    provider: Annotated[str, typer.Option(help="Name of access.providers in the landscape.")],
    subject: Annotated[str, typer.Option(help="The person's `sub` there.")],
) -> None:
    """Let a person in through a provider from now on, and with no password."""
    from isthmus.access.accounts import link
    from isthmus.installed import load_landscape

    providers = load_landscape(session(context).installed.landscape).access.providers
    if provider not in providers:
        known = ", ".join(providers) or "none"
        raise typer.BadParameter(f"there is no provider {provider}; there are: {known}",
                                 param_hint="--provider")  # fmt: skip
    issuer = providers[provider].issuer
    with_database(context, lambda db: link(db, name, issuer, subject, person()))
    say(f"{name.lower()} logs in through {provider} from now on")


@user.command("list")
def list_users(context: typer.Context, json: Json = False) -> None:
    """People, and the roles of each."""
    show_accounts(context, "person", json)

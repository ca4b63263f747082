"""What the commands of `access` have in common: roles of an account, and lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from isthmus.cli.output import show_json, show_table
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from isthmus.store.database import Database

T = TypeVar("T")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")]
Roles = Annotated[
    list[str],
    typer.Option("--role", help="finance, or finance@CODE for one legal entity or region; again "
                 "for each."),
]  # fmt: skip
Shown = Annotated[str, typer.Option(help="What pages call it.")]


def with_database(context: typer.Context, do: Callable[[Database], Awaitable[T]]) -> T:
    async def done() -> T:
        async with database(session(context).installed) as opened:
            return await do(opened)

    return act(done())


def given_roles(roles: list[str]) -> list[tuple[str, str]]:
    from isthmus.access.granting import read_grant

    try:
        return [read_grant(role) for role in roles]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--role") from error


def show_accounts(context: typer.Context, kind: str, json: bool) -> None:
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

    show_rows(
        with_database(context, found), ("name", "shown", "roles", "known by", "disabled"), json
    )


def show_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], json: bool) -> None:
    if json:
        show_json(rows)
        return
    lines = [
        tuple(", ".join(cell) if isinstance(cell, list) else cell for cell in row.values())
        for row in rows
    ]
    show_table(columns, lines)

"""`person find|erase`: a person's data, on the person's request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, heading, say, show_json, show_table
from isthmus.cli.session import act, database, person, session

if TYPE_CHECKING:
    from isthmus.access.erasure import Erased
    from isthmus.settings import Settings

cli = typer.Typer(name="person", help="Data of people.", no_args_is_help=True)


@cli.command()
def find(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Part of a name, e-mail address or number.")],
    json: Json = False,
) -> None:
    """Name the people whose data has this text, as `person erase` takes them."""
    found = act(_find(session(context).installed, text))
    if json:
        show_json([{"person": id, "name": name} for id, name in found])
        return
    show_table(("person", "name"), found)


@cli.command()
def erase(
    context: typer.Context,
    id: Annotated[
        str,
        typer.Argument(
            metavar="PERSON",
            help="Canonical id of a resource, or that of a customer, a"
            " slash, and the e-mail or name of its contact.",
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit.")],
    write: Annotated[bool, typer.Option("--write", help="Do it; else it is only shown.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where holds are open or work is not invoiced.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(
            help="A further text that tells who it is, such as a former name; again for each."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Replace a person's data by a pseudonym everywhere; hours, amounts and invoices stay."""
    asked = {"write": write, "force": force, "also": also or ()}
    found = act(_erase(session(context).installed, id, reason, asked))
    if json:
        show_json(found)
        return
    _show(found)


def _show(found: Erased) -> None:
    say(f"{found.person} {'is' if found.written else 'would be'} called {found.pseudonym}")
    show_table(
        ("table", "column", "rows"), [(p.table, p.column, p.rows) for p in found.places],
        right=("rows",),
    )  # fmt: skip
    say(f"audit {found.audit_rows} rows, messages emptied {found.messages}")
    for reason in found.open:
        say(f"it would be refused: {reason}" if not found.written else f"erased although {reason}")
    for name in found.shared:
        say(f"another person has the same {name}: where only a text tells it, it stays")
    heading("what the systems still hold")
    for vendor in found.vendors:
        say(f"{vendor.remedy}.")
    if not found.written:
        say("nothing was written; add --write")


async def _find(settings: Settings, text: str) -> list[tuple[str, str]]:
    from isthmus.access.erasure import people_with

    async with database(settings) as opened, opened.begin() as tx:
        return await people_with(tx, text)


async def _erase(settings: Settings, id: str, reason: str, asked: dict[str, Any]) -> Erased:
    from isthmus.access.erasure import erase as carry_out

    async with database(settings) as opened:
        return await carry_out(opened, id, person(), reason, **asked)

"""`journey`: everything known of one object, in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, heading, say, show_json, show_table
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from isthmus.observe.journey import Journey
    from isthmus.settings import Settings


def journey(
    context: typer.Context,
    id: Annotated[
        str, typer.Argument(metavar="ID", help="Any system's id, a number, or the canonical id.")
    ],
    json: Json = False,
) -> None:
    """Follow one object through every system, event, run and hold."""
    journeys = act(_read(session(context).installed, id))
    if json:
        show_json(journeys)
        return
    for found in journeys:
        _show(found)


COMMANDS = {"journey": journey}


async def _read(settings: Settings, id: str) -> list[Journey]:
    from isthmus.observe.journey import journey_of

    async with database(settings) as opened, opened.begin() as tx:
        found = await tx.lookup.named(id)
        if not found:
            raise Problem(
                f"Nothing here is called {id}.",
                "No canonical id, id of a system, number, reference or name is equal to it.",
                "Check the spelling, and `isthmus status` for what has been read so far.",
            )
        return [await journey_of(tx, one) for one in found]


def _show(found: Journey) -> None:
    heading(f"{found.kind} {found.name or ''}  {found.state or ''}".rstrip())
    say(f"  canonical {found.id} (found by {found.found_by})")
    for space, external in found.systems.items():
        say(f"  {space} {external}")
    say()
    show_table(
        ("at", "what", "name", "detail"), [(m.at, m.what, m.name, m.detail) for m in found.moments]
    )

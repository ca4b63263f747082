"""`rerate`: what open work would be priced at now, and to have it priced so."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.explain import named
from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.session import act, application, person, session

if TYPE_CHECKING:
    from datetime import date

    from isthmus.flows.rerating import Rerating
    from isthmus.settings import Settings


def rerate(
    context: typer.Context,
    project: Annotated[str, typer.Argument(help="Project, by any id or its name.")],
    since: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day of work to look at."),
    ],
    write: Annotated[
        bool,
        typer.Option("--write", help="Take back what differs and have it rated again."),
    ] = False,
    json: Json = False,
) -> None:
    """Show what open hours of a project's contract would be priced at now: old, new and why.

    Invoiced hours are frozen and are not looked at.
    """
    found = act(_rerate(session(context).installed, project, since.date(), write=write))
    show_json(found) if json else _show(found)


COMMANDS = {"rerate": rerate}


async def _rerate(settings: Settings, what: str, since: date, *, write: bool) -> Rerating:
    from isthmus.canonical import Project
    from isthmus.cli.problem import Problem
    from isthmus.flows.rerating import rerate as rerate_contract

    async with application(settings) as app:
        async with app.database.begin() as tx:
            _, id = await named(tx, what, ("project",))
            project = await tx.records.get(Project, id)
        if project.contract is None:
            raise Problem(
                f"{project.name} has no contract.",
                "Only work under a contract is priced.",
                "Link the project to the deal it delivers.",
            )
        return await rerate_contract(app.engine, project.contract, since, write=write, by=person())


def _show(found: Rerating) -> None:
    if not found.changes:
        say(f"{found.entries} open entries keep their amounts")
        return
    show_table(
        ("day", "person", "old", "new", "why"),
        [(c.worked_on, c.person, c.old, c.new, c.why) for c in found.changes],
        right=("old", "new"),
    )
    say(f"{len(found.changes)} of {found.entries} open entries move by {found.difference()}")
    say("they are rated again" if found.written else "nothing was written; --write does it")

"""`db upgrade`: the schema of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from isthmus.cli.output import say
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from isthmus.settings import Settings

cli = typer.Typer(name="db", help="The database.", no_args_is_help=True)


@cli.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database to the schema of this release; the embedded one is started for it."""
    changed = act(_upgrade(session(context).settings))
    say("the database is upgraded" if changed else "the database is up to date already")


async def _upgrade(settings: Settings) -> bool:
    from isthmus.engine.history import prepare
    from isthmus.store.migrate import upgrade as bring_up

    async with database(settings, migrated=False) as opened:
        changed = await bring_up(opened.engine)
        await prepare(opened.url)
        return changed

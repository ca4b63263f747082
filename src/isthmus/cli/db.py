"""`db upgrade|purge|restored`: the schema of this release, what is old, and life after a dump."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, application, database, person, session

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


@cli.command()
def purge(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write/--dry-run", help="Do it, or only count what is old.")
    ] = False,
    json: Json = False,
) -> None:
    """Empty what is finished and older than the landscape's `retention`; workers do it too."""
    rows = act(_purge(session(context).installed, write))
    if json:
        show_json(rows)
        return
    done = "emptied" if write else "to empty"
    show_table(("class", "kept for", done), [tuple(row.values()) for row in rows], right=(done,))


async def _purge(settings: Settings, write: bool) -> list[dict[str, Any]]:
    from isthmus.engine.retention import purge, to_purge
    from isthmus.kit.clock import utc_now

    async with application(settings) as app:
        counted = await (purge if write else to_purge)(app.engine, utc_now())
        ages = app.landscape.retention.model_dump(mode="json")
    if counted is None:
        raise Problem(
            "Nothing was purged.", "A worker is purging at this moment.",
            "Wait for `retention.purged` in its log; there may be nothing left to do then.",
        )  # fmt: skip
    return [{"class": k, "kept_for": ages[k], "rows": n} for k, n in vars(counted).items()]


@cli.command()
def restored(context: typer.Context) -> None:
    """Run once on a database that came from a dump, before any worker starts on it.

    Numbers go on beyond those given out since the dump, and every system is read, so that what
    they have by now is known before anything is posted or billed.
    """
    end, read = act(_restored(session(context).installed))
    say(f"the dump ends with event {end}; {read} changes were read; start the workers")


async def _restored(settings: Settings) -> tuple[int, int]:
    from isthmus.events.restored import restored as begin_again

    async with application(settings) as app:
        async with app.database.begin() as tx:
            end = await begin_again(tx, app.outbox, person())
        return end, await app.read()

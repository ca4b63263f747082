"""`event tail`: the event log as CloudEvents."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from isthmus.settings import Settings

cli = typer.Typer(name="event", help="The event log.", no_args_is_help=True)
PAGE = 500


@cli.command()
def tail(
    context: typer.Context,
    after: Annotated[int, typer.Option(help="Sequence of the last event that you have.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
) -> None:
    """Print events as CloudEvents 1.0, one JSON to a line; `sequence` is their place in the log."""
    act(_tail(session(context).installed, after, follow))


async def _tail(settings: Settings, after: int, follow: bool) -> None:
    from isthmus.events.feed import Feed
    from isthmus.events.message import cloudevent

    async with database(settings) as opened:
        feed = Feed(opened)
        while True:
            page = await feed.page(after, PAGE)
            for row in page.rows:
                typer.echo(json.dumps(cloudevent(row), ensure_ascii=False))
            after = page.position
            if len(page.rows) == PAGE:
                continue
            if not follow:
                return
            await asyncio.sleep(0.5)

"""`event tail`: the event log as CloudEvents."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from isthmus.settings import Settings
    from isthmus.store.events import EventRow

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
    async with database(settings) as opened:
        while True:
            async with opened.begin() as tx:
                rows = await tx.events.after(after, PAGE)
            for row in rows:
                typer.echo(json.dumps(cloudevent(row), ensure_ascii=False))
                after = row.position
            if len(rows) == PAGE:
                continue
            if not follow:
                return
            await asyncio.sleep(0.5)


def cloudevent(row: EventRow) -> dict[str, object]:
    """`sequence` is the CloudEvents extension of that name."""
    from isthmus.events.envelope import Event

    attributes = {k: v for k, v in vars(row).items() if k != "position"}
    return {**Event.model_validate(attributes).to_cloudevent(), "sequence": str(row.position)}

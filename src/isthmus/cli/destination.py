"""`destination list|resume|rewind|forget`: how far brokers and webhooks are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, database, person, session

if TYPE_CHECKING:
    from isthmus.settings import Settings
    from isthmus.store.database import Transaction
    from isthmus.store.destinations import DestinationRow

cli = typer.Typer(
    name="destination", help="Brokers and webhooks that events are sent to.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="As the landscape calls it.")]


@cli.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """Every destination: its position in the log, how far behind it is, what stops it, and how many
    events went out without personal data that may not be kept there.
    """
    found = act(_list(session(context).installed))
    if json:
        show_json(found)
        return
    show_table(
        ("destination", "position", "behind", "sent", "masked", "last sent", "failures", "hold",
         "error"),
        [(d["name"], d["position"], d["behind"], d["sent"], d["masked"], d["sent_at"],
          d["failures"], d["hold"], d["error"]) for d in found],
        right=("position", "behind", "sent", "masked", "failures"),
    )  # fmt: skip


async def _list(settings: Settings) -> list[dict[str, Any]]:
    from isthmus.events.destination_holds import hold_of
    from isthmus.events.personal import masked_by_receiver

    async with database(settings) as opened, opened.begin() as tx:
        end = await tx.events.end()
        masked = await masked_by_receiver(tx)
        found = []
        for row in await tx.destinations.list():
            hold = await tx.holds.of_key(hold_of(row.name))
            label = None if hold is None else hold.label
            number = masked.get(f"destination {row.name}", 0)
            found.append(
                {**vars(row), "behind": end - row.position, "hold": label, "masked": number}
            )
        return found


@cli.command()
def resume(context: typer.Context, name: Name) -> None:
    """Go on after failures: close the hold and try at once. What was missed is sent in order."""
    say(act(_resume(session(context).installed, name)))


async def _resume(settings: Settings, name: str) -> str:
    from isthmus.events.destination_acts import resume
    from isthmus.events.outbox import Outbox

    async with database(settings) as opened, opened.begin() as tx:
        row = await _known(tx, name)
        if await resume(tx, Outbox(), row, person()):
            return f"{name} goes on after event {row.position}"
        return f"nothing stops {name}; it is at event {row.position}"


@cli.command()
def rewind(
    context: typer.Context,
    name: Name,
    to: Annotated[
        int, typer.Option(help="`sequence` of the last event that is not sent again; 0: all are.")
    ],
) -> None:
    """Send again what comes after an event, or pass over events by a later one."""
    say(act(_rewind(session(context).installed, name, to)))


async def _rewind(settings: Settings, name: str, to: int) -> str:
    from isthmus.events.destination_acts import rewind
    from isthmus.events.feed import Feed
    from isthmus.events.outbox import Outbox

    async with database(settings) as opened:
        settled = await Feed(opened).settled()
        if not 0 <= to <= settled:
            raise Problem(
                f"{to} is no position in the log.", f"The log ends at {settled}.",
                "Take it from the `sequence` of an event: isthmus event tail.",
            )  # fmt: skip
        async with opened.begin() as tx:
            await rewind(tx, Outbox(), await _known(tx, name), to, person())
            await _ensure_kept(tx, to)
    return f"{name} goes on after event {to}; the log ends at {settled}"


async def _ensure_kept(tx: Transaction, to: int) -> None:
    """Asked once the position is set, so that a purge meanwhile sees it or is seen."""
    floor = await tx.event_partitions.floor()
    if to < floor:
        raise Problem(
            f"Events after {to} are removed up to {floor}.",
            "They are older than the landscape's retention.events.",
            f"Rewind to {floor} or later; read what is missing from the objects themselves.",
        )


@cli.command()
def forget(context: typer.Context, name: Name) -> None:
    """Take away a destination that the landscape has no more. Events are kept until every one that
    is listed has them.
    """
    act(_forget(session(context).installed, name))
    say(f"{name} is forgotten; a worker with it in its landscape begins anew")


async def _forget(settings: Settings, name: str) -> None:
    async with database(settings) as opened, opened.begin() as tx:
        row = await _known(tx, name)
        if not await tx.destinations.remove(row.name):
            raise Problem(
                f"{name} is being sent to.", "A worker has it in its landscape.",
                "Take it out of the landscape and restart the workers.",
            )  # fmt: skip


async def _known(tx: Transaction, name: str) -> DestinationRow:
    row = await tx.destinations.find(name)
    if row is None:
        raise Problem(
            f"There is no destination {name}.",
            "A worker adds a destination when it starts with it in its landscape.",
            "`isthmus destination list` shows those that there are.",
        )
    return row

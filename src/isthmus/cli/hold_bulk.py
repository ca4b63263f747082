"""`hold all ACT` and `hold bulk list|show|approve|decline`: one act on many holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli import hold_filter as filters
from isthmus.cli.hold_view import show_holds
from isthmus.cli.output import Json, heading, say, show_json, show_table, shown
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, application, database, person, session
from isthmus.holds.wish import Act

if TYPE_CHECKING:
    from isthmus.app import App
    from isthmus.holds.wish import Asked, Found, Wish
    from isthmus.settings import Settings
    from isthmus.store.bulks import BulkRow
    from isthmus.store.database import Database

cli = typer.Typer(name="bulk", help="Acts on many holds, and how far they are.",
                  no_args_is_help=True)  # fmt: skip
Label = Annotated[str, typer.Argument(metavar="BULK", help="B-3, or 3.")]


def all_(
    context: typer.Context,
    what: Annotated[Act, typer.Argument(metavar="ACT", help="replay, resolve, assign, comment.")],
    value: Annotated[
        str,
        typer.Argument(
            metavar="[VALUE]", help="Of resolve the code, of assign the person, of comment the "
            "text.", show_default=False,
        ),
    ] = "",
    queue: filters.Queue = None,
    severity: filters.Press = None,
    assignee: filters.Assignee = None,
    code: filters.Code = None,
    client: filters.Client = None,
    state: filters.State = None,
    flow: filters.FlowName = None,
    overdue: filters.Overdue = False,
    note: Annotated[str, typer.Option(help="Kept with a resolution.")] = "",
    per_second: Annotated[
        float | None, typer.Option(help="Holds in a second; the landscape's when left out.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which holds it would be, and do nothing.")
    ] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Do the same to every open hold that is chosen; workers carry it out.

    Above a limit of the landscape a replay or a resolution waits for a second person.
    """
    chosen = filters.chosen(queue, severity, assignee, code, client, state, flow, overdue)
    wish = filters.wish(what, chosen, value, note, per_second)
    if dry_run:
        _show_found(act(_look_up(session(context).installed, wish)), what, json)
        return
    asked = act(_ask(session(context).installed, wish))
    if json:
        show_json(asked)
    else:
        say(asked.message)


def _show_found(found: Found, what: Act, json: bool) -> None:
    if json:
        show_json({"holds": [h.label for h in found.holds], "blocked": found.blocked,
                   "needs_approval": found.needs_approval})  # fmt: skip
        return
    show_holds(found.holds)
    sums = " and ".join(str(money) for money in found.blocked) or "no amount"
    approval = "; a second person has to approve it" if found.needs_approval else ""
    say(f"{what} of {len(found.holds)} holds that block {sums}{approval}; nothing was done")


@cli.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """The youngest first, with the number of holds in each state."""
    rows = act(_list(session(context).installed))
    if json:
        show_json([{"label": row.label, **vars(row), "holds": counts} for row, counts in rows])
        return
    show_table(
        ("bulk", "act", "state", "asked by", "asked", "decided by", "holds"),
        [(row.label, _act_of(row), row.state, row.asked_by, row.asked_at, row.decided_by,
          _counted(counts))
         for row, counts in rows],
    )  # fmt: skip


@cli.command()
def show(context: typer.Context, bulk: Label, json: Json = False) -> None:
    """One bulk act: who asked, who approved, and how it went with each hold."""
    found = act(_show(session(context).installed, bulk))
    if json:
        show_json(found)
        return
    row: BulkRow = found["row"]
    heading(f"{row.label}  {_act_of(row)}  {row.state}")
    say(f"  chosen   {', '.join(f'{k} {v}' for k, v in row.filter.items())}")
    say(f"  asked    {shown(row.asked_at)} by {row.asked_by}, {row.per_second:f} in a second")
    if row.decided_by:
        say(f"  decided  {shown(row.decided_at)} by {row.decided_by}")
    show_table(
        ("hold", "state", "when", "message"),
        [(f"H-{h.hold}", h.state, h.ended_at, h.message) for h in found["holds"]],
    )


@cli.command()
def approve(context: typer.Context, bulk: Label) -> None:
    """Let a bulk act run that another person asked for."""
    from isthmus.holds.bulk import approve as let_run

    _decide(context, bulk, lambda app, row: let_run(app.engine, row, person()))


@cli.command()
def decline(context: typer.Context, bulk: Label) -> None:
    """Keep a bulk act from running."""
    from isthmus.holds.bulk import decline as refuse

    _decide(context, bulk, lambda app, row: refuse(app.engine, row, person()))


def _decide(
    context: typer.Context, label: str, do: Callable[[App, BulkRow], Awaitable[str]]
) -> None:
    async def decided() -> str:
        async with application(session(context).installed) as app:
            return await do(app, await _named(app.database, label))

    say(act(decided()))


def _act_of(row: BulkRow) -> str:
    return f"{row.act} {row.arguments['value']}".strip()


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))


async def _look_up(settings: Settings, wish: Wish) -> Found:
    from isthmus.holds.bulk import look_up

    async with application(settings) as app:
        return await look_up(app.engine, wish)


async def _ask(settings: Settings, wish: Wish) -> Asked:
    from isthmus.holds.bulk import ask

    async with application(settings) as app:
        return await ask(app.engine, wish, person())


async def _list(settings: Settings) -> list[tuple[BulkRow, dict[str, int]]]:
    async with database(settings) as opened, opened.begin() as tx:
        return [(row, await tx.bulks.counts(row.number)) for row in await tx.bulks.list()]


async def _show(settings: Settings, label: str) -> dict[str, Any]:
    async with database(settings) as opened:
        row = await _named(opened, label)
        async with opened.begin() as tx:
            return {"label": row.label, "row": row, "holds": await tx.bulks.holds(row.number)}


async def _named(database: Database, label: str) -> BulkRow:
    async with database.begin() as tx:
        found = await tx.bulks.find(label)
    if found is None:
        raise Problem(
            f"There is no bulk act {label}.", "They are named B-1, B-2 and so on.",
            "`isthmus hold bulk list` lists them.",
        )  # fmt: skip
    return found

"""`revenue`: what contracts earned per month, against billing and against the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import FINDING
from isthmus.cli.session import act, application, session

if TYPE_CHECKING:
    from datetime import date

    from isthmus.flows.revenue_preview import RevenueRow
    from isthmus.settings import Settings


def revenue(
    context: typer.Context,
    up_to: Annotated[
        datetime,
        typer.Option("--up-to", formats=["%Y-%m"], help="Last month to work out, as 2026-07."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the figures; start, keep and post nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Show revenue per contract and month, and start the runs that book it and compare it with
    the ledger. Ends with 1 where something differs or cannot be worked out.
    """
    from isthmus.rules.calendar import month_end

    settings = session(context).installed
    rows, runs = act(_revenue(settings, month_end(up_to.date()), dry_run))
    if json:
        show_json({"up_to": f"{up_to:%Y-%m}", "runs": runs, "rows": rows})
    else:
        _show(rows, f"{up_to:%Y-%m}")
        say("nothing was posted" if dry_run else f"{runs} runs are started; see `isthmus run list`")
    if any(row.differs for row in rows):
        raise typer.Exit(FINDING)


COMMANDS = {"revenue": revenue}


async def _revenue(
    settings: Settings, day: date, dry_run: bool
) -> tuple[tuple[RevenueRow, ...], int]:
    from isthmus.flows.revenue_alignment import request_revenue
    from isthmus.flows.revenue_preview import preview_revenue

    async with application(settings) as app:
        rows = await preview_revenue(app.engine, day)
        return rows, 0 if dry_run else await request_revenue(app.engine, day)


def _show(rows: tuple[RevenueRow, ...], month: str) -> None:
    if not rows:
        say(f"no contract earned anything up to {month}")
        return
    figures = ("earned", "to book", "billed", "unbilled", "ledger", "difference")
    show_table(
        ("contract", "month", *figures, "note"),
        [
            (r.contract, r.month, r.earned, r.moved, r.billed, r.position, r.theirs,
             r.difference, r.note)
            for r in rows
        ],
        right=figures,
    )  # fmt: skip
    say("unbilled: earned less billed, to date; below zero it is deferred")

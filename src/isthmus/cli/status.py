"""`status`: how the installation stands, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from isthmus.cli.output import Json, amount, heading, say, show_json, show_table
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.observe.status import ConnectionUse, Status
    from isthmus.settings import Settings


def status(context: typer.Context, json: Json = False) -> None:
    """Systems, runs, hours, holds and what they block."""
    found = act(_read(session(context).installed))
    if json:
        show_json(found)
    else:
        _show(found)


COMMANDS = {"status": status}


async def _read(settings: Settings) -> Status:
    from isthmus.observe.status import status_of

    async with database(settings) as opened, opened.begin() as tx:
        return await status_of(tx)


def show_uses(uses: Sequence[ConnectionUse]) -> None:
    show_table(
        ("connection", "state", "at once", "waiting", "window", "24 h", "vendor says", "detail"),
        [(u.connection, u.state, f"{u.in_flight} of {u.concurrency}", u.waiting,
          _of(u.calls, u.calls_allowed, f" in {u.per} s"),
          _of(sum(u.day.values()), u.day_allowed),
          "" if u.vendor_used is None else _of(u.vendor_used, u.vendor_allowed),
          u.detail or "") for u in uses],
        right=("waiting",),
    )  # fmt: skip


def _of(used: int, allowed: int | None, unit: str = "") -> str:
    """The window is counted only where it is limited, the day always."""
    if allowed is None:
        return "" if unit else f"{used:,}"
    return f"{used:,} of {allowed:,}{unit}"


def _show(found: Status) -> None:
    workers = f"{found.workers} at work" if found.workers else "none; start `isthmus up`"
    say(f"workers: {workers} · messages waiting: {found.inbox_waiting}")
    heading("\nsystems")
    show_table(
        ("system", "object", "latest change", "read", "seconds ago"),
        [(s.connection, s.kind, s.latest_change, s.read_at, s.seconds_since)
         for s in found.systems],
        right=("seconds ago",),
    )  # fmt: skip
    if found.connections:
        heading("\nconnections")
        show_uses(found.connections)
    heading("\nruns")
    show_table(
        ("flow", "state", "runs"), [(r.flow, r.state, r.runs) for r in found.runs], right=("runs",)
    )
    heading("\napproved billable hours, at the PSA's rate")
    show_table(
        ("state", "entries", "value"),
        [(e.state, e.entries, amount(e.value, e.currency)) for e in found.entries],
        right=("entries", "value"),
    )
    if found.expenses:
        heading("\napproved billable expenses, as spent")
        show_table(
            ("state", "entries", "value"),
            [(e.state, e.entries, amount(e.value, e.currency)) for e in found.expenses],
            right=("entries", "value"),
        )
    heading("\nholds")
    show_table(
        ("owner", "state", "holds", "blocked"),
        [(h.owner, h.state, h.holds, amount(h.blocked, h.currency)) for h in found.holds],
        right=("holds", "blocked"),
    )
    if found.billing_to_review:
        heading("\nbilling schedules to review before the first invoice")
        show_table(
            ("project", "name", "asked"),
            [(p.project, p.name, p.requested_at) for p in found.billing_to_review],
        )
    if found.holds:
        say("\nnext: isthmus hold list")

"""Accounts, keys and acts for the pictures: the demo leaves Isthmus itself without any."""

from __future__ import annotations

from datetime import timedelta

from isthmus.access import Permission
from isthmus.access.accounts import FIRST, add_machine, add_person, grant, named
from isthmus.access.keys import add_key, bearer_of, rotate_key
from isthmus.access.log_in import begin
from isthmus.app import App
from isthmus.engine.held_work import held_object
from isthmus.engine.hold_actions import assign, fix
from isthmus.holds.acts import comment
from isthmus.store.holds import HoldRow
from isthmus.web.sessions import lasts_of

PEOPLE = (
    (FIRST, "Administrator", "admin", ""),
    ("controller@firm.example", "Controller", "finance", ""),
    ("billing.nl@firm.example", "Billing, Netherlands", "finance", "EA-NL"),
    ("project.office@firm.example", "Project office", "pmo", ""),
    ("auditor@firm.example", "External auditor", "auditor", ""),
)
DAY = timedelta(days=1)


async def looked_at(app: App) -> str:
    """The secret of a session of `admin`."""
    await _governed(app)
    async with app.database.begin() as tx:
        row = await named(tx, FIRST)
        await tx.accounts.set_password(row.id, row.password or "", must_change=False)
        return await begin(tx, row, "127.0.0.1", lasts_of(app.settings))


async def _governed(app: App) -> None:
    """Once for each place."""
    async with app.database.begin() as tx:
        if await tx.accounts.any():
            return
        holds = await tx.holds.list(code="phase_closed", limit=2)
    for name, shown, role, place in PEOPLE:
        await add_person(app.database, name, shown, [(role, place)], "admin")
    await grant(app.database, "project.office@firm.example", ("delivery", ""), "admin")
    await _machines(app)
    await _worked(app, holds)


async def _machines(app: App) -> None:
    database = app.database
    await add_machine(database, "time-portal", "Hours by phone", [("service", "")], "admin")
    old = await add_key(database, "time-portal", [Permission.TIME_SUBMIT], 90 * DAY, "admin")
    await bearer_of(database, old.key, {})
    await rotate_key(database, old.id, 90 * DAY, 7 * DAY, "admin")
    await add_machine(database, "warehouse", "Reads events", [("service", "")], "admin")
    await add_key(database, "warehouse", [Permission.EVENTS_READ], 300 * DAY, "admin")


async def _worked(app: App, holds: list[HoldRow]) -> None:
    """A hold is handed on, talked about and corrected."""
    if not holds:
        return
    by, first = "project.office@firm.example", holds[0]
    await assign(app.engine, first, by, "controller@firm.example")
    await comment(app.engine, first, "asked the client: the phase goes on until the handover", by)
    async with app.database.begin() as tx:
        entry = await held_object(tx, first)
        phases = await tx.listings.objects(
            "phase", equal={"project": getattr(entry, "project", "")}
        )
    other = [phase.id for phase in phases if phase.id != getattr(entry, "phase", "")]
    if other:
        await fix(app.engine, first, {"phase": other[0]}, by, within=None)

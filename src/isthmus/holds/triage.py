"""Severity, deadline and clock of every open hold, from its facts and the firm's rules.

A hold is looked at after it opens or stops again, and when the passing of time may change the
answer. That it is overdue is told once, whatever becomes of its severity afterwards.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from isthmus.engine.engine import Engine
from isthmus.engine.hold_story import tell
from isthmus.kit.money import Money
from isthmus.landscape import Landscape
from isthmus.rules.billing_day import next_billing_on
from isthmus.rules.severity import severity_of
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow
from isthmus.store.queues import Assessment

BY = "isthmus"
AT_ONCE = 500
"""Holds in one transaction."""
AGAIN = timedelta(hours=1)
"""How often a hold is looked at whose deadline is not near yet."""


async def triage(engine: Engine, now: datetime) -> int:
    """Look at every hold whose turn it is; the number of them."""
    seen = 0
    while True:
        async with engine.database.begin() as tx:
            holds = await tx.queues.to_look_at(now, AT_ONCE)
            found = {hold.number: assess(engine.landscape, hold, now) for hold in holds}
            for hold in holds:
                await _tell(engine, tx, hold, found[hold.number])
            await tx.queues.assessed(found)
        seen += len(holds)
        if len(holds) < AT_ONCE:
            return seen


async def _tell(engine: Engine, tx: Transaction, hold: HoldRow, found: Assessment) -> None:
    if hold.severity not in (None, found.severity):
        was, now_is = {"severity": hold.severity}, {"severity": found.severity}
        await tell(engine, tx, "hold.severity_changed", hold, BY, before=was, after=now_is)
    if found.overdue_at != hold.overdue_at:
        missed = {"due_at": found.due_at.isoformat(), "severity": found.severity}
        await tell(engine, tx, "hold.overdue", hold, BY, before={}, after=missed)


def assess(landscape: Landscape, hold: HoldRow, now: datetime) -> Assessment:
    """The clock runs from when the hold opened, by the working hours of its owner's queue."""
    queue = landscape.exceptions.queues.of(hold.owner)
    office = queue.working.clock(landscape.firm.calendar.timezone)
    deadline = _deadline(landscape, hold)
    left = None if deadline is None else office.between(now, _start_of(landscape, deadline))
    severity = severity_of(
        landscape.exceptions.severity.rule, state=hold.state, code=hold.code,
        blocked=_blocked(hold), until_deadline=left,
    )  # fmt: skip
    due_at = office.due_at(hold.opened_at, queue.resolve_within.of(severity))
    waits_for_deadline = left is not None and left > landscape.exceptions.severity.deadline_within
    times = [due_at] if due_at > now else []
    times += [now + AGAIN] if waits_for_deadline else []
    overdue_at = hold.overdue_at or (now if due_at <= now else None)
    return Assessment(severity, deadline, due_at, overdue_at, min(times, default=None))


def _blocked(hold: HoldRow) -> Money | None:
    if hold.amount is None or hold.currency is None:
        return None
    return Money.of(hold.amount, hold.currency)


def _deadline(landscape: Landscape, hold: HoldRow) -> date | None:
    """The billing day that blocked money misses; None where nothing is billed by the clock."""
    billing_day = landscape.schedules.billing_day
    if billing_day is None or not hold.amount:
        return None
    zone = ZoneInfo(landscape.firm.calendar.timezone)
    return next_billing_on(hold.opened_at.astimezone(zone).date(), billing_day)


def _start_of(landscape: Landscape, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(landscape.firm.calendar.timezone))

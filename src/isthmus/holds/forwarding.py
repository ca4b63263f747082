"""Service desks are told of holds: planned as rows, sent by one worker for each desk.

A notice is told once, unless the answer was lost: then again, under the same idempotency key.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from isthmus.connect.errors import ConnectError
from isthmus.engine.engine import Engine
from isthmus.holds.channels import deliver
from isthmus.holds.outside import Outside
from isthmus.kit.money import Money
from isthmus.landscape.desks import Desk
from isthmus.rules.notice import Facts, Kind
from isthmus.rules.severity import Severity
from isthmus.store.database import Transaction
from isthmus.store.holds import RESOLVED, HoldRow
from isthmus.store.leadership import leading
from isthmus.store.notices import NoticeRow

log = structlog.get_logger()
LONGEST = timedelta(hours=1)
"""Most that a desk which takes nothing is left alone."""


async def forward(engine: Engine, now: datetime, *, site: str | None = None) -> int:
    """Tell every desk what it has not been told; the number of notices that were taken. `site`:
    address of the console, where a notice leads to.
    """
    taken = 0
    for name, desk in engine.landscape.exceptions.desks.items():
        async with leading(engine.database.engine, f"desk:{name}") as lead:
            if lead:
                async with engine.database.begin() as tx:
                    await _plan(tx, name, desk, now)
                taken += await _tell_all(engine, name, desk, now, site)
    return taken


async def _plan(tx: Transaction, name: str, desk: Desk, now: datetime) -> None:
    severities = [s.value for s in Severity if s.at_least(desk.severity_from)]
    if Kind.OPENED in desk.tells:
        await tx.notices.plan_opened(name, desk.queues, severities, now)
    if Kind.OVERDUE in desk.tells:
        await tx.notices.plan_overdue(name, desk.queues, severities, now)
    if Kind.OVER in desk.tells:
        await tx.notices.plan_over(name, now)


async def _tell_all(engine: Engine, name: str, desk: Desk, now: datetime, site: str | None) -> int:
    """A desk that does not take one is not asked to take the next: it is away."""
    taken = 0
    while True:
        async with engine.database.begin() as tx:
            notice = await tx.notices.next_due(name, now)
            if notice is None:
                return taken
            hold = await tx.holds.find(str(notice.hold))
            if hold is None or _is_past(notice, hold):
                await tx.notices.dropped(notice)
                continue
        facts = facts_of(notice, hold, await Outside.of(engine, site))
        if not await _tell(engine, desk, notice, facts, now):
            return taken
        taken += 1


def _is_past(notice: NoticeRow, hold: HoldRow) -> bool:
    """It was over before the desk ever heard of it."""
    return notice.kind != Kind.OVER and hold.state == RESOLVED and not notice.attempts


async def _tell(engine: Engine, desk: Desk, notice: NoticeRow, facts: Facts, now: datetime) -> bool:
    try:
        reference = await deliver(notice.desk, desk, facts)
    except ConnectError as error:
        log.warning("desk.not_told", desk=notice.desk, hold=facts.hold, reason=str(error))
        pause = min(timedelta(seconds=2 ** min(notice.attempts + 1, 12)), LONGEST)
        async with engine.database.begin() as tx:
            await tx.notices.failed(notice, str(error), now + pause)
        return False
    async with engine.database.begin() as tx:
        await tx.notices.told(notice, reference)
    return True


def facts_of(notice: NoticeRow, hold: HoldRow, outside: Outside) -> Facts:
    blocked = hold.amount is not None and hold.currency is not None
    over = f"{outside.text(hold.resolution or '')} by {outside.actor(hold.resolved_by or '')}"
    return Facts(
        key=notice.key, kind=notice.kind, hold=hold.label, severity=hold.severity or "",
        queue=hold.owner, code=hold.code, reason=outside.text(hold.reason),
        fix=outside.text(hold.fix), client=outside.text(hold.customer or ""),
        amount=str(Money.of(hold.amount or 0, hold.currency or "")) if blocked else "",
        due_at=f"{hold.due_at:%Y-%m-%d %H:%M} UTC" if hold.due_at else "",
        deadline_on=str(hold.deadline_on or ""),
        assigned_to=outside.actor(hold.assigned_to or ""),
        resolution=over if hold.state == RESOLVED else "", page=outside.page(hold.label),
    )  # fmt: skip

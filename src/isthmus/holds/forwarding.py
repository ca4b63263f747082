"""Service desks are told of holds: planned as rows, sent by one worker for each desk.

A notice is told once, unless the answer was lost: then again, under the same idempotency key.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from isthmus.connect.errors import ConnectError
from isthmus.engine.engine import Engine
from isthmus.events.personal import Residence, residence_of
from isthmus.holds.channels import deliver
from isthmus.kit.money import Money
from isthmus.landscape.desks import Desk
from isthmus.rules.notice import Facts, Kind
from isthmus.rules.severity import Severity
from isthmus.store.database import Transaction
from isthmus.store.holds import RESOLVED, HoldRow
from isthmus.store.leadership import leading
from isthmus.store.notices import NoticeRow

log = structlog.get_logger()
QUOTING = ("reason", "fix", "resolution")
"""Facts that may name people."""
LONGEST = timedelta(hours=1)
"""Most that a desk which takes nothing is left alone."""


async def forward(engine: Engine, now: datetime) -> int:
    """Tell every desk what it has not been told; the number of notices that were taken."""
    taken = 0
    for name, desk in engine.landscape.exceptions.desks.items():
        async with leading(engine.database.engine, f"desk:{name}") as lead:
            if lead:
                async with engine.database.begin() as tx:
                    await _plan(tx, name, desk, now)
                taken += await _tell_all(engine, name, desk, now)
    return taken


async def _plan(tx: Transaction, name: str, desk: Desk, now: datetime) -> None:
    severities = [s.value for s in Severity if s.at_least(desk.severity_from)]
    if Kind.OPENED in desk.tells:
        await tx.notices.plan_opened(name, desk.queues, severities, now)
    if Kind.OVERDUE in desk.tells:
        await tx.notices.plan_overdue(name, desk.queues, severities, now)
    if Kind.OVER in desk.tells:
        await tx.notices.plan_over(name, now)


async def _tell_all(engine: Engine, name: str, desk: Desk, now: datetime) -> int:
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
        if not await _tell(engine, desk, notice, hold, now):
            return taken
        taken += 1


def _is_past(notice: NoticeRow, hold: HoldRow) -> bool:
    """It was over before the desk ever heard of it."""
    return notice.kind != Kind.OVER and hold.state == RESOLVED and not notice.attempts


async def _tell(
    engine: Engine, desk: Desk, notice: NoticeRow, hold: HoldRow, now: datetime
) -> bool:
    residence = residence_of(engine.landscape, f"desk {notice.desk}", desk.region)
    try:
        facts = facts_of(notice, hold)
        kept = await _without_people(engine, residence, facts)
        reference = await deliver(notice.desk, desk, kept)
    except ConnectError as error:
        log.warning("desk.not_told", desk=notice.desk, hold=hold.label, reason=str(error))
        pause = min(timedelta(seconds=2 ** min(notice.attempts + 1, 12)), LONGEST)
        async with engine.database.begin() as tx:
            await tx.notices.failed(notice, str(error), now + pause)
        return False
    async with engine.database.begin() as tx:
        await tx.notices.told(notice, reference)
        await residence.count(tx, int(kept != facts))
    return True


async def _without_people(engine: Engine, residence: Residence, facts: Facts) -> Facts:
    """Those whose data the desk may not keep; its texts quote them."""
    texts = {n: await residence.text(engine.database, getattr(facts, n)) for n in QUOTING}
    return replace(facts, **texts)


def facts_of(notice: NoticeRow, hold: HoldRow) -> Facts:
    blocked = hold.amount is not None and hold.currency is not None
    over = f"{hold.resolution} by {hold.resolved_by}" if hold.state == RESOLVED else ""
    return Facts(
        key=notice.key, kind=notice.kind, hold=hold.label, severity=hold.severity or "",
        queue=hold.owner, code=hold.code, reason=hold.reason, fix=hold.fix,
        client=hold.customer or "",
        amount=str(Money.of(hold.amount or 0, hold.currency or "")) if blocked else "",
        due_at=f"{hold.due_at:%Y-%m-%d %H:%M} UTC" if hold.due_at else "",
        deadline_on=str(hold.deadline_on or ""), assigned_to=hold.assigned_to or "",
        resolution=over,
    )  # fmt: skip

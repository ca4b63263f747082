"""Amendments of a later day: when it comes, the assignments of the PSA get the agreed price.

What is remembered is the day up to which was asked, as for billing: a day that no worker saw is
made up for by the next one that runs.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from isthmus.canonical import Contract
from isthmus.engine import Engine, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.flows.contract_alignment import assignments_at, today_of
from isthmus.store.database import Transaction

STREAM = ("isthmus", "amendments")
"""Where it is remembered, among the watermarks of what is read."""


@flow(
    on="amendment.effective",
    key=lambda event: f"{event.subject}:{event.data['effective_on']}",
    owner="pmo",
    priority=10,
)
async def amendment_effective(run: Run) -> None:
    await run.step(take_effect)


async def take_effect(step: Step) -> int:
    """The price in force today or on the event's day, the later: a late run sets no old price."""
    async with step.begin() as tx:
        contract = await tx.records.get(Contract, step.subject)
    came = date.fromisoformat(step.event.data["effective_on"])
    return len(await assignments_at(step, contract, max(came, today_of(step.landscape))))


async def amendments_when_due(engine: Engine, now: datetime) -> int:
    """Start one run per contract with prices that apply from a day since the last look; their
    number. Asking and remembering commit together.
    """
    today = now.astimezone(ZoneInfo(engine.landscape.firm.calendar.timezone)).date()
    async with engine.database.begin() as tx:
        await tx.lock("amendments")
        seen = await _seen_up_to(tx)
        if seen is not None and today <= seen:
            return 0
        await tx.watermarks.save(*STREAM, {"up_to": today.isoformat()})
        due = [
            (contract, day)
            for contract in await tx.records.list(Contract)
            for day in days_due(contract, seen, today)
        ]
        for contract, day in due:
            await engine.outbox.emit(tx, _effective(contract, day))
    return len(due)


def days_due(contract: Contract, seen: date | None, today: date) -> list[date]:
    """Days after `seen` up to today from which a price of the contract applies.

    Before the first look no day is due but today: what took effect earlier was written when the
    amendment was made.
    """
    days = {a.effective_on for a in contract.amendments if a.prices}
    return sorted(d for d in days if d <= today and (d == today if seen is None else seen < d))


def _effective(contract: Contract, day: date) -> Event:
    return Event(
        type="amendment.effective", source="amendments", subject=contract.id,
        correlation_id=contract.opportunity, data={"effective_on": day.isoformat()},
    )  # fmt: skip


async def _seen_up_to(tx: Transaction) -> date | None:
    state = await tx.watermarks.get(*STREAM)
    return None if state is None else date.fromisoformat(state["up_to"])

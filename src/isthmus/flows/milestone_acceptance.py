"""Acceptance that nobody signs: the day on which a delivered milestone counts as accepted.

What waits is the milestone's own record. The clock looks at those that are delivered, so a day
that no worker saw, a correction of the day and terms given late are all made up for; a milestone
is told once for each day on which it came to count as accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from isthmus.canonical import Contract, Milestone, Project
from isthmus.engine import Engine
from isthmus.events.envelope import Event
from isthmus.flows.milestone_reading import terms_of
from isthmus.flows.milestone_to_invoice import milestone_to_invoice
from isthmus.rules.milestones.acceptance import Accepted, Basis
from isthmus.rules.milestones.decision import MilestonePolicy
from isthmus.rules.milestones.standing import standing_of
from isthmus.store.database import Transaction


async def milestones_when_due(engine: Engine, now: datetime) -> int:
    """Start one run per milestone that counts as accepted by now; their number. A milestone's day
    is the firm's, and asking and recording the run commit together.
    """
    today = now.astimezone(ZoneInfo(engine.landscape.firm.calendar.timezone)).date()
    policy = engine.landscape.policies.milestones.policy
    async with engine.database.begin() as tx:
        await tx.lock("milestones")
        waiting = await _waiting(tx)
        contracts = await _contracts(tx, waiting)
        events = [
            event
            for event in _accepted(waiting, contracts, policy, today)
            if await tx.runs.get(milestone_to_invoice.run_id(event)) is None
        ]
        for event in events:
            await engine.outbox.emit(tx, event)
    return len(events)


async def _waiting(tx: Transaction) -> list[Milestone]:
    """Delivered ones, and those that were invoiced before anybody had accepted them."""
    delivered = await tx.records.list(Milestone, state="delivered")
    in_advance = await tx.records.list(Milestone, state="invoiced", earned_on=None)
    return [m for m in (*delivered, *in_advance) if m.earned_on is None]


async def _contracts(tx: Transaction, milestones: list[Milestone]) -> Mapping[str, Contract]:
    """By project."""
    projects = await tx.records.many(Project, (m.project for m in milestones))
    ids = {id: p.contract for id, p in projects.items() if p.contract}
    contracts = await tx.records.many(Contract, ids.values())
    return {project: contracts[id] for project, id in ids.items() if id in contracts}


def _accepted(
    milestones: list[Milestone],
    contracts: Mapping[str, Contract],
    policy: MilestonePolicy,
    today: date,
) -> Iterator[Event]:
    for milestone in milestones:
        contract = contracts.get(milestone.project)
        if contract is None:
            continue
        standing = standing_of(milestone, terms_of(milestone, contract, today), policy, today)
        if isinstance(standing, Accepted) and standing.basis is not Basis.SIGNED:
            yield _event(milestone, contract, standing)


def _event(milestone: Milestone, contract: Contract, standing: Accepted) -> Event:
    return Event(
        type="milestone.accepted_unsigned", source="milestones", subject=milestone.id,
        correlation_id=contract.opportunity,
        data={"accepted_on": standing.on.isoformat(), "basis": standing.basis.value},
    )  # fmt: skip

"""On final acceptance what the client withheld is billed, once.

A PSA has no word for final acceptance. It is when every project of the contract is closed and each
milestone of them is accepted or cancelled; one that is neither is a person's to settle first.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from isthmus.canonical import Contract, Customer, Milestone, Project
from isthmus.canonical.milestone import MilestoneState
from isthmus.engine import Hold, Run, Step, flow
from isthmus.flows.milestone_reading import MILESTONE
from isthmus.flows.reading import contract_of
from isthmus.flows.retention import RETENTION, finally_accepted, retention_fact, withheld_of
from isthmus.kit.money import Money
from isthmus.rules.milestones.retention import release
from isthmus.store.database import Transaction


@flow(
    on="project.closed",
    key=lambda event: f"{event.subject}:{event.data['version']}",
    owner="finance",
    priority=20,
)
async def retention_release(run: Run) -> None:
    await run.step(release_retention)


async def release_retention(step: Step) -> str | None:
    """What is released; None where nothing is withheld or a project of the contract goes on."""
    async with step.begin() as tx:
        contract = await contract_of(tx, await tx.records.get(Project, step.subject))
        if contract is None:
            return None
        await tx.lock(f"contract:{contract.id}")
        projects = await tx.records.list(Project, contract=contract.id)
        withheld = await withheld_of(tx, contract)
        if not finally_accepted(projects) or withheld.amount <= 0:
            return None
        if still_open := await _not_accepted(tx, projects):
            raise await _held(tx, contract, withheld, still_open)
        return await _release(tx, step, contract, withheld)


async def _not_accepted(tx: Transaction, projects: list[Project]) -> list[Milestone]:
    stones = [m for p in projects for m in await tx.records.list(Milestone, project=p.id)]
    rated = {f.source_id for f in await tx.ledger.live(MILESTONE, [m.id for m in stones])}
    done = rated | {m.id for m in stones if m.earned_on is not None}
    return [m for m in stones if m.id not in done and m.state is not MilestoneState.CANCELLED]


async def _held(
    tx: Transaction, contract: Contract, withheld: Money, still_open: list[Milestone]
) -> Hold:
    customer = await tx.records.get(Customer, contract.customer)
    names = ", ".join(f"{m.name} is {m.state}" for m in still_open)
    return Hold(
        f"{withheld} withheld of {contract.number} are not released: its projects are closed and "
        f"{names}",
        code="final_acceptance_open", owner="pmo", blocks=withheld, customer=customer.name,
        fix="Record the client's acceptance in the PSA or cancel the milestone, then replay.",
        about=("contract", contract.id),
    )  # fmt: skip


async def _release(tx: Transaction, step: Step, contract: Contract, withheld: Money) -> str:
    day = await _day(tx, step, contract)
    fact = retention_fact(
        release(withheld).charges[0], step.run.id, contract=contract.id, project=step.subject,
        happened_on=day, profit_centre=None, legal_entity=contract.legal_entity,
        description="Retention release", run_id=step.run.id,
    )  # fmt: skip
    await tx.ledger.add([fact])
    await tx.ledger.mark_posted({fact["id"]: ""})
    await step.emit(tx, "retention.released", contract.id, {"amount": str(withheld)})
    await step.emit(tx, "billing.due", contract.id, {"up_to": day.isoformat()})
    return str(withheld)


async def _day(tx: Transaction, step: Step, contract: Contract) -> date:
    """When the project was closed, or the last milestone accepted after that."""
    zone = ZoneInfo(step.landscape.firm.calendar.timezone)
    closed_on = step.event.occurred_at.astimezone(zone).date()
    facts = await tx.ledger.of_contract(contract.id)
    kinds = (MILESTONE, RETENTION)
    return max(closed_on, *(f.happened_on for f in facts if f.source_kind in kinds))

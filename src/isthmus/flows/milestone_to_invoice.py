"""An accepted milestone is a rated fact: its price is agreed, so there is nothing to resolve.

It is invoiced at once, as its contract says (`on_acceptance`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from isthmus.canonical import Contract, Customer, Milestone, ProfitCentre, Project
from isthmus.engine import Hold, Run, Step, flow
from isthmus.flows.reading import contract_of, corrected
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id
from isthmus.rules.milestones.billing import check_milestone
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction


@flow(on="milestone.ready_to_bill", owner="finance", priority=20)
async def milestone_to_invoice(run: Run) -> None:
    await run.step(rate_milestone)


async def rate_milestone(step: Step) -> str:
    """Idempotent: one fact per milestone, whatever is repeated."""
    async with step.begin() as tx:
        milestone = await corrected(tx, await tx.records.get(Milestone, step.subject))
        project = await tx.records.get(Project, milestone.project)
        contract = await contract_of(tx, project)
        customer = await tx.records.find(Customer, project.customer)
        if problem := _problem(milestone, project, contract):
            raise Hold(
                problem.reason, code=problem.code, owner=problem.owner, fix=problem.fix,
                blocks=milestone.amount, customer=customer.name if customer else None,
                about=("milestone", milestone.id),
            )  # fmt: skip
        assert contract is not None
        centre = await _profit_centre(tx, project)
        fact = _fact(step, milestone, contract, centre)
        await tx.ledger.add([fact])
        await tx.ledger.mark_posted({fact["id"]: ""})
        await _bill(tx, step, contract, fact["happened_on"])
    return str(fact["id"])


def _problem(milestone: Milestone, project: Project, contract: Contract | None) -> Problem | None:
    if contract is None:
        return Problem(
            "contract_missing",
            f"{project.name} has no contract, so milestone {milestone.name} cannot be billed",
            "pmo",
            "Link the project to the deal it delivers (close the deal as won), then replay.",
            "contract",
        )
    return check_milestone(milestone)


async def _profit_centre(tx: Transaction, project: Project) -> str | None:
    """None where the project names none that the ledger knows: the price is agreed all the same."""
    if project.profit_centre is None:
        return None
    found = await tx.records.list(ProfitCentre, code=project.profit_centre)
    return found[0].id if found else None


def _fact(
    step: Step, milestone: Milestone, contract: Contract, profit_centre: str | None
) -> dict[str, Any]:
    day = milestone.delivered_on or utc_now().date()
    return {
        "id": derived_id("fact", milestone.id, "1"),
        "source_kind": "milestone",
        "source_id": milestone.id,
        "source_version": 1,
        "contract": contract.id,
        "project": milestone.project,
        "happened_on": day,
        "hours": 0,
        "billed_hours": 1,
        "rate": milestone.amount.amount,
        "amount": milestone.amount.rounded().amount,
        "currency": milestone.amount.currency,
        "description": milestone.name,
        "profit_centre": profit_centre,
        "legal_entity": contract.legal_entity,
        "trail": [{"scope": "milestone", "looked_for": milestone.name,
                   "found": f"agreed price {milestone.amount}"}],
        "run_id": step.run.id,
    }  # fmt: skip


async def _bill(tx: Transaction, step: Step, contract: Contract, day: date) -> None:
    await step.emit(tx, "billing.due", contract.id, {"up_to": day.isoformat()})

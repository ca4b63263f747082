"""A milestone that is delivered, accepted or released is decided upon, by contract and policy.

Wait, invoice, ask finance, or only earn what was billed in advance: the contract says what counts
as acceptance, `policies.milestones` which milestones a person looks at first. What is billed is a
rated fact dated by its acceptance, with its price as agreed, and beside it what the client
withholds; it is invoiced at once. A milestone that waits is no run but a row: what happens to it
next, or the clock (`milestone.accepted_unsigned`), starts the next run.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from isthmus.canonical import Contract, Milestone, ProfitCentre, Project
from isthmus.canonical.milestone import MilestoneState
from isthmus.engine import Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.flows.contract_alignment import today_of
from isthmus.flows.milestone_reading import MILESTONE, Case, case_of, decided, overtake, terms_of
from isthmus.flows.retention import finally_accepted, retention_fact, withheld_of
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.charge import lump
from isthmus.rules.milestones.acceptance import Accepted
from isthmus.rules.milestones.by_hand import billed_by_hand
from isthmus.rules.milestones.decision import Decision, MilestoneAction
from isthmus.rules.milestones.retention import withhold
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction


def _key(event: Event) -> str:
    """One run for each thing that happened to a milestone, however often it is told."""
    return f"{event.subject}:{event.data.get('version') or event.data['accepted_on']}"


@flow(
    on="milestone.ready_to_bill",
    also=("milestone.delivered", "milestone.accepted", "milestone.accepted_unsigned"),
    key=_key,
    owner="finance",
    priority=20,
)
async def milestone_to_invoice(run: Run) -> None:
    await run.step(rate_milestone)


async def rate_milestone(step: Step) -> str:
    """Decide and write what follows; the decision in words. A milestone is rated once."""
    async with step.begin() as tx:
        await overtake(tx, step)
    async with step.begin() as tx:
        case = await case_of(tx, step.subject)
        if case.contract is None:
            return _without_contract(case)
        if case.rated_before or case.milestone.earned_on is not None:
            return "rated before"
        policy, as_of = step.landscape.policies.milestones.policy, _as_of(step)
        decision, standing = decided(case, case.contract, policy, as_of)
        if decision.action is MilestoneAction.FINANCE_REVIEW:
            raise case.hold(_review(case, decision), decision.to_bill)
        if isinstance(standing, Accepted):
            await _settle(tx, step, case, case.contract, decision, standing)
    return f"{decision.action}: {decision.why}"


def _as_of(step: Step) -> date:
    """Today, or the day that the clock saw come, the later."""
    came = step.event.data.get("accepted_on")
    today = today_of(step.landscape)
    return max(date.fromisoformat(came), today) if came else today


def _without_contract(case: Case) -> str:
    """Said once a milestone is to be billed; before that a contract may still come."""
    milestone = case.milestone
    why = f"{case.project.name} has no contract, so milestone {milestone.name} cannot be billed"
    if milestone.state is not MilestoneState.READY_TO_BILL:
        return why
    raise case.hold(
        Problem(
            "contract_missing", why, "pmo",
            "Link the project to the deal it delivers (close the deal as won), then replay.",
            "contract",
        )
    )  # fmt: skip


def _review(case: Case, decision: Decision) -> Problem:
    amount = f"{decision.to_bill.amount:f} {decision.to_bill.currency}"
    return Problem(
        "milestone_review",
        f"milestone {case.milestone.name} would be invoiced at {decision.to_bill}: {decision.why}",
        "finance",
        f'Approve it with `isthmus hold fix HOLD "approved_amount={amount}"` and replay, or skip '
        "this hold with the reason why it is not billed.",
        "approved_amount",
    )


async def _settle(
    tx: Transaction,
    step: Step,
    case: Case,
    contract: Contract,
    decision: Decision,
    accepted: Accepted,
) -> None:
    if decision.action is MilestoneAction.INVOICE_NOW:
        if problem := billed_by_hand(
            case.milestone, terms_of(case.milestone, contract, accepted.on)
        ):
            raise case.hold(problem)
        facts = await _facts(tx, step, case, contract, decision, accepted)
        await tx.ledger.add(facts)
        await tx.ledger.mark_posted({fact["id"]: "" for fact in facts})
        await step.emit(tx, "billing.due", contract.id, {"up_to": accepted.on.isoformat()})
    milestone = await tx.records.get(Milestone, case.milestone.id)
    await tx.records.save(milestone.changed(earned_on=accepted.on))
    await step.emit(
        tx, "milestone.earned", milestone.id,
        {"on": accepted.on.isoformat(), "basis": accepted.basis.value, "amount": str(case.price),
         "billed_in_advance": str(case.billed_in_advance)},
    )  # fmt: skip


async def _facts(
    tx: Transaction,
    step: Step,
    case: Case,
    contract: Contract,
    decision: Decision,
    accepted: Accepted,
) -> list[dict[str, Any]]:
    """The price, and below zero what the client withholds of it."""
    milestone = case.milestone
    known = {
        "contract": contract.id,
        "project": milestone.project,
        "happened_on": accepted.on,
        "profit_centre": await _profit_centre(tx, case.project),
        "legal_entity": contract.legal_entity,
        "run_id": step.run.id,
    }
    price = {
        **known,
        "id": derived_id("fact", milestone.id, "1"),
        "source_kind": MILESTONE,
        "source_id": milestone.id,
        "source_version": 1,
        "hours": 0,
        "billed_hours": 1,
        "rate": milestone.amount.amount,
        "amount": decision.to_bill.amount,
        "currency": decision.to_bill.currency,
        "description": milestone.name,
        "trail": [{"scope": MILESTONE, "looked_for": milestone.name,
                   "found": f"agreed price {milestone.amount}"},
                  {"scope": "acceptance", "looked_for": milestone.name, "found": decision.why}],
    }  # fmt: skip
    return [price, *await _withheld(tx, case, contract, decision.to_bill, known)]


async def _withheld(
    tx: Transaction, case: Case, contract: Contract, price: Money, known: dict[str, Any]
) -> list[dict[str, Any]]:
    """Nothing once all is finally accepted."""
    milestone = case.milestone
    percent = terms_of(milestone, contract, known["happened_on"]).retention_percent
    if not percent or finally_accepted(await tx.records.list(Project, contract=contract.id)):
        return []
    before = await withheld_of(tx, contract)
    [kept] = withhold([lump(milestone.name, price, "agreed price")], percent, before)
    return [
        retention_fact(
            charge, milestone.id, description=f"{charge.description}, {milestone.name}", **known
        )
        for charge in kept.charges[1:]
    ]


async def _profit_centre(tx: Transaction, project: Project) -> str | None:
    """None where the project names none that the ledger knows: the price is agreed all the same."""
    if project.profit_centre is None:
        return None
    found = await tx.records.list(ProfitCentre, code=project.profit_centre)
    return found[0].id if found else None

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

from isthmus.canonical import Milestone, ProfitCentre, Project
from isthmus.canonical.milestone import MilestoneState
from isthmus.engine import Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.flows.contract_alignment import today_of
from isthmus.flows.milestone_reading import MILESTONE, Case, Verdict, case_of, decided, overtake
from isthmus.flows.retention import finally_accepted, retention_fact, withheld_of
from isthmus.kit.ids import derived_id
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
        verdict = decided(case, case.contract, policy, as_of)
        decision = verdict.decision
        if decision.action is MilestoneAction.FINANCE_REVIEW:
            raise case.hold(_review(case, decision), decision.to_bill)
        if verdict.accepted is not None:
            await _settle(tx, step, verdict, verdict.accepted)
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


async def _settle(tx: Transaction, step: Step, verdict: Verdict, accepted: Accepted) -> None:
    """Billed now or before: either way it is earned, on the day of its acceptance."""
    case, day = verdict.case, accepted.on.isoformat()
    if verdict.decision.action is MilestoneAction.INVOICE_NOW:
        if problem := billed_by_hand(case.milestone, verdict.terms):
            raise case.hold(problem)
        facts = await _facts(tx, step, verdict, accepted)
        await tx.ledger.add(facts)
        await tx.ledger.mark_posted({fact["id"]: "" for fact in facts})
        await step.emit(tx, "billing.due", verdict.contract.id, {"up_to": day})
    milestone = await tx.records.get(Milestone, case.milestone.id)
    await tx.records.save(milestone.changed(earned_on=accepted.on))
    await step.emit(
        tx, "milestone.earned", milestone.id,
        {"on": day, "basis": accepted.basis.value, "amount": str(case.price),
         "billed_in_advance": str(case.billed_in_advance)},
    )  # fmt: skip


async def _facts(
    tx: Transaction, step: Step, verdict: Verdict, accepted: Accepted
) -> list[dict[str, Any]]:
    """The price, and below zero what the client withholds of it."""
    milestone, decision = verdict.case.milestone, verdict.decision
    known = {
        "contract": verdict.contract.id,
        "project": milestone.project,
        "happened_on": accepted.on,
        "profit_centre": await _profit_centre(tx, verdict.case.project),
        "legal_entity": verdict.contract.legal_entity,
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
    return [price, *await _withheld(tx, verdict, known)]


async def _withheld(
    tx: Transaction, verdict: Verdict, known: dict[str, Any]
) -> list[dict[str, Any]]:
    """Nothing once all is finally accepted."""
    contract, percent = verdict.contract, verdict.terms.retention_percent
    if not percent or finally_accepted(await tx.records.list(Project, contract=contract.id)):
        return []
    milestone = verdict.case.milestone
    work = lump(milestone.name, verdict.decision.to_bill, "agreed price")
    [kept] = withhold([work], percent, await withheld_of(tx, contract))
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

"""A won amendment changes the contract's terms from a day on; what was agreed before stays."""

from __future__ import annotations

from isthmus.canonical import Contract, Customer, Opportunity
from isthmus.engine import Hold, Run, Step, flow
from isthmus.flows.reading import corrected, crm_of
from isthmus.kit.ids import derived_id
from isthmus.rules.contracts import amend
from isthmus.rules.engagement import check_amendment
from isthmus.store.database import Transaction


@flow(on="opportunity.amendment_won", owner="pmo", priority=10)
async def contract_amendment(run: Run) -> None:
    await run.step(amend_contract)
    await run.step(return_status)


async def amend_contract(step: Step) -> str:
    """Idempotent by the amending deal: a repeat finds its amendment in the contract."""
    crm = await crm_of(step, step.subject)
    await crm.refresh(Opportunity, step.subject)
    async with step.begin() as tx:
        deal = await corrected(tx, await tx.records.get(Opportunity, step.subject))
        contract = await _amended(tx, deal)
        changed = amend(contract, deal)
        if changed != contract:
            await tx.records.save(changed)
            [number] = [a.number for a in changed.amendments if a.opportunity == deal.id]
            await step.emit(
                tx, "contract.amended", contract.id, {"number": number, "opportunity": deal.id}
            )
    return contract.id


async def _amended(tx: Transaction, deal: Opportunity) -> Contract:
    customer = await tx.records.find(Customer, deal.customer)
    contract = await tx.records.find(Contract, derived_id("contract", deal.amends or ""))
    if contract is None:
        raise Hold(
            f"{deal.name} amends a deal that has no contract yet",
            code="contract_missing", owner="pmo", blocks=deal.amount,
            fix="Finish the hand-over of the first deal (see its hold), then replay.",
            customer=customer.name if customer else None, about=("opportunity", deal.id),
        )  # fmt: skip
    problems = check_amendment(deal, contract)
    if problems:
        raise Hold(
            "; ".join(p.reason for p in problems), code=problems[0].code,
            owner=problems[0].owner, fix=problems[0].fix, blocks=deal.amount,
            customer=customer.name if customer else None, about=("opportunity", deal.id),
        )  # fmt: skip
    return contract


async def return_status(step: Step) -> None:
    crm = await crm_of(step, step.subject)
    async with step.begin() as tx:
        deal = await tx.records.get(Opportunity, step.subject)
        returned = deal.changed(delivery_status="contract amended", delivery_message=None)
        await tx.records.save(returned)
    await crm.put(
        returned, step.idempotency_key, only=frozenset({"delivery_status", "delivery_message"})
    )

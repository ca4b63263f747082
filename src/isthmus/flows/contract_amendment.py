"""A won amendment changes the contract's terms from a day on, and what follows from them: budgets,
prices, plan and assignments in the PSA, project and billing schedule in the ledger, and the price
of work already done. What was agreed before stays.

Everything is checked before anything is written. Each system is a step: one that fails leaves an
open hold that says what has been changed and what has not, and the replay goes on from there.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from isthmus.canonical import Assignment, Contract, Customer, Opportunity, Project
from isthmus.engine import Hold, Run, Step, flow
from isthmus.events.links import Link
from isthmus.flows.amended_work import reprice_work
from isthmus.flows.contract_alignment import (
    Done,
    agreed,
    cards_of,
    extend_ledger_project,
    extend_project,
    held,
    known_roles,
    plan_added_work,
    planned_cards,
    set_assignment_rates,
    set_billing_schedule,
    set_controls,
    set_prices,
)
from isthmus.flows.reading import corrected, crm_of
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.amendments import price_on, value_on
from isthmus.rules.contracts import amend, as_amending, ends_on
from isthmus.rules.engagement import DealContext, check_amendment
from isthmus.rules.problems import Problem
from isthmus.rules.rating import RateBook
from isthmus.store.database import Transaction


@flow(on="opportunity.amendment_won", owner="pmo", priority=10)
async def contract_amendment(run: Run) -> None:
    contract = await run.step(amend_contract)
    done = await run.step(set_controls, contract, [])
    done = [*done, *await run.step(extend_project, contract, done)]
    done = [*done, *await run.step(plan_added_work, contract, done)]
    done = [*done, *await run.step(set_prices, contract, done)]
    done = [*done, *await run.step(set_assignment_rates, contract, done)]
    done = [*done, *await run.step(extend_ledger_project, contract, done)]
    done = [*done, *await run.step(set_billing_schedule, contract, done)]
    work = await run.step(reprice_work, contract, done)
    await run.step(tell_alignment, contract, done, work)
    await run.step(return_status, contract, done)


async def amend_contract(step: Step) -> str:
    """Idempotent by the amending deal: a repeat finds its amendment in the contract."""
    crm = await crm_of(step, step.subject)
    await crm.refresh(Opportunity, step.subject)
    async with step.begin() as tx:
        deal = await corrected(tx, await tx.records.get(Opportunity, step.subject))
        id = derived_id("contract", deal.amends or "")
        await tx.lock(f"contract:{id}")
        contract = await tx.records.find(Contract, id)
        psa = step.links.psa(contract.legal_entity) if contract else None
        changed = await _checked(tx, deal, contract, psa)
        if changed != contract:
            await tx.records.save(changed)
            await step.emit(tx, "contract.amended", id, await _change(tx, deal, changed, psa))
    return id


async def _checked(
    tx: Transaction, deal: Opportunity, contract: Contract | None, psa: Link | None
) -> Contract:
    """The contract with the deal's changes. Raises Hold where something speaks against them."""
    customer = await tx.records.find(Customer, deal.customer)
    project = await tx.records.find(Project, contract.project or "") if contract else None
    if contract is None or psa is None or project is None:
        raise _not_handed_over(deal, customer)
    if await tx.xref.external("project", psa.space, project.id) is None:
        raise _not_handed_over(deal, customer)
    staffed = await tx.records.list(Assignment, project=project.id)
    roles = known_roles(await cards_of(tx, psa), staffed)
    problems = check_amendment(deal, contract, DealContext(customer, known_roles=roles))
    if not problems:
        changed = amend(contract, as_amending(deal, contract))
        plan = await planned_cards(tx, psa, changed)
        if not isinstance(plan, Problem):
            return changed
        problems = (plan,)
    raise held(problems, deal, customer)


def _not_handed_over(deal: Opportunity, customer: Customer | None) -> Hold:
    return Hold(
        f"{deal.name} amends a deal that has no contract and project yet",
        code="contract_missing", owner="pmo", blocks=deal.amount,
        fix="Finish the hand-over of the first deal (see its hold), then replay.",
        customer=customer.name if customer else None, about=("opportunity", deal.id),
    )  # fmt: skip


async def _change(
    tx: Transaction, deal: Opportunity, changed: Contract, psa: Link | None
) -> dict[str, Any]:
    """Who changed what: every term before and after, as it stands on the amendment's first day."""
    [amendment] = [a for a in changed.amendments if a.opportunity == deal.id]
    others = tuple(a for a in changed.amendments if a.opportunity != deal.id)
    before: Contract = changed.changed(amendments=others)
    book = RateBook.build(await cards_of(tx, psa) if psa else ())
    day = amendment.effective_on
    prices = {p.role: price_on(book, changed, changed.project or "", p.role, day)
              for p in amendment.prices}  # fmt: skip
    listed = {role: found.rate for role, found in prices.items() if found}
    return {
        "number": amendment.number,
        "opportunity": deal.id,
        "deal": deal.name,
        "effective_on": day.isoformat(),
        "before": _terms(before, day, {**listed, **before.prices_on(day)}),
        "after": _terms(changed, day, changed.prices_on(day)),
    }


def _terms(contract: Contract, day: date, prices: dict[str, Money]) -> dict[str, Any]:
    value, cap, last = value_on(contract, day), contract.cap_on(day), ends_on(contract, day)
    return {
        "value": str(value) if value else None,
        "cap": str(cap) if cap else None,
        "ends_on": last.isoformat() if last else None,
        "prices": {role: str(rate) for role, rate in sorted(prices.items())},
        "instalments": [f"{i.description}, {i.due_on}: {i.amount}" for i in contract.instalments],
    }


async def tell_alignment(step: Step, contract_id: str, done: Done, work: dict[str, Any]) -> None:
    """The audit trail: which systems followed, under which ids, and what became of the work."""
    now = await agreed(step, contract_id, done)
    left_out = [f"{d['system']} has no place for the {d['what']}" for d in done
                if d["external_id"] is None]  # fmt: skip
    async with step.begin() as tx:
        await step.emit(
            tx, "contract.aligned", contract_id,
            {
                "number": now.amendment.number, "opportunity": now.deal.id,
                "systems": [d for d in done if d["external_id"] is not None],
                "left_out": left_out, **work,
            },
        )  # fmt: skip


async def return_status(step: Step, contract_id: str, done: Done) -> None:
    await agreed(step, contract_id, done)
    crm = await crm_of(step, step.subject)
    async with step.begin() as tx:
        deal = await tx.records.get(Opportunity, step.subject)
        returned = deal.changed(delivery_status="contract amended", delivery_message=None)
        await tx.records.save(returned)
    await crm.put(
        returned, step.idempotency_key, only=frozenset({"delivery_status", "delivery_message"})
    )

"""What an amended contract changes in the PSA and the ledger, one step for each kind of change.

Every step writes what the contract says now, so a repeat writes the same again or finds it there.
What a step changed is its result; with it the next step can say how far the run has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from isthmus.canonical import (
    Assignment,
    CanonicalObject,
    Contract,
    Customer,
    Opportunity,
    Project,
    RateCard,
)
from isthmus.canonical.contract import Amendment
from isthmus.engine import Hold, Step
from isthmus.events.links import Link
from isthmus.flows.planning import demands_of, made, milestones_of
from isthmus.flows.reading import corrected
from isthmus.kit.clock import utc_now
from isthmus.landscape import Landscape
from isthmus.rules.amendments import CardPlan, cards_after
from isthmus.rules.contracts import as_amending
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction

Done = list[dict[str, Any]]
"""What was changed where, as `contract.aligned` tells it."""

PARTS: Mapping[str, str] = {
    "set_controls": "budgets of the PSA",
    "extend_project": "last day of the PSA's project",
    "plan_added_work": "milestones and demand",
    "set_prices": "rate cards",
    "set_assignment_rates": "rates of assignments",
    "extend_ledger_project": "project of the ledger",
    "set_billing_schedule": "billing schedule of the ledger",
    "reprice_work": "work already done",
    "tell_alignment": "audit trail",
    "return_status": "status of the deal",
}
"""Step -> what it changes, in their order."""


@dataclass(frozen=True)
class Agreed:
    """An amendment with what it belongs to."""

    contract: Contract
    amendment: Amendment
    project: Project
    deal: Opportunity


async def agreed(step: Step, contract_id: str, done: Done) -> Agreed:
    """From here on a stop of the run names client, amount and how far it has come."""
    async with step.begin() as tx:
        contract = await tx.records.get(Contract, contract_id)
        deal = await corrected(tx, await tx.records.get(Opportunity, step.subject))
        project = await tx.records.get(Project, contract.project or "")
        customer = await tx.records.find(Customer, contract.customer)
    [amendment] = [a for a in contract.amendments if a.opportunity == deal.id]
    step.at_stake(
        deal.amount, customer.name if customer else None, ("opportunity", deal.id),
        progress=_progress(step.name, contract, amendment, done),
    )  # fmt: skip
    return Agreed(contract, amendment, project, as_amending(deal, contract))


def _progress(step: str, contract: Contract, amendment: Amendment, done: Done) -> str:
    changed = dict.fromkeys(f"{d['what']} in {d['system']}" for d in done if d["external_id"])
    names = list(PARTS)
    waiting = [PARTS[name] for name in names[names.index(step) :]]
    return (
        f"of amendment {amendment.number} of contract {contract.number} "
        f"done: {', '.join(changed) or 'nothing outside'}; still to do: {', '.join(waiting)}"
    )


async def _told(system: Link, what: str, objects: Iterable[CanonicalObject]) -> Done:
    """An object that the system has no place for has no id there."""
    return [
        {
            "system": system.name,
            "what": what,
            "kind": obj.kind,
            "id": obj.id,
            "external_id": await system.external_id(type(obj), obj.id),
        }
        for obj in objects
    ]


async def set_controls(step: Step, contract_id: str, done: Done) -> Done:
    """What the contract is worth in the PSA: one budget for it and one for each amendment."""
    now = await agreed(step, contract_id, done)
    return await write_contract(step, step.links.psa(now.contract.legal_entity), now.contract)


async def write_contract(step: Step, system: Link, contract: Contract) -> Done:
    """Where the system keeps contracts: a PSA the budgets, a ledger the billing schedule."""
    if system.capability(Contract).writes:
        await system.put(contract, step.idempotency_key)
    return await _told(system, "contract", [contract])


async def extend_project(step: Step, contract_id: str, done: Done) -> Done:
    """Later last days only: an earlier one is kept by the contract, and phases are people's."""
    now = await agreed(step, contract_id, done)
    last, planned = now.amendment.ends_on, now.project.ends_on
    if last is None or planned is None or last <= planned:
        return []
    psa = step.links.psa(now.contract.legal_entity)
    longer = now.project.changed(ends_on=last)
    await psa.put(longer, step.idempotency_key, only=frozenset({"ends_on"}))
    return await _told(psa, "last day", [longer])


async def plan_added_work(step: Step, contract_id: str, done: Done) -> Done:
    """Milestones for added instalments, demand for added hours."""
    now = await agreed(step, contract_id, done)
    psa = step.links.psa(now.contract.legal_entity)
    added = (*milestones_of(now.deal, now.project), *demands_of(now.deal, now.project))
    await made(step, psa, added)
    return await _told(psa, "added work", added)


async def set_prices(step: Step, contract_id: str, done: Done) -> Done:
    """The agreed prices as rate cards of the project; what priced a role before ends.

    New cards first: between the two the role has two prices, which holds its hours; the other way
    round a wider card would price them.
    """
    now = await agreed(step, contract_id, done)
    psa = step.links.psa(now.contract.legal_entity)
    async with step.begin() as tx:
        plan = cards_after(await cards_of(tx, psa), now.contract, now.project.id)
    if isinstance(plan, Problem):
        raise held((plan,), now.deal)
    await made(step, psa, plan.new)
    for card in plan.ended:
        await psa.put(card, step.idempotency_key, only=frozenset({"effective_to"}))
    return await _told(psa, "rate card", (*plan.new, *plan.ended))


async def set_assignment_rates(step: Step, contract_id: str, done: Done) -> Done:
    """Where the day has come: the PSA copies an assignment's rate into every timecard from now on.
    An amendment of a later day is remembered by the clock.
    """
    now = await agreed(step, contract_id, done)
    return await assignments_at(step, now.contract, today_of(step.landscape))


async def assignments_at(step: Step, contract: Contract, day: date) -> Done:
    """Give the assignments of repriced roles the price of a day; those without a rate by the hour
    keep what they have.
    """
    psa = step.links.psa(contract.legal_entity)
    prices = contract.prices_on(day)
    if not prices or not psa.capability(Assignment).writes:
        return []
    async with step.begin() as tx:
        staffed = await tx.records.list(Assignment, project=contract.project)
    changed = [
        a.changed(bill_rate=price)
        for a in staffed
        if (price := prices.get(a.role or "")) and a.bill_rate not in (None, price)
        if a.ends_on is None or day <= a.ends_on
    ]
    for assignment in changed:
        await psa.put(assignment, step.idempotency_key, only=frozenset({"bill_rate"}))
    return await _told(psa, "rate", changed)


async def extend_ledger_project(step: Step, contract_id: str, done: Done) -> Done:
    """The ledger's project ends when the contract does, and sorts under the PSA's profit centre."""
    now = await agreed(step, contract_id, done)
    erp = step.links.erp(now.contract.legal_entity)
    if erp.capability(Project).writes:
        lasting = now.project.changed(
            ends_on=now.amendment.ends_on or now.project.ends_on,
            legal_entity=now.contract.legal_entity,
        )
        only = frozenset({"ends_on", "profit_centre"})
        await erp.put(lasting, step.idempotency_key, only=only)
    return await _told(erp, "project", [now.project])


async def set_billing_schedule(step: Step, contract_id: str, done: Done) -> Done:
    """Days and amounts of a fixed fee, with those that were added."""
    now = await agreed(step, contract_id, done)
    if not now.contract.instalments:
        return []
    return await write_contract(step, step.links.erp(now.contract.legal_entity), now.contract)


async def cards_of(tx: Transaction, psa: Link) -> list[RateCard]:
    """Rate cards of one PSA: what another one charges is no price here."""
    cards = await tx.records.list(RateCard)
    theirs = await tx.xref.external_many("rate_card", psa.space, [c.id for c in cards])
    return [card for card in cards if card.id in theirs]


async def planned_cards(tx: Transaction, psa: Link, contract: Contract) -> CardPlan | Problem:
    """As `cards_after`; a PSA that takes no rate cards cannot follow."""
    plan = cards_after(await cards_of(tx, psa), contract, contract.project or "")
    if isinstance(plan, CardPlan) and plan.new and not psa.capability(RateCard).writes:
        return Problem(
            "prices_not_taken", f"{psa.name} takes no rate cards from here", "pmo",
            "Enter the price on the project there and clear the mark on the line, then replay.",
        )  # fmt: skip
    return plan


def held(problems: Sequence[Problem], deal: Opportunity, customer: Customer | None = None) -> Hold:
    return Hold(
        "; ".join(p.reason for p in problems), code=problems[0].code, owner=problems[0].owner,
        fix=problems[0].fix, blocks=deal.amount, customer=customer.name if customer else None,
        about=("opportunity", deal.id),
    )  # fmt: skip


def today_of(landscape: Landscape) -> date:
    """The day of the firm, which is not everywhere that of UTC."""
    return utc_now().astimezone(ZoneInfo(landscape.firm.calendar.timezone)).date()


def known_roles(cards: Sequence[RateCard], staffed: Sequence[Assignment]) -> frozenset[str] | None:
    """Roles that the PSA prices or staffs; None where it has not been read."""
    roles = {c.role for c in cards if c.role} | {a.role for a in staffed if a.role}
    return frozenset(roles) or None

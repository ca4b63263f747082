"""Work on or after an amendment's first day that was priced before the amendment was known.

What is on no invoice is priced again: its fact is taken back and the entry waits to be rated, like
one that its PSA changed. What is invoiced is left, held or credited, by policy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.canonical import Invoice, RateCard
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.flows.contract_alignment import Agreed, Done, agreed
from isthmus.flows.credit_request import CreditRequest
from isthmus.flows.fact_rows import as_fact
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.rules.amendments import AmendmentOfBilledWork, is_replaced, price_difference
from isthmus.rules.credit_checks import Asked
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, RECEIVED
from isthmus.store.holds import HELD as HOLD_HELD
from isthmus.store.holds import NewHold
from isthmus.store.ledger import FactRow

PRICE_CODES = frozenset({"rate_missing", "rate_outdated", "rate_ambiguous", "rate_mismatch"})
Priced = tuple[FactRow, Money]
"""A fact, and what it is worth more at the agreed price."""


async def reprice_work(step: Step, contract_id: str, done: Done) -> dict[str, Any]:
    """Count and amount of what is priced again, and of what was billed at another price.

    The contract's lock keeps invoices from being drafted meanwhile. A repeat finds the facts taken
    back, and what it said of invoices in the event log.
    """
    now = await agreed(step, contract_id, done)
    policy = step.landscape.policies.amendment_of_billed_work
    async with step.begin() as tx:
        await tx.lock(f"contract:{contract_id}")
        facts = await _at_another_price(tx, now)
        open_, billed = _by_invoice(facts)
        again = [fact for fact, _ in open_]
        await tx.ledger.reverse(again, step.run.id)
        ids = sorted({fact.source_id for fact in again})
        await tx.entries.renew(ids)
        waiting = [*ids, *await _held_for_price(tx, now)]
        await tx.entries.set_state(waiting, RECEIVED, rebatch=True)
        total = Money.total((more for _, more in billed), now.contract.currency)
        if billed and policy is AmendmentOfBilledWork.HOLD:
            await _ask(tx, step, now, billed, total)
        if policy is AmendmentOfBilledWork.CREDIT_AND_REBILL:
            await _credit(tx, step, now, billed)
    await batch_time(step.run.engine.database, step.run.engine.outbox)
    return {
        "repriced": len(waiting), "billed": len(billed), "billed_difference": str(total),
        "billed_work": policy.value,
    }  # fmt: skip


async def _at_another_price(tx: Transaction, now: Agreed) -> list[Priced]:
    """Facts of roles that this amendment prices. A price for a person or a task is narrower than
    one for a role, and stands.
    """
    roles = {price.role for price in now.amendment.prices}
    facts = [
        fact
        for fact in await tx.ledger.of_project(now.project.id)
        if fact.source_kind == "time_entry"
        and fact.role in roles
        and now.amendment.effective_on <= fact.happened_on
    ]
    cards = await tx.records.many(RateCard, {f.rate_card for f in facts if f.rate_card})
    return [
        (fact, more)
        for fact in facts
        if (card := cards.get(fact.rate_card or "")) and is_replaced(card)
        if (more := price_difference(now.contract, as_fact(fact)))
    ]


def _by_invoice(facts: Sequence[Priced]) -> tuple[list[Priced], list[Priced]]:
    """Those on no invoice, and those on one."""
    return [p for p in facts if p[0].invoice is None], [p for p in facts if p[0].invoice]


async def _held_for_price(tx: Transaction, now: Agreed) -> list[str]:
    """Entries that no price fitted: the agreed one may."""
    if not now.amendment.prices:
        return []
    held = await tx.entries.in_state(now.project.id, HELD, since=now.amendment.effective_on)
    open_ = {h.object_id for id in held for h in await tx.holds.list(object_id=id)
             if h.code in PRICE_CODES}  # fmt: skip
    return [id for id in held if id in open_]


async def _ask(
    tx: Transaction, step: Step, now: Agreed, billed: Sequence[Priced], total: Money
) -> None:
    """A hold of its own, not the run's: nothing else waits for what finance decides."""
    names = await _numbers(tx, billed)
    contract, amendment = now.contract, now.amendment
    await tx.holds.open(
        NewHold(
            key=f"amended:{now.deal.id}", state=HOLD_HELD, code="amended_after_billing",
            reason=f"amendment {amendment.number} of contract {contract.number} prices work from "
            f"{amendment.effective_on} on anew; {len(billed)} entries on {', '.join(names)} were "
            f"billed before; at the agreed price the difference is {total}",
            owner="finance",
            fix="Credit the invoices and bill again, or leave them as they are; then skip this "
            "hold with that as its reason.",
            flow=step.run.flow.name, step=step.name, object_kind="contract",
            object_id=contract.id, amount=total.amount, currency=total.currency,
            correlation_id=step.event.correlation_id,
            detail={"entries": len(billed), "invoices": names},
        )
    )  # fmt: skip


async def _numbers(tx: Transaction, billed: Sequence[Priced]) -> list[str]:
    invoices = await tx.records.many(Invoice, {f.invoice or "" for f, _ in billed})
    return sorted(i.number or i.reference for i in invoices.values())


async def _credit(tx: Transaction, step: Step, now: Agreed, billed: Sequence[Priced]) -> None:
    """One request per invoice, and one only: its lines are credited whole and billed again."""
    asked = await tx.events.of(type="credit.requested", correlation_id=step.event.correlation_id)
    known = {e.subject for e in asked if e.causation_id == step.event.id}
    for invoice, ours in _grouped(billed).items():
        if invoice not in known:
            lines = sorted({fact.invoice_line for fact, _ in ours if fact.invoice_line})
            request = CreditRequest(
                f"price agreed from {now.amendment.effective_on} on: {now.deal.name}",
                utc_now().date(),
                tuple(Asked(line) for line in lines),
                rebill=True,
                by=step.run.flow.name,
            )
            await step.emit(tx, "credit.requested", invoice, request.data())


def _grouped(billed: Sequence[Priced]) -> Mapping[str, list[Priced]]:
    groups: dict[str, list[Priced]] = defaultdict(list)
    for fact, more in billed:
        groups[fact.invoice or ""].append((fact, more))
    return groups

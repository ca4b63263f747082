"""Work on or after an amendment's first day that was priced before the amendment was known.

What is on no invoice is priced again: its fact is taken back and the entry waits to be rated, like
one that its PSA changed. What is invoiced is left, held or credited, by policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.canonical import RateCard
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.flows.billed_work import LateChange, Priced, settle_billed
from isthmus.flows.contract_alignment import Agreed, Done, agreed
from isthmus.flows.fact_rows import as_fact
from isthmus.rules.amendments import is_replaced, price_difference
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, RECEIVED

PRICE_CODES = frozenset({"rate_missing", "rate_outdated", "rate_ambiguous", "rate_mismatch"})


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
        total = await settle_billed(tx, step, _late(now), billed)
    await batch_time(step.run.engine.database, step.run.engine.outbox)
    return {
        "repriced": len(waiting), "billed": len(billed), "billed_difference": str(total),
        "billed_work": policy.value,
    }  # fmt: skip


def _late(now: Agreed) -> LateChange:
    number, day = now.amendment.number, now.amendment.effective_on
    return LateChange(
        key=f"amended:{now.deal.id}",
        contract=now.contract,
        told=f"amendment {number} of contract {now.contract.number} prices work from {day} on anew",
        now="at the agreed price",
        why=f"price agreed from {day} on: {now.deal.name}",
    )


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

"""A contract's unbilled facts become one invoice, posted in the ledger of its legal entity.

The invoice is drafted, and its facts frozen on its lines, in one transaction on our side; then it
is posted under its own id, so a repeat after a lost answer finds the invoice that exists.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from isthmus.canonical import (
    Contract,
    Customer,
    Invoice,
    LegalEntity,
    Milestone,
)
from isthmus.canonical.invoice import InvoiceLine
from isthmus.canonical.terms import TimeRounding
from isthmus.engine import Engine, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.events.links import Links
from isthmus.flows.fact_rows import CHARGE_KINDS
from isthmus.flows.forgotten_invoice import ensure_none_is_forgotten, with_what_the_ledger_says
from isthmus.flows.line_rounding import facts_of, line_rounding, round_on_lines
from isthmus.flows.posted_document import check_posted, drafted_by
from isthmus.flows.posting import posting_for
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.landscape import Policies
from isthmus.rules.drafting import draft_lines
from isthmus.store.database import Transaction
from isthmus.store.entries import INVOICED
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.fact_rows import FactRow

_KINDS = ("time_entry", *CHARGE_KINDS)


async def request_billing(engine: Engine, up_to: date, by: str) -> int:
    """Start one run per contract that has something to bill; the number of contracts."""
    async with engine.database.begin() as tx:
        return await request_billing_in(tx, engine, up_to, by)


async def request_billing_in(tx: Transaction, engine: Engine, up_to: date, by: str) -> int:
    """As `request_billing`, for a caller that records in its transaction that it asked."""
    contracts = await tx.ledger.contracts_unbilled(up_to)
    await ask_for_invoices(tx, engine, contracts, up_to, by)
    return len(contracts)


async def ask_for_invoices(
    tx: Transaction,
    engine: Engine,
    contracts: Collection[str],
    up_to: date,
    by: str,
    *,
    about: str = "firm",
    told: Mapping[str, Any] | None = None,
) -> None:
    """One run each. The audit says who asked, up to which day, and of which companies."""
    asked = list((await tx.records.many(Contract, contracts)).values())
    for contract in asked:
        event = Event(
            type="billing.due", source="billing", subject=contract.id,
            correlation_id=contract.opportunity,
            data={"up_to": up_to.isoformat()},
        )  # fmt: skip
        await engine.outbox.emit(tx, event)
    tx.audit.add(
        by, "billing.requested", "billing", about,
        after={
            "up_to": up_to.isoformat(),
            "companies": sorted({contract.legal_entity for contract in asked}),
            "contracts": sorted(contract.number for contract in asked), **(told or {}),
        },
    )  # fmt: skip


@flow(on="billing.due", key=lambda event: event.id, owner="finance", priority=20)
async def contract_to_invoice(run: Run) -> None:
    invoice = await run.step(draft_invoice)
    if invoice is not None:
        await run.step(post_invoice, invoice)
        await run.step(settle_invoice, invoice)


async def draft_invoice(step: Step) -> str | None:
    """Freeze what is unbilled on a new draft; None when there is nothing, or it was done.

    The id is derived from the facts: a database that was restored from before the invoice makes
    the same one of the same facts, and the ledger is found to have it.
    """
    up_to = date.fromisoformat(step.event.data["up_to"])
    async with step.begin() as tx:
        await tx.lock(f"contract:{step.subject}")
        told = await tx.events.of(type="invoice.drafted", correlation_id=step.event.correlation_id)
        if drafted := drafted_by(step.event, told):
            return drafted
        facts = await tx.ledger.unbilled(step.subject, up_to)
        if not facts:
            return None
        contract = await tx.records.get(Contract, step.subject)
        facts = list(await round_on_lines(tx, step, contract, facts, up_to))
        lines, lineage = lines_of(facts, line_rounding(contract, up_to))
        await _say_what_is_at_stake(tx, step, contract, lines)
        run = await tx.runs.get(step.run.id)
        invoice = await plan_invoice(
            tx, step.links, step.landscape.policies, contract, up_to, lines,
            id=derived_id("invoice", contract.id, *sorted(fact.id for fact in facts)),
            reference=f"{contract.number}-{run.number if run else 0}",
        )  # fmt: skip
        await ensure_none_is_forgotten(tx, invoice)
        await tx.ledger.freeze(invoice.id, lineage)
        await tx.records.save(await with_what_the_ledger_says(tx, invoice))
        await step.emit(
            tx, "invoice.drafted", invoice.id,
            {"total": str(invoice.lines_total()), "facts": len(facts)},
        )  # fmt: skip
    return invoice.id


async def _say_what_is_at_stake(
    tx: Transaction, step: Step, contract: Contract, lines: Sequence[InvoiceLine]
) -> None:
    customer = await tx.records.get(Customer, contract.customer)
    total = Money.total((n.amount for n in lines), contract.currency)
    step.at_stake(total, customer.name, ("contract", contract.id))


def lines_of(
    rows: Sequence[FactRow], rounding: TimeRounding | None
) -> tuple[tuple[InvoiceLine, ...], dict[str, int]]:
    """Lines of the invoice, and fact id -> line number. After the lines of time come milestones,
    then what is passed on to the client.
    """
    ordered = sorted(rows, key=lambda row: _KINDS.index(row.source_kind))
    billed = draft_lines(facts_of(ordered, rounding))
    ids = {(row.source_id, row.part): row.id for row in rows}
    lineage = {
        ids[fact.work.id, fact.part]: number
        for number, facts in billed.facts.items()
        for fact in facts
    }
    return billed.lines, lineage


async def plan_invoice(
    tx: Transaction,
    links: Links,
    policies: Policies,
    contract: Contract,
    up_to: date,
    lines: tuple[InvoiceLine, ...],
    *,
    id: str,
    reference: str,
) -> Invoice:
    """The invoice as it would be drafted now. Raises Hold where no period covers its day."""
    customer = await tx.records.get(Customer, contract.customer)
    [entity] = await tx.records.list(LegalEntity, code=contract.legal_entity)
    posting = await posting_for(tx, links, policies, entity, up_to)
    return Invoice(
        id=id,
        reference=reference,
        customer=customer.bill_to or customer.id,
        legal_entity=entity.id,
        project=lines[0].project,
        opportunity=contract.opportunity,
        currency=contract.currency,
        issued_on=posting.day,
        period=posting.period.id,
        purchase_order=contract.purchase_order,
        payment_terms=contract.payment_terms or customer.payment_terms,
        lines=lines,
    )


async def post_invoice(step: Step, id: str) -> str | None:
    """Post, and compare what the ledger made of it with what was sent."""
    async with step.begin() as tx:
        invoice = await tx.records.get(Invoice, id)
        entity = await tx.records.get(LegalEntity, invoice.legal_entity)
        customer = await tx.records.get(Customer, invoice.customer)
    step.at_stake(invoice.lines_total(), customer.name, ("invoice", id))
    posted = await step.links.erp(entity.code).put(invoice, step.idempotency_key)
    check_posted(
        "invoice", invoice, posted, "Compare the invoice in the ledger with `isthmus explain`"
    )
    return posted.number


async def settle_invoice(step: Step, id: str) -> None:
    """Entries and milestones are invoiced from now on; told to whoever shows it."""
    async with step.begin() as tx:
        invoice = await tx.records.get(Invoice, id)
        facts = await tx.ledger.of_invoice(id)
        for kind, group in groupby(sorted(facts, key=_kind), key=_kind):
            ids = [f.source_id for f in group]
            if kind in ENTRY_KINDS:
                await tx.entries_of(kind).set_state(ids, INVOICED)
            elif kind == "milestone":
                await _stamp(tx, ids, invoice)
        await step.emit(
            tx, "invoice.posted", id,
            {"number": invoice.number, "total": str(invoice.total or invoice.lines_total())},
        )  # fmt: skip


def _kind(fact: FactRow) -> str:
    return fact.source_kind


async def _stamp(tx: Transaction, milestones: Sequence[str], invoice: Invoice) -> None:
    for milestone in (await tx.records.many(Milestone, milestones)).values():
        await tx.records.save(milestone.changed(invoice_number=invoice.number))

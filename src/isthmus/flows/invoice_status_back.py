"""What the ledger says of an invoice goes back to sales and delivery.

Status, totals and what is still to pay go to the CRM at every change; the invoice number goes to
the PSA once, so that billed hours, milestones and expenses are marked there.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from isthmus.canonical import ExpenseEntry, Invoice, LegalEntity, Milestone, TimeEntry
from isthmus.connect import ConnectError
from isthmus.engine import Hold, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.events.links import Link
from isthmus.flows.reading import crm_of
from isthmus.kit.chunks import chunked
from isthmus.store.entries import EntryRow

MARKED = frozenset({"invoice_number", "invoiced_on"})


def _version(event: Event) -> str:
    return f"{event.subject}@{event.data['version']}"


@flow(on="invoice.status_changed", key=_version, owner="finance", priority=40, lasts=False)
async def invoice_status_to_crm(run: Run) -> None:
    await run.step(update_crm)


async def update_crm(step: Step) -> str | None:
    """The invoice as it is now; one that is not ours, or of a deal no CRM knows, is left alone."""
    async with step.begin() as tx:
        invoice = await tx.records.get(Invoice, step.subject)
    if invoice.opportunity is None:
        return None
    crm = await crm_of(step, invoice.opportunity)
    if not crm.capability(Invoice).writes:
        return None
    await crm.put(invoice, step.idempotency_key)
    return str(invoice.status)


@flow(on="invoice.posted", owner="finance", priority=40)
async def invoice_number_to_psa(run: Run) -> None:
    await run.step(mark_entries)
    await run.step(mark_milestones)
    await run.step(mark_expenses)


async def mark_entries(step: Step) -> int:
    return await _mark_rows(step, TimeEntry)


async def mark_expenses(step: Step) -> int:
    return await _mark_rows(step, ExpenseEntry)


async def _mark_rows(step: Step, model: type[TimeEntry] | type[ExpenseEntry]) -> int:
    async with step.begin() as tx:
        invoice = await tx.records.get(Invoice, step.subject)
        facts = await tx.ledger.of_invoice(invoice.id)
        ids = [f.source_id for f in facts if f.source_kind == model.kind]
        rows = await tx.entries_of(model.kind).many(ids)
    marked = 0
    for connection, group in groupby(sorted(rows.values(), key=_place), key=_home):
        psa = step.links.of(connection)
        if psa.capability(model).writes:
            marked += await _mark(step, psa, invoice, list(group))
    return marked


def _home(row: EntryRow[Any]) -> str:
    return row.connection


def _place(row: EntryRow[Any]) -> tuple[str, str]:
    return row.connection, row.external_id


async def _mark(step: Step, psa: Link, invoice: Invoice, rows: list[EntryRow[Any]]) -> int:
    if invoice.number is None:
        raise Hold(
            f"invoice {invoice.reference} has no number, so what it billed has no mark",
            code="no_invoice_number", owner="finance",
            fix="Have the ledger number the invoice, read it again, then replay.",
            about=("invoice", invoice.id),
        )  # fmt: skip
    marks = {"invoice_number": invoice.number, "invoiced_on": invoice.issued_on}
    for chunk in chunked([row.entry.model_copy(update=marks) for row in rows], 1000):
        for answer in await psa.put_many(chunk, step.idempotency_key, only=MARKED):
            if isinstance(answer, ConnectError):
                raise answer
    return len(rows)


async def mark_milestones(step: Step) -> int:
    async with step.begin() as tx:
        invoice = await tx.records.get(Invoice, step.subject)
        entity = await tx.records.get(LegalEntity, invoice.legal_entity)
        facts = await tx.ledger.of_invoice(step.subject)
        ids = [f.source_id for f in facts if f.source_kind == "milestone"]
        milestones = await tx.records.many(Milestone, ids)
    psa = step.links.psa(entity.code)
    for milestone in milestones.values():
        await psa.put(milestone, step.idempotency_key, only=frozenset({"invoice_number"}))
    return len(milestones)

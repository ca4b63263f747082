"""Lineage as data: an invoice line back to hours and expenses, price, contract and deal.

Facts hold the price and the trail of their rating, frozen when they were billed; names and numbers
are read from the records of today.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from isthmus.canonical import (
    Contract,
    Customer,
    ExpenseEntry,
    Invoice,
    JournalEntry,
    LegalEntity,
    Milestone,
    Opportunity,
    Project,
    RateCard,
    Resource,
    TimeEntry,
)
from isthmus.flows.credit_request import memos_of
from isthmus.flows.intercompany import numbers_of
from isthmus.flows.lineage import (
    CardVersion,
    ContractLineage,
    CreditedLine,
    CreditLineage,
    DealLineage,
    EntryLineage,
    ExpenseLineage,
    FactLineage,
    HoldSummary,
    InvoiceLineage,
    InvoiceSummary,
    LineLineage,
    ProjectLineage,
    Systems,
    TransferLineage,
    Worth,
)
from isthmus.kit.money import Money
from isthmus.store.database import Transaction
from isthmus.store.entries import Entries, EntryRow
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HoldRow


async def explain_invoice(tx: Transaction, id: str) -> InvoiceLineage:
    invoice = await tx.records.get(Invoice, id)
    rows = await tx.ledger.of_invoice(id)
    facts = list(zip(rows, await _facts(tx, rows), strict=True))
    contract = rows[0].contract if rows else None
    return InvoiceLineage(
        id=id, number=invoice.number, reference=invoice.reference, status=invoice.status.value,
        customer=await _customer(tx, invoice.customer),
        legal_entity=await _entity(tx, invoice.legal_entity),
        issued_on=invoice.issued_on, lines_total=invoice.lines_total(),
        tax_total=invoice.tax_total, total=invoice.total, amount_due=invoice.amount_due,
        systems=await _systems(tx, "invoice", id),
        lines=_lines(invoice, facts),
        credits=await _credits(tx, id),
        contract=await _contract(tx, contract),
        deal=await _deal(tx, invoice.opportunity),
    )  # fmt: skip


def _lines(invoice: Invoice, facts: list[tuple[FactRow, FactLineage]]) -> list[LineLineage]:
    lines: list[LineLineage] = []
    for line in invoice.lines:
        ours = [lineage for row, lineage in facts if row.invoice_line == line.number]
        explained = Money.total((f.amount for f in ours), line.amount.currency)
        lines.append(
            LineLineage(
                line.number, line.kind.value, line.description, line.quantity, line.unit_price,
                line.amount, ours, line.amount - explained,
            )
        )  # fmt: skip
    return lines


async def _credits(tx: Transaction, invoice: str) -> list[CreditLineage]:
    return [
        CreditLineage(
            memo.id, memo.number, memo.reference, memo.status.value, memo.issued_on, memo.reason,
            memo.rebill,
            [CreditedLine(n.number, n.quantity, n.unit_price, n.amount) for n in memo.lines],
            memo.lines_total(), memo.tax_total, memo.total, memo.unapplied,
            await _systems(tx, memo.kind, memo.id),
        )
        for memo in await memos_of(tx, invoice)
    ]  # fmt: skip


async def explain_entry(tx: Transaction, id: str) -> EntryLineage:
    row = (await tx.entries.many([id])).get(id)
    if row is None:
        raise LookupError(f"no time entry {id}")
    entry = row.entry
    return EntryLineage(
        **await _common(tx, row),
        worked_on=entry.worked_on, hours=entry.hours, psa_rate=entry.source_rate,
        transfers=await _transfers(tx, id),
    )  # fmt: skip


async def explain_expense(tx: Transaction, id: str) -> ExpenseLineage:
    row = (await tx.expenses.many([id])).get(id)
    if row is None:
        raise LookupError(f"no expense {id}")
    expense = row.entry
    journal = await tx.expenses.journal_of(id)
    kept = await tx.records.find(JournalEntry, journal) if journal else None
    return ExpenseLineage(
        **await _common(tx, row),
        number=expense.number, category=expense.category, spent_on=expense.spent_on,
        amount=expense.amount, tax=expense.tax, is_billable=expense.is_billable,
        is_reimbursable=expense.is_reimbursable,
        journal=(kept.number or kept.reference) if kept else None,
    )  # fmt: skip


async def _common(tx: Transaction, row: EntryRow[Any]) -> dict[str, Any]:
    """What is told of an hour and of an expense alike."""
    entry: TimeEntry | ExpenseEntry = row.entry
    facts = await _facts(tx, await tx.ledger.of_source(entry.kind, entry.id))
    project = await tx.records.find(Project, entry.project)
    person = await tx.records.find(Resource, entry.resource)
    return {
        "id": entry.id, "state": row.state, "approval": entry.approval.value,
        "person": person.name if person else entry.resource,
        "project": project.name if project else entry.project,
        "systems": {row.connection: row.external_id}, "facts": facts,
        "holds": _summaries(await tx.holds.list(open_only=False, object_id=entry.id)),
        "invoice": next((f.invoice for f in facts if f.invoice), None),
        "contract": await _contract(tx, project.contract if project else None),
        "deal": await _deal(tx, project.opportunity if project else None),
    }  # fmt: skip


async def _transfers(tx: Transaction, entry: str) -> list[TransferLineage]:
    rows = (await tx.transfers.of_sources([entry])).get(entry, [])
    return [
        TransferLineage(
            row.month, row.performing, row.contracting, row.method, row.percent, row.hours,
            None if row.basis is None else Money.of(row.basis, row.currency),
            Money.of(row.amount, row.currency), await numbers_of(tx, row.posting, row.currency),
        )
        for row in rows
    ]  # fmt: skip


async def explain_project(tx: Transaction, id: str) -> ProjectLineage:
    project = await tx.records.get(Project, id)
    facts = await tx.ledger.of_project(id)
    invoices = await tx.records.many(Invoice, {f.invoice for f in facts if f.invoice})
    return ProjectLineage(
        id=id, name=project.name, customer=await _customer(tx, project.customer),
        status=project.status.value, systems=await _systems(tx, "project", id),
        entries=await _entry_counts(tx.entries, id),
        expenses=await _entry_counts(tx.expenses, id), worth=_worth(facts),
        invoices=[_summary(i) for i in sorted(invoices.values(), key=lambda i: i.reference)],
        holds=await _project_holds(tx, project),
        contract=await _contract(tx, project.contract), deal=await _deal(tx, project.opportunity),
    )  # fmt: skip


async def _entry_counts(entries: Entries[Any], project: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for approval, state, count in await entries.of_project(project):
        key = state if approval == "approved" else approval
        counts[key] = counts.get(key, 0) + count
    return counts


def _worth(facts: list[FactRow]) -> list[Worth]:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for fact in facts:
        state = "invoiced" if fact.invoice else "posted" if fact.posted_at else "rated"
        sums.setdefault((state, fact.currency), []).append(fact.amount)
    return [
        Worth(state, Money.of(sum(amounts, Decimal(0)), currency), len(amounts))
        for (state, currency), amounts in sorted(sums.items())
    ]


async def _project_holds(tx: Transaction, project: Project) -> list[HoldSummary]:
    """Open holds of its entries, of itself and of its deal."""
    ours: set[str] = set()
    for kind in ENTRY_KINDS:
        held = {h.object_id for h in await tx.holds.list(limit=100_000, object_kind=kind)}
        rows = await tx.entries_of(kind).many([i for i in held if i])
        ours |= {i for i, r in rows.items() if r.entry.project == project.id}
    ours |= {project.id} | ({project.opportunity} if project.opportunity else set())
    return _summaries([h for h in await tx.holds.list(limit=100_000) if h.object_id in ours])


def _summary(invoice: Invoice) -> InvoiceSummary:
    return InvoiceSummary(
        invoice.id, invoice.number, invoice.reference, invoice.status.value, invoice.issued_on,
        invoice.lines_total(),
    )  # fmt: skip


def _summaries(holds: list[HoldRow]) -> list[HoldSummary]:
    return [
        HoldSummary(
            h.label, h.state, h.reason, h.owner, h.fix,
            Money.of(h.amount, h.currency) if h.amount is not None and h.currency else None,
        )
        for h in holds
    ]  # fmt: skip


async def _facts(tx: Transaction, rows: list[FactRow]) -> list[FactLineage]:
    """With the names and external ids behind them, each kind of record read once."""
    cards = await tx.records.many(RateCard, (r.rate_card for r in rows if r.rate_card))
    people = await tx.records.many(Resource, (r.resource for r in rows if r.resource))
    entries: dict[str, EntryRow[Any]] = {}
    for kind in ENTRY_KINDS:
        ids = [r.source_id for r in rows if r.source_kind == kind]
        entries |= await tx.entries_of(kind).many(ids)
    stones = await tx.records.many(
        Milestone, (r.source_id for r in rows if r.source_kind == "milestone")
    )
    invoices = await tx.records.many(Invoice, {r.invoice for r in rows if r.invoice})
    runs = await tx.runs.many({r.run_id for r in rows})
    lineage: list[FactLineage] = []
    for row in rows:
        entry = entries.get(row.source_id)
        systems = {entry.connection: entry.external_id} if entry else {}
        if row.source_id in stones:
            systems = await _systems(tx, "milestone", row.source_id)
        person, run = people.get(row.resource or ""), runs.get(row.run_id)
        invoice = invoices.get(row.invoice or "")
        lineage.append(
            FactLineage(
                row.source_kind, row.source_id, systems,
                person.name if person else row.description, row.role, row.happened_on, row.hours,
                row.billed_hours, Money.of(row.rate, row.currency),
                Money.of(row.amount, row.currency), _card(cards.get(row.rate_card or "")),
                row.trail, run.label if run else row.run_id, row.rated_at, row.posted_as or None,
                row.posted_at, (invoice.number or invoice.reference) if invoice else None,
                row.reversal_of is not None,
            )
        )  # fmt: skip
    return lineage


def _card(card: RateCard | None) -> CardVersion | None:
    if card is None:
        return None
    return CardVersion(
        card.number, card.role, card.bill_rate, card.effective_from, card.effective_to
    )


async def _contract(tx: Transaction, id: str | None) -> ContractLineage | None:
    contract = await tx.records.find(Contract, id) if id else None
    if contract is None:
        return None
    return ContractLineage(
        contract.id, contract.number, contract.billing_model.value, contract.value, contract.cap,
        contract.starts_on, contract.ends_on, list(contract.amendments),
    )  # fmt: skip


async def _deal(tx: Transaction, id: str | None) -> DealLineage | None:
    deal = await tx.records.find(Opportunity, id) if id else None
    if deal is None:
        return None
    return DealLineage(
        deal.id, deal.name, deal.amount, deal.stage.value, await _systems(tx, deal.kind, deal.id)
    )


async def _customer(tx: Transaction, id: str) -> str:
    customer = await tx.records.find(Customer, id)
    return customer.name if customer else id


async def _entity(tx: Transaction, id: str) -> str:
    entity = await tx.records.find(LegalEntity, id)
    return entity.code if entity else id


async def _systems(tx: Transaction, kind: str, id: str) -> Systems:
    return {space: external for space, external, _ in await tx.lookup.links(kind, id)}

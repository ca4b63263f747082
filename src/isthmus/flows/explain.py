"""Lineage as data: an invoice line back to hours, price, contract and deal.

Facts hold the price and the trail of their rating, frozen when they were billed; names and numbers
are read from the records of today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from isthmus.canonical import (
    Contract,
    Customer,
    Invoice,
    LegalEntity,
    Milestone,
    Opportunity,
    Project,
    RateCard,
    Resource,
)
from isthmus.canonical.contract import Amendment
from isthmus.kit.money import Money
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow
from isthmus.store.ledger import FactRow

Systems = dict[str, str]
"""Space (a system, or a platform) -> the object's id there."""


@dataclass(frozen=True)
class CardVersion:
    """The version of the rate card that priced a fact."""

    number: str
    role: str
    rate: Money
    effective_from: date
    effective_to: date | None


@dataclass(frozen=True)
class FactLineage:
    source_kind: str
    source_id: str
    systems: Systems
    person: str
    role: str | None
    worked_on: date
    hours: Decimal
    billed_hours: Decimal
    rate: Money
    amount: Money
    rate_card: CardVersion | None
    trail: list[dict[str, Any]]
    """What was looked for, scope by scope, until a price was found."""
    run: str
    rated_at: datetime
    posted_as: str | None
    posted_at: datetime | None
    invoice: str | None
    reverses: bool


@dataclass(frozen=True)
class LineLineage:
    number: int
    kind: str
    description: str
    quantity: Decimal
    unit_price: Money
    amount: Money
    facts: list[FactLineage]
    difference: Money
    """The line less the sum of its facts: zero, or something is wrong."""


@dataclass(frozen=True)
class ContractLineage:
    id: str
    number: str
    billing_model: str
    value: Money | None
    cap: Money | None
    starts_on: date
    ends_on: date | None
    amendments: list[Amendment]


@dataclass(frozen=True)
class DealLineage:
    id: str
    name: str
    amount: Money | None
    stage: str
    systems: Systems


@dataclass(frozen=True)
class InvoiceLineage:
    id: str
    number: str | None
    reference: str
    status: str
    customer: str
    legal_entity: str
    issued_on: date
    lines_total: Money
    tax_total: Money | None
    total: Money | None
    amount_due: Money | None
    systems: Systems
    lines: list[LineLineage]
    contract: ContractLineage | None
    deal: DealLineage | None

    @property
    def ties(self) -> bool:
        return not any(line.difference for line in self.lines)


@dataclass(frozen=True)
class HoldSummary:
    label: str
    state: str
    reason: str
    owner: str
    fix: str
    amount: Money | None


@dataclass(frozen=True)
class EntryLineage:
    id: str
    state: str
    approval: str
    person: str
    project: str
    worked_on: date
    hours: Decimal
    psa_rate: Money | None
    systems: Systems
    facts: list[FactLineage]
    holds: list[HoldSummary]
    invoice: str | None
    """Its number in the ledger, or our reference while it has none."""
    contract: ContractLineage | None
    deal: DealLineage | None


@dataclass(frozen=True)
class InvoiceSummary:
    id: str
    number: str | None
    reference: str
    status: str
    issued_on: date
    lines_total: Money


@dataclass(frozen=True)
class Worth:
    """Facts in force of one state."""

    state: str
    amount: Money
    facts: int


@dataclass(frozen=True)
class ProjectLineage:
    id: str
    name: str
    customer: str
    status: str
    systems: Systems
    entries: dict[str, int]
    """State -> number of time entries; unapproved ones are counted by their approval."""
    worth: list[Worth]
    invoices: list[InvoiceSummary]
    holds: list[HoldSummary]
    contract: ContractLineage | None
    deal: DealLineage | None


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


async def explain_entry(tx: Transaction, id: str) -> EntryLineage:
    row = (await tx.entries.many([id])).get(id)
    if row is None:
        raise LookupError(f"no time entry {id}")
    entry, rows = row.entry, await tx.ledger.of_source("time_entry", id)
    facts = await _facts(tx, rows)
    project = await tx.records.find(Project, entry.project)
    person = await tx.records.find(Resource, entry.resource)
    invoiced = next((f.invoice for f in facts if f.invoice), None)
    return EntryLineage(
        id=id, state=row.state, approval=entry.approval.value,
        person=person.name if person else entry.resource,
        project=project.name if project else entry.project,
        worked_on=entry.worked_on, hours=entry.hours, psa_rate=entry.source_rate,
        systems={row.connection: row.external_id}, facts=facts,
        holds=_summaries(await tx.holds.list(open_only=False, object_id=id)), invoice=invoiced,
        contract=await _contract(tx, project.contract if project else None),
        deal=await _deal(tx, project.opportunity if project else None),
    )  # fmt: skip


async def explain_project(tx: Transaction, id: str) -> ProjectLineage:
    project = await tx.records.get(Project, id)
    facts = await tx.ledger.of_project(id)
    invoices = await tx.records.many(Invoice, {f.invoice for f in facts if f.invoice})
    return ProjectLineage(
        id=id, name=project.name, customer=await _customer(tx, project.customer),
        status=project.status.value, systems=await _systems(tx, "project", id),
        entries=await _entry_counts(tx, id), worth=_worth(facts),
        invoices=[_summary(i) for i in sorted(invoices.values(), key=lambda i: i.reference)],
        holds=await _project_holds(tx, project),
        contract=await _contract(tx, project.contract), deal=await _deal(tx, project.opportunity),
    )  # fmt: skip


async def _entry_counts(tx: Transaction, project: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for approval, state, count, _ in await tx.entries.of_project(project):
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
    entries = {h.object_id for h in await tx.holds.list(limit=100_000, object_kind="time_entry")}
    rows = await tx.entries.many([i for i in entries if i])
    ours = {i for i, r in rows.items() if r.entry.project == project.id}
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
    time = [r.source_id for r in rows if r.source_kind == "time_entry"]
    entries = await tx.entries.many(time)
    stones = await tx.records.many(
        Milestone, (r.source_id for r in rows if r.source_kind == "milestone")
    )
    invoices = await tx.records.many(Invoice, {r.invoice for r in rows if r.invoice})
    runs = {id: await tx.runs.get(id) for id in {r.run_id for r in rows}}
    lineage: list[FactLineage] = []
    for row in rows:
        entry = entries.get(row.source_id)
        systems = {entry.connection: entry.external_id} if entry else {}
        if row.source_id in stones:
            systems = await _systems(tx, "milestone", row.source_id)
        person, run = people.get(row.resource or ""), runs[row.run_id]
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

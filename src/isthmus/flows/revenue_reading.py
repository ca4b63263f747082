"""What is known of a contract's revenue: evidence, invoices, what was worked out and posted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.canonical import (
    AccountingPeriod,
    Contract,
    CreditMemo,
    Customer,
    Invoice,
    JournalEntry,
    LegalEntity,
    Milestone,
    Project,
    RevenueSchedule,
)
from isthmus.canonical.credit_memo import CreditMemoStatus
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.events.links import Links
from isthmus.flows.reading import corrected, periods_of
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.revenue.milestone import Deliverable
from isthmus.rules.revenue.position import Movement
from isthmus.rules.revenue.recognition import Credited, Evidence, Worked, method_on
from isthmus.rules.revenue.time_and_materials import CappedTime
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow


@dataclass(frozen=True, slots=True)
class Known:
    """`lines` is what was worked out before, per period id; `billed` has credits as negatives."""

    contract: Contract
    customer: Customer
    entity: LegalEntity
    periods: tuple[AccountingPeriod, ...]
    projects: tuple[Project, ...]
    evidence: Evidence
    billed: tuple[Movement, ...]
    lines: Mapping[str, Money]
    entries: tuple[JournalEntry, ...]

    def billed_by(self, day: date) -> Money:
        amounts = (m.billed for m in self.billed if m.on <= day and m.billed is not None)
        return Money.total(amounts, self.contract.currency)

    def period(self, id: str) -> AccountingPeriod | None:
        return next((period for period in self.periods if period.id == id), None)


def schedule_id(contract: str) -> str:
    return derived_id("revenue_schedule", contract)


async def known_of(
    tx: Transaction, links: Links, contract_id: str, when_capped: CappedTime
) -> Known:
    contract = await corrected(tx, await tx.records.get(Contract, contract_id))
    [entity] = await tx.records.list(LegalEntity, code=contract.legal_entity)
    facts = await tx.ledger.of_contract(contract.id)
    invoices = await _invoices(tx, facts)
    memos = await _memos(tx, invoices)
    credited = await _credited(tx, memos, facts)
    schedule = await tx.records.find(RevenueSchedule, schedule_id(contract.id))
    entries = await tx.records.list(JournalEntry, contract=contract.id)
    projects = await tx.records.list(Project, contract=contract.id)
    before = await _in_advance(tx, projects, facts)
    return Known(
        contract=contract,
        customer=await tx.records.get(Customer, contract.customer),
        entity=entity,
        periods=tuple(await periods_of(tx, links.erp(entity.code))),
        projects=tuple(projects),
        evidence=_evidence(facts, before, credited, when_capped),
        billed=(*(Movement(i.issued_on, billed=i.lines_total()) for i in invoices),
                *(Movement(d.accepted_on, billed=d.price) for d in before if d.accepted_on),
                *(Movement(_day_of(memo), billed=-memo.lines_total()) for memo in memos)),
        lines={line.period: line.amount for line in schedule.lines} if schedule else {},
        entries=tuple(sorted(entries, key=lambda e: (e.posted_on, e.reference))),
    )  # fmt: skip


async def _invoices(tx: Transaction, facts: Iterable[FactRow]) -> list[Invoice]:
    """Those that the ledger has: a draft is not billed, a void one no longer."""
    ids = {fact.invoice for fact in facts if fact.invoice}
    found = (await tx.records.many(Invoice, ids)).values()
    unbilled = (InvoiceStatus.DRAFT, InvoiceStatus.VOID)
    return [invoice for invoice in found if invoice.status not in unbilled]


async def _memos(tx: Transaction, invoices: Iterable[Invoice]) -> list[CreditMemo]:
    """Those that the ledger has."""
    found = [m for i in invoices for m in await tx.records.list(CreditMemo, invoice=i.id)]
    return [memo for memo in found if memo.status is not CreditMemoStatus.DRAFT]


def _day_of(memo: CreditMemo) -> date:
    return memo.posted_on or memo.issued_on


async def _credited(
    tx: Transaction, memos: Iterable[CreditMemo], facts: Iterable[FactRow]
) -> list[Credited]:
    """What memos took of work that still counts as done. A fact that is taken back whole is not
    among `facts`, and what was credited of it is not taken a second time.
    """
    standing = {fact.id for fact in facts}
    found = []
    for memo in memos:
        rows = await tx.ledger.of_credit_memo(memo.id)
        gone = sum((-r.amount for r in rows if r.reversal_of not in standing), Decimal(0))
        amount = memo.lines_total() - Money.of(gone, memo.currency)
        if amount:
            found.append(Credited(_day_of(memo), amount))
    return found


async def _in_advance(
    tx: Transaction, projects: Iterable[Project], facts: Iterable[FactRow]
) -> list[Deliverable]:
    """Milestones that were invoiced elsewhere and are accepted by now. The day of that invoice is
    not known here: it counts as billed on the day of acceptance, before which nothing is due.
    """
    rated = {f.source_id for f in facts if f.source_kind == "milestone"}
    return [
        Deliverable(m.name, m.amount.rounded(), accepted_on=m.earned_on)
        for project in projects
        for m in await tx.records.list(Milestone, project=project.id, state="invoiced")
        if m.earned_on is not None and m.id not in rated
    ]


async def contracts_earned(tx: Transaction, day: date) -> set[str]:
    """Contracts with a milestone that was invoiced and accepted up to a day."""
    stones = await tx.records.list(Milestone, state="invoiced")
    done = {m.project for m in stones if m.earned_on is not None and m.earned_on <= day}
    projects = await tx.records.many(Project, done)
    return {p.contract for p in projects.values() if p.contract}


def _evidence(
    facts: Sequence[FactRow],
    before: Iterable[Deliverable],
    credits: Iterable[Credited],
    when_capped: CappedTime,
) -> Evidence:
    return Evidence(
        worked=tuple(
            Worked(f.happened_on, f.billed_hours, Money.of(f.amount, f.currency))
            for f in facts
            if f.source_kind == "time_entry"
        ),
        accepted=(
            *(
                Deliverable(
                    f.description, Money.of(f.amount, f.currency), accepted_on=f.happened_on
                )
                for f in facts
                if f.source_kind == "milestone"
            ),
            *before,
        ),
        credited=tuple(credits),
        when_capped=when_capped,
    )


def unsupported(contract: Contract, day: date) -> Problem | None:
    """Cost is in no ledger of ours yet: hours on fixed-fee work are costed and not rated."""
    if method_on(contract, day) is not RecognitionMethod.COST_TO_COST:
        return None
    return Problem(
        "cost_unknown",
        f"{contract.number} is earned by cost, and the cost of its hours is not kept here",
        "finance",
        "Recognise it in the ledger, or choose another method in terms.recognition.",
        "terms",
    )

"""What explains an amount, as data: for the command line and for whatever shows it next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from isthmus.canonical.contract import Amendment
from isthmus.kit.money import Money

Systems = dict[str, str]
"""Space (a system, or a platform) -> the object's id there."""


@dataclass(frozen=True)
class CardVersion:
    """The version of the rate card that priced a fact."""

    number: str
    role: str | None
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
class CreditedLine:
    line: int
    quantity: Decimal
    unit_price: Money
    amount: Money


@dataclass(frozen=True)
class CreditLineage:
    """A credit memo of an invoice."""

    id: str
    number: str | None
    reference: str
    status: str
    issued_on: date
    reason: str
    rebill: bool
    lines: list[CreditedLine]
    lines_total: Money
    tax_total: Money | None
    total: Money | None
    unapplied: Money | None
    systems: Systems


@dataclass(frozen=True)
class TransferLineage:
    """What one of our companies charged another one for the entry, and where it is posted.

    `numbers` are those of the two journal entries, of who charges first.
    """

    month: date
    performing: str
    contracting: str
    method: str
    percent: Decimal | None
    hours: Decimal
    basis: Money | None
    amount: Money
    numbers: list[str | None]


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
    credits: list[CreditLineage]
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
    transfers: list[TransferLineage]
    contract: ContractLineage | None
    deal: DealLineage | None


@dataclass(frozen=True)
class ExpenseLineage:
    id: str
    number: str | None
    state: str
    approval: str
    person: str
    project: str
    category: str
    spent_on: date
    amount: Money
    tax: Money | None
    is_billable: bool
    is_reimbursable: bool
    systems: Systems
    facts: list[FactLineage]
    holds: list[HoldSummary]
    invoice: str | None
    """Its number in the ledger, or our reference while it has none."""
    journal: str | None
    """Entry that keeps its cost: the ledger's number, or our reference while it has none."""
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
    expenses: dict[str, int]
    """The same of expenses."""
    worth: list[Worth]
    invoices: list[InvoiceSummary]
    holds: list[HoldSummary]
    contract: ContractLineage | None
    deal: DealLineage | None

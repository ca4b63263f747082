"""Credit and bill again: at another price, or on another project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical import CreditMemo, Invoice, TimeEntry
from isthmus.canonical.invoice import InvoiceLine, InvoiceStatus
from isthmus.kit.money import Money
from isthmus.rules.credit.invoice import BilledInvoice, credited_before, totals, whole
from isthmus.rules.credit.memo import Credit, Credited, MemoFacts, credit_invoice
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.rounding import share
from isthmus.rules.tax_amount import Taxed


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    id: str
    reference: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Rebilled:
    """`invoice` is a draft; `net_effect` is what the client owes more, tax included."""

    credit: Credited
    invoice: Invoice
    totals: Taxed

    @property
    def net_effect(self) -> Money:
        return self.totals.total - self.credit.totals.total


def credit_and_rebill(
    billed: BilledInvoice,
    prices: Mapping[int, Money],
    memo: MemoFacts,
    again: InvoiceFacts,
    before: Iterable[CreditMemo] = (),
) -> Rebilled | tuple[Problem, ...]:
    """The whole invoice back, and the same work at other unit prices by line number.

    A discount keeps its ratio to the lines that it reduces. After an earlier credit nobody can
    say whether its concession holds at the new price, so a person decides.
    """
    memos = tuple(before)
    if any(credited_before(billed, memos).values()):
        return (_credited_already(billed.invoice),)
    credit = credit_invoice(billed, None, memo, memos)
    if isinstance(credit, tuple):
        return credit
    invoice = _again(billed, prices, again)
    due = replace(billed, invoice=invoice)
    return Rebilled(credit, invoice, totals(due, whole(due)))


def _credited_already(invoice: Invoice) -> Problem:
    return Problem(
        "credited_already",
        f"invoice {invoice.number or invoice.reference} has a credit memo already",
        "finance",
        "Credit what is left of it, and bill the right amount as an invoice of its own.",
    )


def _again(billed: BilledInvoice, prices: Mapping[int, Money], facts: InvoiceFacts) -> Invoice:
    lines = {line.number: line for line in billed.lines}
    lines |= {number: _repriced(billed.line(number), price) for number, price in prices.items()}
    reduced = {line.number: _reduction(billed, line, lines) for line in billed.reductions}
    invoice: Invoice = billed.invoice.changed(
        id=facts.id, reference=facts.reference, issued_on=facts.issued_on, period=None,
        lines=tuple((lines | reduced)[line.number] for line in billed.invoice.lines),
        number=None, due_on=None, status=InvoiceStatus.DRAFT, subtotal=None, tax_total=None,
        total=None, amount_due=None, paid_on=None, posted_period=None,
    )  # fmt: skip
    return invoice


def _repriced(line: InvoiceLine, price: Money) -> InvoiceLine:
    amount = price.times(line.quantity).rounded()
    return line.model_copy(update={"unit_price": price, "amount": amount})


def _reduction(
    billed: BilledInvoice, reduction: InvoiceLine, lines: Mapping[int, InvoiceLine]
) -> InvoiceLine:
    named = billed.discounts.get(reduction.number, tuple(lines))
    old = [billed.line(number).amount for number in named]
    was = Money.total((a for a in old if a.amount > 0), billed.currency)
    now = Money.total(
        (a for a in (lines[number].amount for number in named) if a.amount > 0), billed.currency
    )
    amount = share(reduction.amount, Fraction(now.amount) / Fraction(was.amount))
    return reduction.model_copy(
        update={"quantity": Decimal(-1), "unit_price": -amount, "amount": amount}
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """`entries` are on the new project, unbilled and unrated; rate and bill them as any others."""

    credit: Credited
    entries: tuple[TimeEntry, ...]


def move_hours(
    billed: BilledInvoice,
    entries: Sequence[TimeEntry],
    project: str,
    memo: MemoFacts,
    before: Iterable[CreditMemo] = (),
) -> Moved | tuple[Problem, ...]:
    """Billed hours credited where they were billed, to be billed where they belong.

    Phase, task and assignment are the old project's, and so is the rate: all four are dropped.
    """
    credit = credit_invoice(billed, _by_line(billed, entries), memo, before)
    if isinstance(credit, tuple):
        return credit
    return Moved(credit, tuple(_onto(project, entry) for entry in entries))


def _by_line(billed: BilledInvoice, entries: Sequence[TimeEntry]) -> list[Credit]:
    behind: dict[int, list[TimeEntry]] = {}
    for entry in entries:
        behind.setdefault(_line_of(billed, entry), []).append(entry)
    return [
        Credit(
            number,
            quantity=sum((_billed_hours(entry) for entry in part), start=Decimal(0)),
            entries=tuple(entry.id for entry in part),
        )
        for number, part in behind.items()
    ]


def _line_of(billed: BilledInvoice, entry: TimeEntry) -> int:
    for number, ids in billed.lineage.items():
        if entry.id in ids and entry.invoice_number == billed.invoice.number:
            return number
    raise Unusable(
        "entries",
        f"The work of {entry.worked_on} ({entry.id}) is not billed by {billed.invoice.reference}.",
        "Move hours from the invoice that they are on.",
    )


def _billed_hours(entry: TimeEntry) -> Decimal:
    return entry.hours if entry.billed_hours is None else entry.billed_hours


def _onto(project: str, entry: TimeEntry) -> TimeEntry:
    moved: TimeEntry = entry.changed(
        project=project, phase=None, task=None, assignment=None, invoice_number=None,
        invoiced_on=None, bill_rate=None, billed_hours=None, source_rate=None, profit_centre=None,
    )  # fmt: skip
    return moved

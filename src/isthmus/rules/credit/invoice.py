"""An invoice as something that can be credited: lines with their discount, tax by rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical import CreditMemo, Invoice
from isthmus.canonical.credit_memo import CreditMemoStatus
from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable
from isthmus.rules.rounding import share, split
from isthmus.rules.tax_amount import Taxed, taxed


@dataclass(frozen=True, slots=True)
class BilledInvoice:
    """`tax_percent` by line number. `lineage`: what each line billed, by id.

    `discounts` says which lines a reducing line reduces; one that is absent reduces all in
    proportion. A reducing line is an adjustment below zero: discount, retention, advance deducted.
    """

    invoice: Invoice
    tax_percent: Mapping[int, Decimal]
    lineage: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    discounts: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return self.invoice.currency

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """Those that are credited by themselves."""
        return tuple(line for line in self.invoice.lines if not reduces(line))

    @property
    def reductions(self) -> tuple[InvoiceLine, ...]:
        return tuple(line for line in self.invoice.lines if reduces(line))

    def line(self, number: int) -> InvoiceLine:
        for line in self.lines:
            if line.number == number:
                return line
        raise Unusable(
            "line",
            f"Invoice {self.invoice.reference} has no line {number} that is credited by itself.",
            "Name a line of the invoice; a discount goes back with the lines that it reduces.",
        )

    def percent(self, number: int) -> Decimal:
        if number in self.tax_percent:
            return self.tax_percent[number]
        raise Unusable(
            "tax_percent",
            f"The tax of line {number} of {self.invoice.reference} is not known.",
            "Read the invoice with its tax from the ledger.",
        )


def reduces(line: InvoiceLine) -> bool:
    return line.kind is LineKind.ADJUSTMENT and line.amount.amount < 0


Parts = dict[int, Money]
"""An amount for each line number."""


def credited_before(billed: BilledInvoice, memos: Iterable[CreditMemo]) -> Parts:
    """By line, before discount. Drafts do not count: they may still be thrown away."""
    found = {line.number: Money.zero(billed.currency) for line in billed.lines}
    for line in _posted_lines(billed, memos):
        if line.number in found:
            found[line.number] += line.amount
    return found


def quantity_left(
    billed: BilledInvoice, line: InvoiceLine, memos: Iterable[CreditMemo]
) -> Decimal | None:
    """None where credits by amount leave no countable quantity."""
    taken = [part for part in _posted_lines(billed, memos) if part.number == line.number]
    if any(part.unit_price != line.unit_price for part in taken):
        return None
    return line.quantity - sum((part.quantity for part in taken), start=Decimal(0))


def _posted_lines(billed: BilledInvoice, memos: Iterable[CreditMemo]) -> Iterable[InvoiceLine]:
    for memo in memos:
        if memo.invoice == billed.invoice.id and memo.status is not CreditMemoStatus.DRAFT:
            yield from memo.lines


def reduced_by(billed: BilledInvoice, credited: Parts) -> Parts:
    """What reducing lines take off the credits to date, below zero, by the reducing line."""
    return {
        line.number: Money.total(_reductions(billed, line, credited).values(), billed.currency)
        for line in billed.reductions
    }


def _reductions(billed: BilledInvoice, reduction: InvoiceLine, credited: Parts) -> Parts:
    """By the line that it reduces: the same part of it as of the line."""
    named = billed.discounts.get(reduction.number)
    lines = [line for line in billed.lines if named is None or line.number in named]
    lines = [line for line in lines if line.amount.amount > 0]
    whole = split(reduction.amount, [line.amount.amount for line in lines])
    return {
        line.number: share(part, _part(credited[line.number], line.amount))
        for line, part in zip(lines, whole, strict=True)
    }


def _part(amount: Money, whole: Money) -> Fraction:
    return Fraction(amount.amount) / Fraction(whole.amount) if whole else Fraction(0)


def net_by_rate(billed: BilledInvoice, credited: Parts) -> dict[Decimal, Money]:
    """Credits to date after discount, by percent of tax."""
    found = {billed.percent(line.number): Money.zero(billed.currency) for line in billed.lines}
    for number, amount in credited.items():
        found[billed.percent(number)] += amount
    for reduction in billed.reductions:
        for number, amount in _reductions(billed, reduction, credited).items():
            found[billed.percent(number)] += amount
    return found


def whole(billed: BilledInvoice) -> Parts:
    return {line.number: line.amount for line in billed.lines}


def totals(billed: BilledInvoice, credited: Parts) -> Taxed:
    """Credited to date, after discount, with the tax that goes with it."""
    rates, nets = tax_by_rate(billed), net_by_rate(billed, credited)
    invoiced = net_by_rate(billed, whole(billed))
    tax = (share(rates[rate], _part(net, invoiced[rate])) for rate, net in nets.items())
    currency = billed.currency
    return Taxed(Money.total(nets.values(), currency), Money.total(tax, currency))


def tax_by_rate(billed: BilledInvoice) -> dict[Decimal, Money]:
    """Of the whole invoice: the net of each rate times the rate (EN 16931, BR-CO-17).

    Where the ledger's own total is known and a cent away, the largest net takes the difference, so
    that the last credit leaves nothing.
    """
    nets = net_by_rate(billed, whole(billed))
    found = {rate: taxed(net, rate).tax for rate, net in nets.items()}
    if billed.invoice.tax_total is not None and found:
        largest = max(nets, key=lambda rate: (nets[rate].amount, rate))
        computed = Money.total(found.values(), billed.currency)
        found[largest] += billed.invoice.tax_total - computed
    return found

"""The memo of a credit, or what forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.canonical import CreditMemo
from isthmus.canonical.invoice import InvoiceLine, InvoiceStatus, LineKind
from isthmus.kit.money import Money
from isthmus.rules.credit.invoice import (
    BilledInvoice,
    Parts,
    credited_before,
    net_by_rate,
    quantity_left,
    reduced_by,
    totals,
    whole,
)
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.tax_amount import Taxed


@dataclass(frozen=True, slots=True)
class Credit:
    """A part of a line, before discount: an amount or a quantity; neither: what is left of it.

    `entries` are those behind a quantity; they are billed again. A line credited to its end
    releases all of its entries, a concession on the price releases none.
    """

    line: int
    amount: Money | None = None
    quantity: Decimal | None = None
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemoFacts:
    id: str
    issued_on: date
    reason: str
    posted_on: date | None = None


@dataclass(frozen=True, slots=True)
class Credited:
    """`memo` is a draft; `left` is what may still be credited, tax included.

    `releases` are the ids to bill again once the memo is posted.
    """

    memo: CreditMemo
    totals: Taxed
    left: Money
    releases: tuple[str, ...]


def credit_invoice(
    billed: BilledInvoice,
    credits: Sequence[Credit] | None,
    facts: MemoFacts,
    before: Iterable[CreditMemo] = (),
) -> Credited | tuple[Problem, ...]:
    """`credits`: None for all that is left. Every problem is named at once."""
    memos = tuple(before)
    known = credited_before(billed, memos)
    asked = [Credit(n.number) for n in billed.lines] if credits is None else list(credits)
    refuse_unless(
        len({credit.line for credit in asked}) == len(asked),
        "line",
        "A line is credited twice on one memo.",
        "Add the two parts up.",
    )
    left = {line.number: line.amount - known[line.number] for line in billed.lines}
    sized = {c.line: _amount(billed, c, left[billed.line(c.line).number], memos) for c in asked}
    problems = (*_not_posted(billed), *_line_problems(billed, sized, left))
    if problems:
        return problems
    to_date = {n: known[n] + sized.get(n, Money.zero(billed.currency)) for n in known}
    if over := tuple(_over_invoice(billed, to_date)):
        return over
    return _credited(billed, asked, facts, known, to_date)


def _amount(
    billed: BilledInvoice, credit: Credit, left: Money, memos: tuple[CreditMemo, ...]
) -> Money:
    """A quantity at the line's price, as a ledger computes it; the last takes what is left."""
    line, amount = billed.line(credit.line), credit.amount
    if amount is not None:
        payable = amount.currency == billed.currency and amount == amount.rounded()
        refuse_unless(
            payable and credit.quantity is None,
            "amount",
            f"A credit of {amount} of line {line.number} is no payable amount alone.",
            f"Give an amount in whole minor units of {billed.currency}, or a quantity.",
        )
        return amount
    if credit.quantity is None or credit.quantity == quantity_left(billed, line, memos):
        return left
    return line.unit_price.times(credit.quantity).rounded()


def _not_posted(billed: BilledInvoice) -> Iterator[Problem]:
    invoice = billed.invoice
    if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        yield Problem(
            "invoice_not_posted",
            f"invoice {invoice.number or invoice.reference} is {invoice.status}",
            "finance",
            "Correct the draft itself, or post it first; a void invoice takes no credit.",
            "status",
        )


def _line_problems(
    billed: BilledInvoice, sized: Mapping[int, Money], left: Parts
) -> Iterator[Problem]:
    for number, amount in sized.items():
        line, rest = billed.line(number), left[number]
        sign = -1 if line.amount.amount < 0 else 1
        what = f"line {number} of {billed.invoice.number or billed.invoice.reference}"
        if amount.amount * sign < 0:
            yield _refused("credit_negative", f"a credit of {amount} of {what} would bill more")
        elif amount.amount * sign > rest.amount * sign:
            yield _refused(
                "credit_exceeds_line", f"{amount} is more than the {rest} left of {what}"
            )
        elif line.kind is LineKind.MILESTONE and amount and amount != rest:
            yield _refused(
                "credit_milestone_partial",
                f"{amount} of {what} is part of a milestone, which is credited whole: {rest}",
            )


def _over_invoice(billed: BilledInvoice, to_date: Parts) -> Iterator[Problem]:
    """A line below zero (a return) makes the invoice less than its other lines."""
    invoiced = net_by_rate(billed, whole(billed))
    for rate, net in net_by_rate(billed, to_date).items():
        if not Money.zero(billed.currency) <= net <= invoiced[rate]:
            yield _refused(
                "credit_exceeds_invoice",
                f"{net} would be credited of the {invoiced[rate]} invoiced at {rate} percent tax",
            )


def _refused(code: str, reason: str) -> Problem:
    return Problem(
        code,
        reason,
        "finance",
        "Credit no more than is left, in the sense of the invoice.",
        "amount",
    )


def _credited(
    billed: BilledInvoice, asked: Sequence[Credit], facts: MemoFacts, known: Parts, to_date: Parts
) -> Credited:
    before, after = totals(billed, known), totals(billed, to_date)
    this = Taxed(after.net - before.net, after.tax - before.tax)
    memo = CreditMemo(
        id=facts.id, reference=facts.id, invoice=billed.invoice.id,
        customer=billed.invoice.customer, legal_entity=billed.invoice.legal_entity,
        currency=billed.currency, issued_on=facts.issued_on, posted_on=facts.posted_on,
        reason=facts.reason, lines=tuple(_lines(billed, asked, known, to_date)),
        subtotal=this.net, tax_total=this.tax, total=this.total,
    )  # fmt: skip
    left = totals(billed, whole(billed)).total - after.total
    return Credited(memo, this, left, tuple(_releases(billed, asked, known, to_date)))


def _lines(
    billed: BilledInvoice, asked: Sequence[Credit], known: Parts, to_date: Parts
) -> Iterator[InvoiceLine]:
    for credit in asked:
        line = billed.line(credit.line)
        amount = to_date[line.number] - known[line.number]
        if amount:
            yield _line(line, amount, credit.quantity)
    before, after = reduced_by(billed, known), reduced_by(billed, to_date)
    for line in billed.reductions:
        if amount := after[line.number] - before[line.number]:
            yield _line(line, amount, None)


def _line(line: InvoiceLine, amount: Money, quantity: Decimal | None) -> InvoiceLine:
    """Hours at their price where that is the amount, else one at the amount, price above zero."""
    if amount == line.amount:
        return line
    if quantity is not None and line.unit_price.times(quantity).rounded() == amount:
        return line.model_copy(update={"quantity": quantity, "amount": amount})
    one = Decimal(1) if amount.amount > 0 else Decimal(-1)
    return line.model_copy(
        update={"quantity": one, "unit_price": amount.times(one), "amount": amount}
    )


def _releases(
    billed: BilledInvoice, asked: Sequence[Credit], known: Parts, to_date: Parts
) -> Iterator[str]:
    for credit in asked:
        number = credit.line
        if credit.quantity is None and to_date[number] == known[number]:
            continue
        ended = to_date[number] == billed.line(number).amount
        yield from billed.lineage.get(number, ()) if ended else credit.entries

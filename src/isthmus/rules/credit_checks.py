"""How much of an invoice a credit memo may take back, and the lines that it gets.

A part of a line by quantity keeps the line's own price, discount included, and parts that add up to
the whole quantity add up to the whole amount, to the last cent. Tax is the ledger's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceLine, InvoiceStatus, LineKind
from isthmus.kit.money import Money, step_of
from isthmus.rules.problems import Problem
from isthmus.rules.rounding import share, split

CREDITABLE = (InvoiceStatus.POSTED, InvoiceStatus.PARTIALLY_PAID, InvoiceStatus.PAID)


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of a line, by quantity or by amount before tax; neither: all that is left of it."""

    line: int
    quantity: Decimal | None = None
    amount: Money | None = None

    @property
    def in_part(self) -> bool:
        return self.quantity is not None or self.amount is not None


def credit_lines(
    invoice: Invoice, credited: Sequence[InvoiceLine], asked: Sequence[Asked], *, rebill: bool
) -> tuple[InvoiceLine, ...] | Problem:
    """Lines of the memo, with the numbers of the invoice's lines and positive amounts.

    `credited` are the lines of all earlier memos. No `asked`: all that is left of every line.
    """
    if invoice.status not in CREDITABLE:
        return _not_posted(invoice)
    wanted = asked or [Asked(n.number) for n in invoice.lines if left_of(n, credited)]
    if not wanted:
        return _nothing_left(invoice, "it")
    lines: list[InvoiceLine] = []
    for one in wanted:
        found = _credit_line(invoice, credited, one, rebill=rebill)
        if isinstance(found, Problem):
            return found
        if any(line.number == found.number for line in lines):
            return _refused("line_twice", invoice, f"line {one.line} is named twice", "Name each "
                            "line once, with the quantity or amount to credit in all.")  # fmt: skip
        lines.append(found)
    return _above_what_is_open(invoice, lines) or tuple(lines)


def left_of(line: InvoiceLine, credited: Iterable[InvoiceLine]) -> Money:
    taken = (c.amount for c in credited if c.number == line.number)
    return line.amount - Money.total(taken, line.amount.currency)


def shares(credit: Money, left: Sequence[Money]) -> tuple[Money, ...]:
    """A credit of part of a line over what is left of the facts behind it, in proportion.

    A fact below zero, which corrects another one, has no part in it.
    """
    return split(credit, [max(amount.amount, Decimal(0)) for amount in left])


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Amounts of the facts behind a line, in their order. Taken in part, the facts stay in force
    with what is left of them, and nothing of them is billed again.
    """

    amounts: tuple[Money, ...]
    in_part: bool


def taken_back(credit: Money, left: Sequence[Money]) -> TakenBack:
    """All that is left of the facts, or their shares of a part."""
    if Money.total(left, credit.currency) == credit:
        return TakenBack(tuple(left), in_part=False)
    if not any(amount.amount > 0 for amount in left):
        return TakenBack(tuple(Money.zero(credit.currency) for _ in left), in_part=True)
    return TakenBack(shares(credit, left), in_part=True)


def _credit_line(
    invoice: Invoice, credited: Sequence[InvoiceLine], asked: Asked, *, rebill: bool
) -> InvoiceLine | Problem:
    line = next((n for n in invoice.lines if n.number == asked.line), None)
    if line is None:
        numbers = ", ".join(str(n.number) for n in invoice.lines)
        return _refused(
            "line_unknown", invoice, f"it has no line {asked.line}", f"Its lines are {numbers}."
        )
    earlier = [c for c in credited if c.number == line.number]
    left = left_of(line, earlier)
    if not left:
        return _nothing_left(invoice, f"line {line.number}")
    if not asked.in_part:
        return _rest(line, earlier, left)
    part = _part(line, earlier, asked)
    return _unfit(invoice, line, left, part, rebill=rebill) or part


def _rest(line: InvoiceLine, earlier: Sequence[InvoiceLine], left: Money) -> InvoiceLine:
    quantity = line.quantity - _by_quantity(line, earlier)
    if all(c.unit_price == line.unit_price for c in earlier):
        return line.model_copy(update={"quantity": quantity, "amount": left})
    return _lump(line, left)


def _part(line: InvoiceLine, earlier: Sequence[InvoiceLine], asked: Asked) -> InvoiceLine:
    if asked.quantity is None:
        return _lump(line, asked.amount or Money.zero(line.amount.currency))
    before = _by_quantity(line, earlier)
    whole = Fraction(line.quantity)
    amount = share(line.amount, Fraction(before + asked.quantity) / whole) - share(
        line.amount, Fraction(before) / whole
    )
    return line.model_copy(update={"quantity": asked.quantity, "amount": amount})


def _lump(line: InvoiceLine, amount: Money) -> InvoiceLine:
    """An amount that is no quantity of the line's own price."""
    return line.model_copy(update={"quantity": Decimal(1), "unit_price": amount, "amount": amount})


def _by_quantity(line: InvoiceLine, earlier: Iterable[InvoiceLine]) -> Decimal:
    return sum((c.quantity for c in earlier if c.unit_price == line.unit_price), Decimal(0))


def _unfit(
    invoice: Invoice, line: InvoiceLine, left: Money, part: InvoiceLine, *, rebill: bool
) -> Problem | None:
    if part.quantity <= 0 or part.amount.amount <= 0:
        return _refused(
            "not_positive", invoice, f"{part.amount} of line {line.number} takes nothing back",
            "Give a quantity or an amount above zero; a line below zero is credited whole.",
        )  # fmt: skip
    if part.amount != part.amount.rounded():
        return _refused(
            "parts_of_a_cent", invoice,
            f"{part.amount} of line {line.number} has parts of a minor unit",
            f"Credit {part.amount.rounded()}.",
        )  # fmt: skip
    if part.amount.amount > left.amount:
        return _refused(
            "credit_too_high", invoice,
            f"{part.amount} of line {line.number} are more than the {left} that are left of it",
            f"Credit {left} of line {line.number} at most.",
        )  # fmt: skip
    if part.amount != line.amount and line.kind is LineKind.MILESTONE:
        return _refused(
            "milestone_in_part", invoice, f"line {line.number} is a milestone of {line.amount}",
            "Credit the milestone whole; agree on a lower price with a new one.",
        )  # fmt: skip
    if part.amount != left and rebill:
        return _refused(
            "rebill_in_part", invoice,
            f"a part of line {line.number} names no entries that could be billed again",
            "Credit all that is left of the line, or leave --rebill out.",
        )  # fmt: skip
    return None


def _above_what_is_open(invoice: Invoice, lines: Sequence[InvoiceLine]) -> Problem | None:
    """Credits that somebody made in the ledger itself count as well. They are known with tax only,
    so ours are compared with tax, to one minor unit for each line that the ledger rounds.
    """
    if invoice.credited is None or invoice.total is None or not invoice.lines_total():
        return None
    ours = Money.total((n.amount for n in lines), invoice.currency)
    with_tax = share(invoice.total, Fraction(ours.amount) / Fraction(invoice.lines_total().amount))
    left = invoice.total - invoice.credited
    tolerance = step_of(invoice.currency) * len(invoice.lines)
    if with_tax.amount <= left.amount + tolerance:
        return None
    return _refused(
        "credit_too_high", invoice,
        f"{ours} before tax are about {with_tax}, and the ledger has {left} left of it",
        "Look at the credits in the ledger, and credit what is left.",
    )  # fmt: skip


def _not_posted(invoice: Invoice) -> Problem:
    return _refused(
        "invoice_not_posted", invoice, f"it is {invoice.status}",
        "Credit invoices that the ledger has posted; a draft is corrected before it is posted.",
    )  # fmt: skip


def _nothing_left(invoice: Invoice, what: str) -> Problem:
    return _refused(
        "nothing_left", invoice, f"nothing is left of {what}: all of it is credited",
        "See what was credited with `isthmus explain`.",
    )  # fmt: skip


def _refused(code: str, invoice: Invoice, why: str, fix: str) -> Problem:
    return Problem(code, f"invoice {invoice.number or invoice.reference}: {why}", "finance", fix)

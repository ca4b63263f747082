"""Early-payment discount ("2/10 net 30"): the invoice stays as it is; a payment in time closes it
with an allowance for the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.rounding import share

_WRITTEN = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(?:%\s*/?|/)\s*(\d+)[\s,]+(?:net\s+|n\s*/\s*)(\d+)\s*", re.IGNORECASE
)


class PartialPayment(StrEnum):
    """What a payment in time earns that does not settle the invoice."""

    NONE = "none"
    """Default: the terms are a price for paying the invoice, not for paying some of it."""
    IN_PROPORTION = "in_proportion"
    """It settles itself over (1 - discount), as American textbooks teach."""


class AllowanceTax(StrEnum):
    """Whether the tax falls with the price paid."""

    REDUCED = "reduced"
    """Default: a price reduction after the supply lowers the taxable amount (Directive
    2006/112/EC, article 90), so the allowance takes back its part of the tax."""
    KEPT = "kept"
    """The whole allowance is a cost of the seller, as under US sales tax in many states."""


@dataclass(frozen=True, slots=True)
class EarlyPayment:
    percent: Decimal
    within_days: int
    net_days: int

    def __post_init__(self) -> None:
        refuse_unless(
            0 < self.percent < 100 and 0 <= self.within_days <= self.net_days,
            "payment_terms",
            f"{self.percent} % within {self.within_days} of {self.net_days} days is no discount "
            "for paying early.",
            "Give a percentage below 100 and days that end before the invoice is due.",
        )

    @classmethod
    def read(cls, terms: str) -> EarlyPayment:
        """As people write it: "2/10 net 30", "2/10, n/30", "2% 10 net 30"."""
        found = _WRITTEN.fullmatch(terms)
        if found is None:
            raise Unusable(
                "payment_terms",
                f"{terms!r} does not say a discount, its days and the days of the invoice.",
                'Write them as "2/10 net 30".',
            )
        return cls(Decimal(found[1]), int(found[2]), int(found[3]))

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.percent) / 100


@dataclass(frozen=True, slots=True)
class Receivable:
    """An open invoice; `tax` is contained in its total."""

    total: Money
    tax: Money
    issued_on: date


@dataclass(frozen=True, slots=True)
class Settled:
    """`tax` is the part of the allowance that comes back from the tax office."""

    allowance: Money
    tax: Money
    open: Money
    entry: Entry


def settle(
    invoice: Receivable,
    paid: Money,
    on: date,
    terms: EarlyPayment,
    partial: PartialPayment = PartialPayment.NONE,
    allowance_tax: AllowanceTax = AllowanceTax.REDUCED,
) -> Settled:
    """The first payment on an invoice. What it leaves open is due as it was."""
    refuse_unless(
        paid <= invoice.total,
        "paid",
        f"{paid} is more than the invoice of {invoice.total}.",
        "Book what exceeds the invoice as an advance of the client.",
    )
    given = _allowance(invoice, paid, on, terms, partial)
    ratio = Fraction(invoice.tax.amount) / Fraction(invoice.total.amount) if invoice.total else 0
    kept = allowance_tax is AllowanceTax.KEPT
    tax = Money.zero(paid.currency) if kept else share(given, ratio)
    lines = [
        Line(Account.CASH, paid),
        Line(Account.DISCOUNT_ALLOWED, given - tax),
        Line(Account.OUTPUT_TAX, tax),
        Line(Account.RECEIVABLE, -(paid + given)),
    ]
    return Settled(given, tax, invoice.total - paid - given, entry(on, lines))


def _allowance(
    invoice: Receivable, paid: Money, on: date, terms: EarlyPayment, partial: PartialPayment
) -> Money:
    """Never more than is still open after the payment."""
    zero = Money.zero(paid.currency)
    if (on - invoice.issued_on).days > terms.within_days:
        return zero
    offered, rest = share(invoice.total, terms.fraction), invoice.total - paid
    if rest <= offered:
        return rest
    if partial is PartialPayment.NONE:
        return zero
    return min(share(paid, terms.fraction / (1 - terms.fraction)), rest)

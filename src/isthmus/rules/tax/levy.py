"""Taxes on an amount, exactly: percentages and charges by the piece, on one another or not.

Nothing is rounded here. What is rounded, and together with what, is a convention of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical import TaxCode
from isthmus.canonical.dimensions import TaxKind
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.tax.category import TaxCategory

_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Tax:
    """A percentage of the base, or an amount for each unit in the currency of the document.

    Two of equal values are one tax. A negative percentage reduces the invoice; a `withheld` one
    leaves it as it is, and the client pays that part to the tax office for us.
    """

    name: str
    percent: Decimal | None = None
    per_unit: Decimal | None = None
    category: TaxCategory = TaxCategory.STANDARD
    reason: str | None = None
    """Why none is charged, where the category needs it."""
    inclusive: bool = False
    """Contained in the price."""
    adds_to_base: bool = False
    """Taxes after it are levied on it too."""
    affected_by_previous: bool = True
    """Levied on the earlier ones that add to the base."""
    withheld: bool = False

    def __post_init__(self) -> None:
        refuse_unless(
            (self.percent is None) != (self.per_unit is None),
            "tax",
            f"{self.name} is neither a percentage nor a charge by the piece, or is both.",
            "Give one of the two; make two taxes of a tax that has both.",
        )
        refuse_unless(
            not (self.withheld and (self.inclusive or self.adds_to_base)),
            "tax",
            f"{self.name} is withheld, so it is no part of a price or of another tax's base.",
            "Make it an ordinary negative tax if the invoice is to show less.",
        )

    def on(self, base: Fraction, quantity: Fraction) -> Fraction:
        if self.per_unit is not None:
            return Fraction(self.per_unit) * quantity
        return base * Fraction(self.percent or 0) / _HUNDRED


CATEGORIES = {
    TaxKind.STANDARD: TaxCategory.STANDARD,
    TaxKind.REDUCED: TaxCategory.STANDARD,
    TaxKind.ZERO: TaxCategory.ZERO_RATED,
    TaxKind.EXEMPT: TaxCategory.EXEMPT,
    TaxKind.REVERSE_CHARGE: TaxCategory.REVERSE_CHARGE,
}


def tax_of(code: TaxCode, reason: str | None = None) -> Tax:
    """The ledger's tax code, whose rate is a fraction."""
    return Tax(code.code, code.rate * _HUNDRED, category=CATEGORIES[code.tax_kind], reason=reason)


@dataclass(frozen=True, slots=True)
class Levied:
    """`contained` is the part of an inclusive tax that the price holds: all of it, unless the tax
    falls on a charge that comes on top.
    """

    tax: Tax
    amount: Fraction
    contained: Fraction


def levied(net: Fraction, quantity: Fraction, taxes: Sequence[Tax]) -> Iterator[Levied]:
    """In the order of the taxes, which matters where one adds to the base of the next."""
    added = added_inside = Fraction(0)
    for tax in taxes:
        affected = tax.affected_by_previous
        amount = tax.on(net + added if affected else net, quantity)
        contained = Fraction(0)
        if tax.inclusive:
            contained = tax.on(net + added_inside if affected else net, quantity)
        if tax.adds_to_base:
            added, added_inside = added + amount, added_inside + contained
        yield Levied(tax, amount, contained)


def net_of(price: Fraction, quantity: Fraction, taxes: Sequence[Tax]) -> Fraction:
    """What is left of a price without the taxes contained in it.

    Taxes that come on top are left out: a price of 1,210 with 21 % in it is 1,000 also where a
    charge of 10, taxed at 21 % too, is added (Odoo, test_tax.py: 1,222.10 in all).
    """
    charges = sum((n.contained for n in levied(Fraction(0), quantity, taxes)), Fraction(0))
    of_one = sum((n.contained for n in levied(Fraction(1), quantity, taxes)), Fraction(1))
    refuse_unless(
        of_one > charges,
        "tax",
        "The taxes contained in the price leave nothing of it.",
        "Correct their percentages; together they are above -100 %.",
    )
    return (price - charges) / (of_one - charges)

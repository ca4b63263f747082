"""A document before tax: lines, allowances and charges, as EN 16931 has them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share
from isthmus.rules.tax.levy import Tax


@dataclass(frozen=True, slots=True)
class TaxableLine:
    """`price` is for `base_quantity` units (BT-146 and 149): 15.24 a dozen, 441 a year.

    `allowance` and `charge` are amounts of the line, both positive (BG-27, BG-28).
    """

    price: Money
    quantity: Decimal = Decimal(1)
    taxes: tuple[Tax, ...] = ()
    base_quantity: Decimal = Decimal(1)
    allowance: Money | None = None
    charge: Money | None = None

    @property
    def exact(self) -> Fraction:
        """Before rounding; with the taxes contained in the price, if there are any."""
        refuse_unless(
            self.base_quantity > 0,
            "base_quantity",
            f"A price is for a number of units above zero, not for {self.base_quantity}.",
            "Give the number of units that the price is for, or leave it out.",
        )
        zero = Money.zero(self.price.currency)
        extra = (self.charge or zero) - (self.allowance or zero)
        units = Fraction(self.quantity) / Fraction(self.base_quantity)
        return Fraction(self.price.amount) * units + Fraction(extra.amount)

    @property
    def currency(self) -> str:
        return self.price.currency

    @property
    def units(self) -> Fraction:
        """What a charge by the piece falls on."""
        return Fraction(self.quantity)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Of the whole document, in one tax category (BG-20, BG-21): an allowance is negative."""

    amount: Money
    taxes: tuple[Tax, ...] = ()
    reason: str = ""

    @property
    def exact(self) -> Fraction:
        return Fraction(self.amount.amount)

    @property
    def currency(self) -> str:
        return self.amount.currency

    @property
    def units(self) -> Fraction:
        """None, so no charge by the piece falls on it."""
        return Fraction(0)


def allowance(amount: Money, taxes: tuple[Tax, ...] = (), reason: str = "") -> Adjustment:
    return Adjustment(-amount, taxes, reason)


def charge(amount: Money, taxes: tuple[Tax, ...] = (), reason: str = "") -> Adjustment:
    return Adjustment(amount, taxes, reason)


def percent_of(base: Money, percent: Decimal) -> Money:
    """The amount of an allowance or charge that is stated as a percentage (BT-93, BT-94)."""
    return share(base, Fraction(percent) / 100)


Part = TaxableLine | Adjustment


@dataclass(frozen=True, slots=True)
class TaxableDocument:
    currency: str
    lines: tuple[TaxableLine, ...]
    adjustments: tuple[Adjustment, ...] = ()
    prepaid: Money | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        return (*self.lines, *self.adjustments)

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """Each once, in the order in which they come up."""
        return tuple(dict.fromkeys(tax for part in self.parts for tax in part.taxes))

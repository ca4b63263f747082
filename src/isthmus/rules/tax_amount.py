"""Tax as an amount: on a net amount, or inside a gross one. Which rate applies is the ledger's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.rounding import share


@dataclass(frozen=True, slots=True)
class Taxed:
    net: Money
    tax: Money

    @property
    def total(self) -> Money:
        return self.net + self.tax

    def __neg__(self) -> Taxed:
        return Taxed(-self.net, -self.tax)


def taxed(net: Money, percent: Decimal) -> Taxed:
    return Taxed(net, share(net, Fraction(percent) / 100))


def included_tax(gross: Money, percent: Decimal) -> Money:
    """The tax inside an amount that includes it: 20.00 of 120.00 at 20 percent."""
    return share(gross, Fraction(percent) / (100 + Fraction(percent)))

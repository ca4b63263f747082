"""Reverse charge: the seller charges nothing and says so, the buyer owes the tax (Directive
2006/112/EC, articles 194 to 199 and 226(11a)).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share
from isthmus.rules.tax.category import TaxCategory
from isthmus.rules.tax.jurisdiction import TaxTreatment, jurisdiction
from isthmus.rules.tax.levy import Tax

LEGEND = "Reverse charge"
"""The wording of article 226(11a); each language version of the directive has its own."""


@dataclass(frozen=True, slots=True)
class SelfAssessed:
    """What the buyer declares: tax owed, and tax deducted where the purchase gives the right."""

    output: Money
    input: Money

    @property
    def cost(self) -> Money:
        return self.output - self.input


@dataclass(frozen=True, slots=True)
class ReverseCharge:
    """`tax` goes on the invoice's lines; legend and buyer's number are printed on it."""

    buyer_number: str
    legend: str = LEGEND

    @property
    def tax(self) -> Tax:
        category = TaxCategory.REVERSE_CHARGE
        return Tax(self.legend, Decimal(0), category=category, reason=self.legend)


def reverse_charge(seller: str, buyer: str, buyer_number: str | None) -> ReverseCharge | Problem:
    """For services between businesses of two member states, by their countries.

    Domestic reverse charge (building work, scrap) is each state's own list and not decided here.
    Whether the number is a good one is checked where it is read (`registration`).
    """
    treatment = jurisdiction(seller, buyer, has_registration=True)
    if treatment is not TaxTreatment.EU_REVERSE_CHARGE:
        return Problem(
            "reverse_charge_not_applicable",
            f"a service from {seller} to {buyer} is {treatment.replace('_', ' ')}",
            "finance",
            f"Tax the invoice as {treatment.replace('_', ' ')}, or correct the client's country.",
        )
    if not buyer_number:
        return Problem(
            "buyer_number_missing",
            f"a service from {seller} to {buyer} is reverse charged only if the invoice quotes "
            "the buyer's VAT number",
            "finance",
            "Ask the client for it, enter it on the account, then replay.",
            "tax_registration",
        )
    return ReverseCharge(buyer_number)


def self_assessed(
    net: Money, percent: Decimal, deductible: Decimal | Fraction = Decimal(1)
) -> SelfAssessed:
    """At the buyer's own rate. `deductible` is the share that its business may deduct, 0 to 1."""
    refuse_unless(
        0 <= deductible <= 1,
        "deductible",
        f"Between none and all of the tax is deductible, not {deductible} of it.",
        "Give the buyer's deductible proportion as a fraction of one.",
    )
    output = share(net, Fraction(percent) / 100)
    return SelfAssessed(output, share(output, deductible))

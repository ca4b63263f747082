"""VAT categories of EN 16931 (UNCL5305), and what an invoice must say of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from isthmus.rules.problems import Problem

if TYPE_CHECKING:
    from isthmus.rules.tax.levy import Tax


class TaxCategory(StrEnum):
    STANDARD = "S"
    """Any rate above zero, reduced ones too."""
    ZERO_RATED = "Z"
    EXEMPT = "E"
    OUTSIDE_SCOPE = "O"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    """Goods to a taxable person in another member state."""
    EXPORT = "G"
    CANARY_ISLANDS = "L"
    CEUTA_AND_MELILLA = "M"


class PercentElement(StrEnum):
    """What stands where the rate of a category stands (BT-119)."""

    POSITIVE = "positive"
    ZERO = "zero"
    NOT_NEGATIVE = "not_negative"
    ABSENT = "absent"

    def allows(self, percent: Decimal) -> bool:
        if self is PercentElement.POSITIVE:
            return percent > 0
        return percent >= 0 if self is PercentElement.NOT_NEGATIVE else percent == 0


@dataclass(frozen=True, slots=True)
class Requirement:
    """`needs_reason`: an exemption reason is required where True and forbidden where False."""

    percent: PercentElement
    needs_reason: bool = False
    seller_number: bool = True
    buyer_number: bool = False
    alone: bool = False
    """No other category on the same invoice (BR-O-11 to 14)."""


REQUIREMENTS = {
    TaxCategory.STANDARD: Requirement(PercentElement.POSITIVE),
    TaxCategory.ZERO_RATED: Requirement(PercentElement.ZERO),
    TaxCategory.EXEMPT: Requirement(PercentElement.ZERO, needs_reason=True),
    TaxCategory.OUTSIDE_SCOPE: Requirement(
        PercentElement.ABSENT, needs_reason=True, seller_number=False, alone=True
    ),
    TaxCategory.REVERSE_CHARGE: Requirement(
        PercentElement.ZERO, needs_reason=True, buyer_number=True
    ),
    TaxCategory.INTRA_COMMUNITY: Requirement(
        PercentElement.ZERO, needs_reason=True, buyer_number=True
    ),
    TaxCategory.EXPORT: Requirement(PercentElement.ZERO, needs_reason=True),
    TaxCategory.CANARY_ISLANDS: Requirement(PercentElement.NOT_NEGATIVE),
    TaxCategory.CEUTA_AND_MELILLA: Requirement(PercentElement.NOT_NEGATIVE),
}
"""EN 16931-1, the business rules named after each category: BR-S-5 and 10, BR-Z-5 and 10, BR-E-5
and 10, BR-O-2, 5 and 10, BR-AE-2, 5 and 10, BR-IC, BR-G, BR-AF (L), BR-AG (M)."""


def stated_percent(tax: Tax) -> Decimal | None:
    """The rate as the invoice prints it; None where it must not (BR-O-5)."""
    absent = REQUIREMENTS[tax.category].percent is PercentElement.ABSENT
    return None if absent else tax.percent


def check_categories(
    taxes: Iterable[Tax], *, seller_number: str | None, buyer_number: str | None
) -> Iterator[Problem]:
    """What keeps an invoice with these taxes from being a valid one. Withheld taxes and charges
    by the piece have no category of VAT.
    """
    of_vat = [tax for tax in taxes if tax.percent is not None and not tax.withheld]
    yield from _alone({tax.category for tax in of_vat})
    for tax in dict.fromkeys(of_vat):
        yield from _of_tax(tax)
        required = REQUIREMENTS[tax.category]
        if required.seller_number and not seller_number:
            yield _number_missing(tax, "seller", "Enter it on the company in the ledger")
        if required.buyer_number and not buyer_number:
            yield _number_missing(tax, "buyer", "Ask the client for it")


def _of_tax(tax: Tax) -> Iterator[Problem]:
    required = REQUIREMENTS[tax.category]
    if tax.percent is not None and not required.percent.allows(tax.percent):
        wanted = required.percent.replace("_", " ")
        yield Problem(
            "tax_percent_wrong",
            f"{tax.name} is of category {tax.category}, whose rate is {wanted}, and has "
            f"{tax.percent} %",
            "finance",
            "Correct the rate or the category of the tax code in the ledger, then replay.",
        )
    if required.needs_reason and not tax.reason:
        yield Problem(
            "exemption_reason_missing",
            f"{tax.name} is of category {tax.category}, which needs a reason for charging no tax",
            "finance",
            "State the article or the ground of the exemption on the tax code, then replay.",
        )
    if tax.reason and not required.needs_reason:
        yield Problem(
            "exemption_reason_forbidden",
            f"{tax.name} is of category {tax.category} and must not state a reason for charging "
            f"no tax ({tax.reason})",
            "finance",
            "Remove the reason from the tax code, or choose the category it belongs to.",
        )


def _alone(categories: set[TaxCategory]) -> Iterator[Problem]:
    for category in sorted(categories):
        if REQUIREMENTS[category].alone and len(categories) > 1:
            others = ", ".join(sorted(categories - {category}))
            yield Problem(
                "tax_category_not_alone",
                f"category {category} stands with {others} on one invoice",
                "finance",
                "Make an invoice of its own for what is outside the scope of VAT.",
            )


def _number_missing(tax: Tax, whose: str, how: str) -> Problem:
    return Problem(
        f"{whose}_number_missing",
        f"{tax.name} is of category {tax.category}, and the {whose}'s VAT number is not known",
        "finance",
        f"{how}, then replay.",
        "tax_registration",
    )

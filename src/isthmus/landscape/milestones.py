"""`policies.milestones`: which milestones are invoiced without a person looking at them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from isthmus.kit.money import Money, minor_units
from isthmus.landscape.firm import Part, currencies
from isthmus.landscape.keys import wrong
from isthmus.rules.milestones.decision import (
    MilestonePolicy,
    SignedMilestones,
    UnsignedMilestones,
)


def _limits(limits: dict[str, Decimal]) -> dict[str, Decimal]:
    for currency, limit in limits.items():
        if currency not in currencies():
            raise wrong(
                f"`{currency}` is not the ISO 4217 code of a currency in use",
                "Write three capital letters, such as EUR.",
            )
        if limit < 0:
            raise wrong(
                f"the limit of {limit} {currency} is below zero, and no milestone is under it",
                "Write 0 to look at every milestone in this currency, or an amount above it.",
            )
        money = Money.of(limit, currency)
        if money != money.rounded():
            raise wrong(
                f"{limit} {currency} has more than {minor_units(currency)} decimals",
                f"Write an amount that can be paid, such as {money.rounded().amount}.",
            )
    return limits


class Milestones(Part):
    review_above: Annotated[dict[str, Decimal], AfterValidator(_limits)] = Field(
        default={},
        description="Amount per currency, such as `EUR: 50000`, above which finance looks at a "
        "milestone first. A currency that is left out is always looked at; without this key no "
        "amount is.",
    )
    signed: SignedMilestones = Field(
        default=SignedMilestones.WHEN_RELEASED,
        description="A milestone that the client signed is billed when the PSA releases it, or at "
        "once.",
    )
    deemed: UnsignedMilestones = Field(
        default=UnsignedMilestones.FINANCE_REVIEW,
        description="One that is accepted by silence, on the day the contract says: finance looks "
        "at it first, or it is billed.",
    )
    not_required: UnsignedMilestones = Field(
        default=UnsignedMilestones.INVOICE_NOW,
        description="One for which no acceptance is agreed, on delivery: the same choice.",
    )

    @property
    def policy(self) -> MilestonePolicy:
        limits = tuple(Money.of(a, c) for c, a in sorted(self.review_above.items()))
        return MilestonePolicy(
            review_above=limits,
            signed=self.signed,
            deemed=self.deemed,
            not_required=self.not_required,
        )

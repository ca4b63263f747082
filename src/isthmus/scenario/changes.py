"""What changes after it was agreed or invoiced: amendments of contracts, credits of invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from isthmus.landscape.firm import Part
from isthmus.rules.revenue.modification import Treatment
from isthmus.scenario.agreed import BillingClauses, Name
from isthmus.scenario.written import Amount, Day


class AmendmentPart(BillingClauses):
    """A change of a contract. What it does not state stays as it was; of `time`, `caps` and
    `expenses` it states the whole, and `[]` ends all `caps`.
    """

    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    effective: Day = Field(description="First day of the new terms.")
    signed: Day | None = Field(
        default=None, description="Day from which it is known; absent: the day it takes effect."
    )
    value_change: Amount | None = Field(default=None, description="What the total changes by.")
    cap: Amount | None = Field(
        default=None,
        description="New not-to-exceed amount; absent: an old one changes by `value_change`.",
    )
    ends: Day | None = Field(default=None, description="New last day that may be billed.")
    treatment: Treatment | None = Field(
        default=None,
        description="How revenue takes it (IFRS 15.20-21), a judgement: needed where the contract "
        "is earned over time and its value changes.",
    )


class CreditedLinePart(Part):
    """A line of the invoice: all that is left of it, or a part by quantity or by amount."""

    line: Annotated[int, Field(gt=0)] = Field(description="Its place on the invoice, from 1.")
    quantity: Decimal | None = Field(default=None, description="Hours, at the line's own price.")
    amount: Amount | None = Field(default=None, description="Amount, before tax.")


class CreditPart(Part):
    """A credit memo that is asked for. Milestones and lines below zero are credited whole."""

    on: Day = Field(description="Date of the memo. A run of the same day comes after it.")
    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    invoice: Day = Field(description="Date on the invoice that is credited.")
    number: Annotated[int, Field(gt=0)] | None = Field(
        default=None,
        description="Which of the contract's invoices of that date, from 1, in the order in which "
        "they were made; may be left out where there is only one.",
    )
    reason: Name = Field(description="Why, as the client reads it.")
    rebill: bool = Field(
        default=False,
        description="Whether what is credited is priced anew and billed by the next run. If not, "
        "it is never billed.",
    )
    lines: Annotated[tuple[CreditedLinePart, ...], Field(min_length=1)] | None = Field(
        default=None, description="What is credited; absent: all that is left of the invoice."
    )

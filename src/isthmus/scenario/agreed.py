"""The terms of a contract, as a scenario file says them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from isthmus.canonical.terms import (
    CapLevel,
    CapPeriod,
    CapPolicy,
    Excess,
    FeeBase,
    MarkupBase,
    RecognitionTerms,
    TimeTerms,
)
from isthmus.landscape.firm import Part
from isthmus.rules.tax.conventions import TaxRounding
from isthmus.scenario.written import Amount, CurrencyCode, Day, written

if TYPE_CHECKING:
    WrittenRecognition = RecognitionTerms
    WrittenTime = TimeTerms
else:
    WrittenRecognition = written(RecognitionTerms)
    WrittenTime = written(TimeTerms)

Name = Annotated[str, Field(min_length=1)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
Statement = Annotated[Decimal, Field(ge=0)]


class CapPart(Part):
    """A limit of money or of hours; given both, the tighter one binds."""

    level: CapLevel = Field(default=CapLevel.CONTRACT, description="What is limited.")
    of: str | None = Field(
        default=None, description="Its name; absent: each one has the limit for itself."
    )
    amount: Amount | None = Field(default=None, description="Most that is billed.")
    hours: Annotated[Decimal, Field(ge=0)] | None = Field(
        default=None, description="Most hours that are billed."
    )
    period: CapPeriod = Field(default=CapPeriod.WHOLE, description="How long it counts.")
    policy: CapPolicy = Field(
        default=CapPolicy.BLOCK,
        description="What does not fit is held whole, cut and held, cut and worked for nothing, "
        "or billed with a warning.",
    )
    alert_at: tuple[Annotated[int, Field(gt=0)], ...] = Field(
        default=(75, 90, 100), description="Percentages of which somebody is told."
    )


class CategoryPart(Part):
    """What differs in one category of expenses."""

    category: Name = Field(description="Its name.")
    limit: Amount | None = Field(
        default=None, description="Most that the client pays for each of the quantity."
    )
    excess: Excess = Field(
        default=Excess.JUSTIFICATION,
        description="Beyond the limit all is billed with a warning, the excess waits until it is "
        "justified, or all of it waits.",
    )
    receipt_above: Amount | None = Field(
        default=None, description="Amounts beyond it need a receipt."
    )
    markup_percent: Statement | None = Field(default=None, description="Added to the cost.")
    flat_fee: Amount | None = Field(default=None, description="Added to each expense.")
    as_agent: bool = Field(default=False, description="Paid in the client's name: no mark-up.")


class ExpensesPart(Part):
    """What the client pays of expenses."""

    included_in_price: bool = Field(default=False, description="None is billed.")
    markup_percent: Statement = Field(default=Decimal(0), description="Added to the cost.")
    flat_fee: Amount | None = Field(default=None, description="Added to each expense.")
    fee_base: FeeBase = Field(
        default=FeeBase.EXPENSE, description="What the mark-up is taken of where there is a fee."
    )
    base: MarkupBase = Field(
        default=MarkupBase.COST, description="The cost without tax that is recovered, or all of it."
    )
    receipt_above: Amount | None = Field(
        default=None, description="Amounts beyond it need a receipt; absent: all do."
    )
    categories: tuple[CategoryPart, ...] = Field(
        default=(), description="What differs by category."
    )


class RetentionPart(Part):
    """A part of every milestone that the client keeps until final acceptance."""

    percent: Percent = Field(description="Of the price of each milestone.")
    released: Day | None = Field(
        default=None, description="Day of final acceptance; absent: it is not released."
    )


class TaxPart(Part):
    """One tax on every line of the contract's invoices."""

    name: str = Field(default="tax", description="What it is called.")
    percent: Statement = Field(description="Of the net.")
    rounding: TaxRounding = Field(
        default=TaxRounding.CATEGORY, description="What is added up before it is rounded."
    )


class ContractPart(Part):
    customer: str = Field(description="Who pays.")
    company: str | None = Field(
        default=None, description="Company that contracts; needed where there is more than one."
    )
    billing: Literal["t_and_m", "fixed_fee"] = Field(
        description="Hours at their rate, or milestones at their price."
    )
    currency: CurrencyCode | None = Field(
        default=None, description="Currency it is billed in; absent: the scenario's."
    )
    starts: Day = Field(description="First day that may be billed.")
    ends: Day | None = Field(default=None, description="Last day that may be billed.")
    value: Amount | None = Field(default=None, description="Total sold.")
    cap: Amount | None = Field(default=None, description="Not-to-exceed amount.")
    purchase_order: str | None = Field(default=None, description="Client's order number.")
    minimum_increment: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="Minutes up to whose multiples each entry is billed."
    )
    time: WrittenTime | None = Field(
        default=None, description="How hours are rounded and priced in detail."
    )
    caps: tuple[CapPart, ...] = Field(
        default=(), description="Limits beside `cap`: by day, by person, by task."
    )
    expenses: ExpensesPart | None = Field(
        default=None, description="What the client pays of expenses; absent: their cost."
    )
    retention: RetentionPart | None = Field(
        default=None, description="What the client keeps of milestones."
    )
    tax: TaxPart | None = Field(
        default=None, description="Tax on its invoices; absent: they are without one."
    )
    recognition: WrittenRecognition | None = Field(
        default=None, description="How it is earned; absent: its revenue is not worked out."
    )

"""The terms of a contract, as people write them: in a scenario, and for a contract itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field

from isthmus.canonical.terms import (
    Cap,
    CapLevel,
    CapPeriod,
    CapPolicy,
    CategoryRule,
    Excess,
    ExpenseTerms,
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

M = TypeVar("M", bound=BaseModel)
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


class BillingClauses(Part):
    """How work is billed in detail."""

    time: WrittenTime | None = Field(
        default=None, description="How hours are rounded and priced in detail."
    )
    caps: tuple[CapPart, ...] = Field(
        default=(), description="Limits beside `cap`: by day, by person, by task."
    )
    expenses: ExpensesPart | None = Field(
        default=None, description="What the client pays of expenses; absent: their cost."
    )

    def terms(self) -> dict[str, Any]:
        """Each stated section as an attribute of `Terms`; one of nothing is the default."""
        found = {
            "time": _plain(TimeTerms, self.time) or TimeTerms(),
            "caps": tuple(Cap.model_validate(dict(cap)) for cap in self.caps),
            "expenses": _expenses(self.expenses),
        }
        return {name: terms for name, terms in found.items() if name in self.model_fields_set}


class Clauses(BillingClauses):
    """The detailed terms. A clause that is tried in a scenario is written the same for a contract
    of the installation.
    """

    recognition: WrittenRecognition | None = Field(
        default=None, description="How it is earned; absent: its revenue is not worked out."
    )

    def terms(self) -> dict[str, Any]:
        found = super().terms()
        if "recognition" in self.model_fields_set:
            found["recognition"] = _plain(RecognitionTerms, self.recognition)
        return found


def _plain(model: type[M], part: M | None) -> M | None:
    """What was read as `written` is of a model of its own, which equals no other one's."""
    return None if part is None else model.model_validate(part.model_dump())


def _expenses(part: ExpensesPart | None) -> ExpenseTerms:
    if part is None:
        return ExpenseTerms()
    rules = tuple(CategoryRule.model_validate(dict(rule)) for rule in part.categories)
    return ExpenseTerms.model_validate({**dict(part), "categories": rules})


class SoldPart(Part):
    """What a deal says of a contract: who pays whom, for what, how much and until when."""

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


class ContractPart(Clauses, SoldPart):
    retention: RetentionPart | None = Field(
        default=None, description="What the client keeps of milestones."
    )
    tax: TaxPart | None = Field(
        default=None, description="Tax on its invoices; absent: they are without one."
    )

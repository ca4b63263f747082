"""Terms of billed expenses: mark-up, limits, allowances."""

from decimal import Decimal
from enum import StrEnum

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class MarkupBase(StrEnum):
    """What the client pays for, and the mark-up is computed on."""

    COST = "cost"
    """Default: what the expense costs the firm, so net of input tax that it recovers and gross of
    tax that it does not (Certinia: incurred tax flagged non-billable)."""
    GROSS = "gross"
    """The receipt as it is."""


class CategoryRule(Value):
    """A limit per unit (night, day, kilometre) or per line. Beyond it, approval is needed."""

    category: str
    limit: Money | None = None
    markup_percent: Decimal | None = None
    as_agent: bool = False
    """Paid in the client's name: no mark-up, outside the scope of tax."""


class MileageTier(Value):
    """A rate per unit of distance up to a distance of the year; the last tier has no limit."""

    up_to: Decimal | None = None
    rate: Money


class PerDiem(Value):
    daily: Money
    first_last_percent: Decimal = Decimal(100)


class ExpenseTerms(Value):
    """`receipt_above`: amounts beyond it need a receipt; absent: every expense needs one."""

    markup_percent: Decimal = Decimal(0)
    base: MarkupBase = MarkupBase.COST
    receipt_above: Money | None = None
    categories: tuple[CategoryRule, ...] = ()
    mileage: tuple[MileageTier, ...] = ()
    per_diem: PerDiem | None = None

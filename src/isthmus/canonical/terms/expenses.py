"""Terms of billed expenses: mark-up and fee, limits, receipts, allowances."""

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


class FeeBase(StrEnum):
    """What a mark-up in percent is taken of when there is a flat fee too."""

    EXPENSE = "expense"
    """Default: the expense alone; the fee is added after it. Certinia's billing amount is the
    converted expense + percentage fee + flat fee."""
    EXPENSE_AND_FEE = "expense_and_fee"
    """The expense with the flat fee on it."""


class Excess(StrEnum):
    """What becomes of an expense beyond a limit: the three policy results of Dynamics 365."""

    WARNING = "warning"
    """Everything is billed; somebody is told."""
    JUSTIFICATION = "justification"
    """Default: what fits is billed, the rest waits until the expense is justified and approved."""
    ERROR = "error"
    """The expense is held whole."""


class Allowance(StrEnum):
    """A category whose price follows from a quantity, not from a receipt."""

    MILEAGE = "mileage"
    PER_DIEM = "per_diem"


class CategoryRule(Value):
    """A limit is per unit of the expense's quantity: per night, per day, per person.

    It may be in the currency of the contract or in the one on the receipt, and is compared with
    what the client would pay before mark-up. Absent terms are those of the contract.
    """

    category: str
    limit: Money | None = None
    excess: Excess = Excess.JUSTIFICATION
    receipt_above: Money | None = None
    markup_percent: Decimal | None = None
    flat_fee: Money | None = None
    as_agent: bool = False
    """Paid in the client's name: billed as on the receipt, no mark-up, outside the scope of tax
    (Directive 2006/112/EC, article 79(c))."""
    allowance: Allowance | None = None


class MileageTier(Value):
    """A rate per unit of distance up to a distance of the year; the last tier has no limit."""

    up_to: Decimal | None = None
    rate: Money


class PerDiem(Value):
    """Meals that somebody else paid take their percent of a whole day's amount off.

    Whole day's, also on the first and the last day, and never below zero: section 9(4a) of the
    German income tax act (20, 40 and 40 percent), as the United States' federal travel regulation
    deducts the full meal (41 CFR 301-11.18).
    """

    daily: Money
    first_last_percent: Decimal = Decimal(100)
    breakfast_percent: Decimal = Decimal(0)
    lunch_percent: Decimal = Decimal(0)
    dinner_percent: Decimal = Decimal(0)


class ExpenseTerms(Value):
    """`receipt_above`: amounts beyond it need a receipt; absent: every expense needs one."""

    included_in_price: bool = False
    """The price of the contract covers them: none is billed."""
    markup_percent: Decimal = Decimal(0)
    flat_fee: Money | None = None
    fee_base: FeeBase = FeeBase.EXPENSE
    base: MarkupBase = MarkupBase.COST
    receipt_above: Money | None = None
    categories: tuple[CategoryRule, ...] = ()
    mileage: tuple[MileageTier, ...] = ()
    per_diem: PerDiem | None = None

"""Terms of work billed at its cost and a fee."""

from decimal import Decimal

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class CostPlusTerms(Value):
    """The fee is a percent of cost, or an amount per hour and per expense, or both.

    `fee_ceiling` bounds the fee of the whole contract; cost is billed beyond it.
    """

    percent: Decimal = Decimal(0)
    fee_per_hour: Money | None = None
    fee_per_expense: Money | None = None
    fee_ceiling: Money | None = None

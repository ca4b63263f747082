"""Sales of which a part is expected to come back: returns and service credits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import percent_of, share


@dataclass(frozen=True, slots=True)
class ReturnableSale:
    """Goods sold with a right of return (IFRS 15 B20-B27, ASC 606-10-55-22 to 29)."""

    units: Decimal
    expected_returns: Decimal
    price: Money
    cost: Money

    @property
    def billed(self) -> Money:
        return share(self.price, self.units)

    @property
    def refund_liability(self) -> Money:
        refuse_unless(
            0 <= self.expected_returns <= self.units,
            "expected_returns",
            f"{self.expected_returns} of {self.units} units cannot come back.",
            "Correct the estimate.",
        )
        return share(self.price, self.expected_returns)

    @property
    def revenue(self) -> Money:
        return self.billed - self.refund_liability

    @property
    def inventory(self) -> Money:
        return share(self.cost, self.units)

    @property
    def return_asset(self) -> Money:
        return share(self.cost, self.expected_returns)

    @property
    def cost_of_sales(self) -> Money:
        return self.inventory - self.return_asset


def expected_credit(invoiced: Money, percent: Decimal) -> Money:
    """Credits that service levels are expected to cost: never revenue until they lapse."""
    return percent_of(invoiced, percent)

"""What one company of the firm charges another for an hour that its employee worked.

The price of an entry is rounded once, half up, so the pair of journal entries of a month is a sum
of amounts that both companies have seen entry by entry. Which method holds is the firm's transfer
pricing policy, so it is a setting without a default.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share


class TransferMethod(StrEnum):
    COST = "cost"
    """The cost of the hours, nothing on top."""
    COST_PLUS = "cost_plus"
    """The cost and a percentage of it (OECD Transfer Pricing Guidelines 2022, 2.45)."""
    PERCENT_OF_CLIENT_RATE = "percent_of_client_rate"
    """A percentage of what the client is charged: the resale price less a margin (same, 2.27).
    A credit to the client does not lower it: the work was done all the same."""

    @property
    def by_cost(self) -> bool:
        return self is not TransferMethod.PERCENT_OF_CLIENT_RATE


def transfer_price(
    method: TransferMethod, percent: Decimal | None, hours: Decimal, basis: Money
) -> Money:
    """`basis` is the cost of an hour, or for `percent_of_client_rate` what the client is charged
    for all the hours.
    """
    refuse_unless(
        (percent is None) is (method is TransferMethod.COST),
        "percent",
        f"The method {method} " + ("has" if method is not TransferMethod.COST else "has no")
        + " percentage.",
        "Correct policies.intercompany of the landscape.",
    )  # fmt: skip
    part = Fraction(percent or 0) / 100
    if method.by_cost:
        return share(basis, Fraction(hours) * (1 + part))
    return share(basis, part)

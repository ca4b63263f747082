"""What an hour of each consultant costs the firm, by role, seniority and region.

The market's cheapest price of a role says how senior the role is; within it people stand on one of
three steps. An hour for a client in another currency than the consultant's pay costs what the card
that prices it says.
"""

from __future__ import annotations

from decimal import Decimal

from isthmus.demo.price_list import average_cost, to_cent

STEPS = (Decimal("0.90"), Decimal("1.00"), Decimal("1.12"))
"""Of the role's average: new to it, settled, senior."""


def cost_of(number: int, role: str, currency: str) -> Decimal:
    """Of an hour of one employee, in the currency of the pay; steps go round by number."""
    return to_cent(average_cost(role, currency) * STEPS[number % len(STEPS)])

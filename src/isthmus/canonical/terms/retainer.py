"""Terms of money or hours that a client pays for in advance."""

from decimal import Decimal
from enum import StrEnum

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class DrawOrder(StrEnum):
    """Which of several balances is used first."""

    EXPIRING_FIRST = "expiring_first"
    """Default: what would lapse first, so that the client loses least."""
    OLDEST_FIRST = "oldest_first"
    CURRENT_FIRST = "current_first"


class HourRetainer(Value):
    """A fee per period that includes hours. Hours unused roll over, capped, for some periods."""

    fee: Money
    included_hours: Decimal
    rollover_max: Decimal | None = None
    """Hours that may roll over from one period; None: all of them."""
    rollover_periods: int = 0
    overage_rate: Money
    draw: DrawOrder = DrawOrder.EXPIRING_FIRST


class MoneyRetainer(Value):
    """Credit bought in advance, applied to invoices including their tax; may lapse."""

    amount: Money
    expires_after_days: int | None = None
    draw: DrawOrder = DrawOrder.EXPIRING_FIRST


class Deposit(Value):
    """Kept at a level: below the threshold it is replenished to its full amount."""

    amount: Money
    threshold: Money

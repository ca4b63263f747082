"""Terms of money or hours that a client pays for in advance."""

from decimal import Decimal
from enum import StrEnum

from pydantic import model_validator

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class DrawOrder(StrEnum):
    """Which of several balances is used first."""

    EXPIRING_FIRST = "expiring_first"
    """Default: what would lapse first, so that the client loses least."""
    OLDEST_FIRST = "oldest_first"
    CURRENT_FIRST = "current_first"
    """The newest, so that what rolled over is touched last."""


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
    """Credit bought in advance, applied to invoices including their tax; may lapse.

    `expires_after_days` after the day it was bought is the last day on which it pays.
    """

    amount: Money
    expires_after_days: int | None = None
    draw: DrawOrder = DrawOrder.EXPIRING_FIRST


class Overrun(StrEnum):
    """What happens to hours beyond a prepaid block."""

    FLAGGED = "flagged"
    """Default: not billed; someone is told, because the client agreed to the block and no more."""
    BILLED = "billed"
    """At the overage rate."""


class HourBlock(Value):
    """Hours invoiced when they are ordered and used until they are gone or lapse."""

    hours: Decimal
    rate: Money
    overrun: Overrun = Overrun.FLAGGED
    overage_rate: Money | None = None
    """Absent: the rate of the block."""
    expires_after_days: int | None = None


class Deposit(Value):
    """Kept at a level: below the threshold it is replenished to its full amount."""

    amount: Money
    threshold: Money

    @model_validator(mode="after")
    def _threshold_inside(self) -> "Deposit":
        if self.amount < self.threshold:
            raise ValueError(f"a deposit of {self.amount} is always below {self.threshold}")
        return self

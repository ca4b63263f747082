"""Changes of scope or price: a new contract, a change from now on, or a catch-up.

IFRS 15.18-21, ASC 606-10-25-10 to 13. A change that is not approved has no price yet: its cost
is in the estimate at completion, its price is not in the transaction price.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.revenue.allocation import Prices, allocate
from isthmus.rules.revenue.progress import Measured, earned_to_date
from isthmus.rules.rounding import movements, share


class Treatment(StrEnum):
    SEPARATE_CONTRACT = "separate_contract"
    PROSPECTIVE = "prospective"
    CATCH_UP = "catch_up"


@dataclass(frozen=True, slots=True)
class Change:
    """The three answers that decide. Each is a person's judgement about the amendment."""

    adds_distinct: bool
    added_at_stand_alone_price: bool
    rest_distinct: bool


def treatment(change: Change) -> Treatment:
    if change.adds_distinct and change.added_at_stand_alone_price:
        return Treatment.SEPARATE_CONTRACT
    return Treatment.PROSPECTIVE if change.rest_distinct else Treatment.CATCH_UP


@dataclass(frozen=True, slots=True)
class UnitOrder:
    units: Decimal
    unit_price: Money
    delivered: Decimal = Decimal(0)

    @property
    def remaining(self) -> Decimal:
        refuse_unless(
            0 <= self.delivered <= self.units,
            "delivered",
            f"{self.delivered} of {self.units} units cannot have been delivered.",
            "Correct the deliveries or the order.",
        )
        return self.units - self.delivered

    @property
    def unearned(self) -> Money:
        """What is left to earn; of a separate contract, all of it."""
        return share(self.unit_price, self.remaining)


@dataclass(frozen=True, slots=True)
class Pool:
    """What is still to be earned over what is still to be delivered."""

    consideration: Money
    units: Decimal

    @property
    def unit_revenue(self) -> Fraction:
        return Fraction(self.consideration.amount) / Fraction(self.units)

    def earned(self, delivered: Decimal) -> Money:
        return earned_to_date(self.consideration, Measured(delivered, self.units))

    def earned_by(self, deliveries: Sequence[Decimal]) -> tuple[Money, ...]:
        """Revenue of each delivery, the cents carried so that the last one closes the pool."""
        running = [sum(deliveries[: n + 1], Decimal(0)) for n in range(len(deliveries))]
        return movements([self.earned(done) for done in running])


def prospective(unearned: Money, added: Money, remaining_units: Decimal) -> Pool:
    """The old contract ends, the rest of it and the addition make a new one (21(a), 25-13(a))."""
    refuse_unless(
        remaining_units > 0,
        "remaining_units",
        "Nothing is left to deliver, so nothing can be earned from now on.",
        "Treat the change as a cumulative catch-up.",
    )
    return Pool(unearned + added, remaining_units)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    to_date: Money
    adjustment: Money


def catch_up(new_price: Money, measured: Measured, recognised: Money) -> CaughtUp:
    """As if the new terms had always held (21(b), 25-13(b))."""
    to_date = earned_to_date(new_price, measured)
    return CaughtUp(to_date, to_date - recognised)


def later_change(
    change: Money, original: Prices, after_modification: Prices, satisfied: Collection[str]
) -> dict[str, Money]:
    """Who gets a change of a variable amount promised before a modification (IFRS 15.90(a)).

    First the obligations of the original contract; then the share of those that were still open,
    over everything that the modification left to deliver (Example 6).
    """
    first = allocate(change, original)
    done = {name: amount for name, amount in first.items() if name in satisfied}
    still_open = change - Money.total(done.values(), change.currency)
    return done | allocate(still_open, after_modification)

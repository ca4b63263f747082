"""Revenue over time by a measure of progress: hours, cost, units, milestones reached.

The total to date is progress times price; a period gets what that total moved by. A new estimate
therefore corrects the past in the period it is made (IFRS 15.43-44, ASC 606-10-25-35), and the
revenue of a period may be negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money, step_of
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import movements, share


@dataclass(frozen=True, slots=True)
class Measured:
    """How much is done of what is expected in all, both in the same unit."""

    done: Decimal
    expected: Decimal

    @property
    def ratio(self) -> Fraction:
        refuse_unless(
            self.expected > 0 and 0 <= self.done <= self.expected,
            "progress",
            f"{self.done} done of {self.expected} expected is not between nothing and all.",
            "Raise the estimate at completion to at least what is already done.",
        )
        return Fraction(self.done) / Fraction(self.expected)


def earned_to_date(price: Money, measured: Measured, step: Decimal | None = None) -> Money:
    return share(price, measured.ratio, step)


def earned_by_period(price: Money, history: Iterable[Measured]) -> tuple[Money, ...]:
    """One amount per period, from what was known at its end."""
    return movements([earned_to_date(price, measured) for measured in history])


def estimate_effect(price: Money, done: Decimal, before: Decimal, after: Decimal) -> Money:
    """What a new estimate alone changes about work already done."""
    revised = earned_to_date(price, Measured(done, after))
    return revised - earned_to_date(price, Measured(done, before))


class UninstalledMaterials(StrEnum):
    """Costly goods that the customer has, but that the contractor did not yet install."""

    AT_COST = "at_cost"
    """Default: out of the measure, revenue equal to their cost (IFRS 15 B19(b) and Example 19,
    ASC 606-10-55-21(b))."""
    AS_PROGRESS = "as_progress"
    """Cost like any other. Only where the goods are not significant or not distinct."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Cost of the whole contract, materials included, and the part that is such materials."""

    incurred: Money
    expected: Money
    materials_incurred: Money | None = None
    materials_expected: Money | None = None


def cost_progress(
    costs: Costs, uninstalled: UninstalledMaterials = UninstalledMaterials.AT_COST
) -> Fraction:
    incurred, expected = _materials(costs, uninstalled)
    done = costs.incurred - incurred
    return Measured(done.amount, (costs.expected - expected).amount).ratio


def cost_to_cost(
    price: Money,
    costs: Costs,
    uninstalled: UninstalledMaterials = UninstalledMaterials.AT_COST,
) -> Money:
    """Revenue to date by cost incurred."""
    incurred, expected = _materials(costs, uninstalled)
    ratio = cost_progress(costs, uninstalled)
    exact = Fraction((price - expected).amount) * ratio + Fraction(incurred.amount)
    return share(Money.of(1, price.currency), exact, step_of(price.currency))


def _materials(costs: Costs, uninstalled: UninstalledMaterials) -> tuple[Money, Money]:
    none = Money.zero(costs.expected.currency)
    if uninstalled is UninstalledMaterials.AS_PROGRESS:
        return none, none
    incurred = costs.materials_incurred or none
    expected = costs.materials_expected or incurred
    refuse_unless(
        incurred <= expected,
        "materials_incurred",
        f"{incurred} of materials are delivered, but only {expected} are expected.",
        "Raise the expected cost of the materials and of the contract.",
    )
    return incurred, expected

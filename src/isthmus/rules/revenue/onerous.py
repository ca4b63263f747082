"""Contracts that lose money: the whole loss is booked when it is seen, then released.

IAS 37.66-69, ASC 605-35-25-45 to 47. Which costs count (IAS 37.68A: those of the contract and a
share of others that relate to it) and whether a contract or one obligation in it is tested
(ASC 605-35-25-47 leaves it open) are in the figures the caller gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.revenue.progress import Costs, UninstalledMaterials, cost_to_cost


@dataclass(frozen=True, slots=True)
class LossPeriod:
    revenue: Money
    margin: Money
    provision: Money
    """At the end of the period."""
    result: Money
    """Margin less what the provision grew by."""


def provision(price: Money, costs: Costs, earned: Money) -> Money:
    """What is still to be lost: the cost to come beyond the revenue to come."""
    to_come = (costs.expected - costs.incurred) - (price - earned)
    return max(to_come, Money.zero(price.currency))


def loss_by_period(
    price: Money,
    history: Iterable[Costs],
    uninstalled: UninstalledMaterials = UninstalledMaterials.AT_COST,
) -> Iterator[LossPeriod]:
    """Cost-to-cost periods of a contract, with the provision that each one needs."""
    earned = incurred = provided = Money.zero(price.currency)
    for costs in history:
        to_date = cost_to_cost(price, costs, uninstalled)
        margin = (to_date - earned) - (costs.incurred - incurred)
        needed = provision(price, costs, to_date)
        yield LossPeriod(to_date - earned, margin, needed, margin - (needed - provided))
        earned, incurred, provided = to_date, costs.incurred, needed


def provision_entry(on: date, before: Money, after: Money) -> Entry:
    change = after - before
    return entry(on, [Line(Account.LOSS_EXPENSE, change), Line(Account.LOSS_PROVISION, -change)])

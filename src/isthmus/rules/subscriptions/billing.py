"""What a subscription should have billed by a day, less what it did bill.

The history is never edited and nothing is remembered but the items billed. A plan that starts,
changes or ends late, or was wrong all along, is billed or credited by the same subtraction, and a
second run has nothing left to bill (Kill Bill calls it repair).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from isthmus.canonical.terms import BillingTiming
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share
from isthmus.rules.subscriptions.periods import Period
from isthmus.rules.subscriptions.plan import Plan, priced_parts


@dataclass(frozen=True, slots=True)
class Item:
    """Days of a full period at its price; an amount below zero takes back what was billed."""

    subscription: str
    period: Period
    of: Period
    price: Money
    amount: Money
    due_on: date

    @property
    def is_credit(self) -> bool:
        return self.amount.amount < 0

    @property
    def charge(self) -> Charge:
        name = f"{self.subscription}, {self.period.starts_on} to {self.period.last_day}"
        taken = "credit for " if self.is_credit else ""
        part = "" if self.period == self.of else f"{self.period.days} of {self.of.days} days at "
        return lump(name, self.amount, f"{taken}{part}{self.price}")


def due(plans: Iterable[Plan], up_to: date) -> tuple[Item, ...]:
    """All that should have been billed by a day, from the start of every plan."""
    return tuple(item for plan in plans for item in _due(plan, up_to))


def bill(plans: Sequence[Plan], up_to: date, billed: Sequence[Item] = ()) -> tuple[Item, ...]:
    """Charges and credits that turn what was billed into what should have been.

    `billed` is all that was ever billed of these subscriptions. A period that was billed stays due
    when a run is repeated for an earlier day. Each part is prorated and rounded by itself; where
    something was billed before, its difference in money is billed, so cents are never lost.
    """
    _refuse_overlaps(plans)
    names = dict.fromkeys([plan.subscription for plan in plans] + [i.subscription for i in billed])
    found = [
        item
        for name in names
        for item in _difference(
            [plan for plan in plans if plan.subscription == name],
            up_to,
            [item for item in billed if item.subscription == name],
        )
    ]
    return tuple(sorted(found, key=lambda item: (item.period, item.subscription, item.amount)))


def _due(plan: Plan, up_to: date) -> Iterator[Item]:
    anchor, arrears = plan.anchor, plan.terms.timing is BillingTiming.IN_ARREARS
    whole = anchor.period_of(plan.starts_on)
    while (period := whole.within(plan.starts_on, plan.until)) is not None:
        due_on = period.ends_on if arrears else period.starts_on
        if due_on > up_to:
            return
        for part, price in priced_parts(plan, period):
            amount = share(price, part.part_of(whole))
            if amount:
                yield Item(plan.subscription, part, whole, price, amount, due_on)
        whole = anchor.period_of(whole.ends_on)


def _difference(plans: Sequence[Plan], up_to: date, billed: Sequence[Item]) -> Iterator[Item]:
    known = max([up_to, *(item.due_on for item in billed if not item.is_credit)])
    should = due(plans, known)
    for of, price in dict.fromkeys((item.of, item.price) for item in [*should, *billed]):
        yield from _settled(
            [item for item in should if (item.of, item.price) == (of, price)],
            [item for item in billed if (item.of, item.price) == (of, price)],
        )


def _settled(should: Sequence[Item], billed: Sequence[Item]) -> Iterator[Item]:
    """One full period at one price: days not yet billed, or billed too often, and their money."""
    currency = (*should, *billed)[0].price.currency
    rest = _amount(should, currency) - _amount(billed, currency)
    found = list(_uncovered(should, billed))
    for item in found[:-1]:
        rest = rest - item.amount
        if item.amount:
            yield item
    if rest:
        last = found[-1] if found else (*should, *billed)[-1]
        yield _with(last, last.period, rest)


def _uncovered(should: Sequence[Item], billed: Sequence[Item]) -> Iterator[Item]:
    """Days that were billed another number of times than they should have been."""
    for like, period, missing in _runs(should, billed):
        amount = share(like.price, period.part_of(like.of))
        for _ in range(abs(missing)):
            yield _with(like, period, amount if missing > 0 else -amount)


def _runs(should: Sequence[Item], billed: Sequence[Item]) -> list[tuple[Item, Period, int]]:
    """Days on end that are missing equally often. A run never reaches from one item into the
    next, because each item has its own day on which it is due.
    """
    items = (*should, *billed)
    days = sorted({d for item in items for d in (item.period.starts_on, item.period.ends_on)})
    runs: list[tuple[Item, Period, int]] = []
    for first, end in pairwise(days):
        missing = _times(should, first) - _times(billed, first)
        like = next((item for item in items if first in item.period), None)
        if runs and runs[-1][0] is like and runs[-1][2] == missing:
            first = runs.pop()[1].starts_on
        if like is not None:
            runs.append((like, Period(first, end), missing))
    return runs


def _times(items: Iterable[Item], day: date) -> int:
    return sum(-1 if item.is_credit else 1 for item in items if day in item.period)


def _amount(items: Iterable[Item], currency: str) -> Money:
    return Money.total((item.amount for item in items), currency)


def _with(item: Item, period: Period, amount: Money) -> Item:
    return Item(item.subscription, period, item.of, item.price, amount, item.due_on)


def _refuse_overlaps(plans: Iterable[Plan]) -> None:
    ordered = sorted(plans, key=lambda plan: (plan.subscription, plan.starts_on))
    for plan, later in pairwise(ordered):
        refuse_unless(
            plan.subscription != later.subscription
            or (plan.until is not None and plan.until <= later.starts_on),
            "plans",
            f"{plan.subscription} has two plans in force on {later.starts_on}.",
            "End the earlier plan, or give the second subscription a name of its own.",
        )

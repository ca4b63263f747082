"""Margin and work in progress by project, client or practice, in the currency asked for.

Every fact is converted at the rate of its own day, so a figure of the past does not move with the
rates of today. Amounts of a fact that are None do not apply; zero is an amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money
from isthmus.rules.fx import find_rate
from isthmus.rules.problems import Problem
from isthmus.rules.ratios import ratio


class Dimension(StrEnum):
    PROJECT = "project"
    CUSTOMER = "customer"
    PRACTICE = "practice"


class RevenueBasis(StrEnum):
    """What margin is taken of."""

    BILLED = "billed"
    """Default: Certinia's margin is billings + pass-through - internal, external, expense and
    other costs."""
    EARNED = "earned"
    """Recognised revenue; the same once everything is billed."""


@dataclass(frozen=True, slots=True)
class Place:
    project: str
    customer: str
    practice: str

    def at(self, dimension: Dimension) -> str:
        match dimension:
            case Dimension.PROJECT:
                return self.project
            case Dimension.CUSTOMER:
                return self.customer
            case Dimension.PRACTICE:
                return self.practice


@dataclass(frozen=True, slots=True)
class Fact:
    """Hours, an expense, a milestone or an invoice line without either, on its own day.

    `value`: what the client would pay for it, None for work that is not charged by itself.
    `billed`: what invoices and credit memos say of it, before tax; None until one does.
    `earned`: revenue of it. `cost` is internal, external or expense cost alike.
    """

    place: Place
    on: date
    hours: Decimal = Decimal(0)
    cost: Money | None = None
    value: Money | None = None
    billed: Money | None = None
    earned: Money | None = None


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold, and planned to cost, for one project."""

    place: Place
    on: date
    price: Money
    cost_budget: Money | None = None
    hours_budget: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """`unbilled` is earned and not invoiced, `deferred` invoiced and not earned.

    Neither is netted across projects: one client's advance is no other client's invoice (IFRS
    15.105). `wip_*` is chargeable work without an invoice. `backlog` is sold and not yet earned.
    """

    hours: Decimal
    cost: Money
    value: Money
    wip_at_cost: Money
    wip_at_value: Money
    billed: Money
    earned: Money
    unbilled: Money
    deferred: Money
    sold: Money
    cost_budget: Money
    hours_budget: Decimal
    backlog: Money

    def revenue(self, of: RevenueBasis = RevenueBasis.BILLED) -> Money:
        return self.billed if of is RevenueBasis.BILLED else self.earned

    def margin(self, of: RevenueBasis = RevenueBasis.BILLED) -> Money:
        return self.revenue(of) - self.cost

    def margin_ratio(self, of: RevenueBasis = RevenueBasis.BILLED) -> Fraction:
        return ratio(self.margin(of).amount, self.revenue(of).amount)

    @property
    def burn(self) -> Fraction:
        """Cost of what was budgeted; above 1 is overrun."""
        return ratio(self.cost.amount, self.cost_budget.amount)

    @property
    def hours_burn(self) -> Fraction:
        return ratio(self.hours, self.hours_budget)


def figures(
    facts: Iterable[Fact],
    by: Dimension,
    currency: str,
    rates: Sequence[ExchangeRate] = (),
    sold: Iterable[Sold] = (),
) -> dict[str, Figures] | Problem:
    """By project, client or practice; a problem where a rate is missing, never part of a sum."""
    groups: dict[str, list[Fact | Sold]] = {}
    given: tuple[Fact | Sold, ...] = (*facts, *sold)
    for each in given:
        found = _in_currency(each, currency, rates)
        if isinstance(found, Problem):
            return found
        groups.setdefault(each.place.at(by), []).append(found)
    return {name: _figures(parts, currency) for name, parts in groups.items()}


_AMOUNTS = ("cost", "value", "billed", "earned", "price", "cost_budget")


def _in_currency(
    each: Fact | Sold, currency: str, rates: Sequence[ExchangeRate]
) -> Fact | Sold | Problem:
    changes: dict[str, Money] = {}
    for name in _AMOUNTS:
        amount: Money | None = getattr(each, name, None)
        if amount is None:
            continue
        rate = find_rate(rates, amount.currency, currency, each.on)
        if isinstance(rate, Problem):
            return rate
        changes[name] = rate.of(amount)
    return replace(each, **changes)  # type: ignore[arg-type] # each name is a field of money


def _figures(parts: Sequence[Fact | Sold], currency: str) -> Figures:
    facts = [part for part in parts if isinstance(part, Fact)]
    sold = [part for part in parts if isinstance(part, Sold)]
    wip = [fact for fact in facts if fact.value is not None and fact.billed is None]
    earned = _by_project(((f.place, f.earned) for f in facts), currency)
    billed = _by_project(((f.place, f.billed) for f in facts), currency)
    prices = _by_project(((s.place, s.price) for s in sold), currency)
    return Figures(
        hours=sum((f.hours for f in facts), start=Decimal(0)),
        cost=_total((f.cost for f in facts), currency),
        value=_total((f.value for f in facts), currency),
        wip_at_cost=_total((f.cost for f in wip), currency),
        wip_at_value=_total((f.value for f in wip), currency),
        billed=_total(billed.values(), currency),
        earned=_total(earned.values(), currency),
        unbilled=_excess(earned, billed, currency),
        deferred=_excess(billed, earned, currency),
        sold=_total(prices.values(), currency),
        cost_budget=_total((s.cost_budget for s in sold), currency),
        hours_budget=sum((s.hours_budget for s in sold), start=Decimal(0)),
        backlog=_excess(prices, earned, currency),
    )


def _total(amounts: Iterable[Money | None], currency: str) -> Money:
    return Money.total((amount for amount in amounts if amount is not None), currency)


def _by_project(amounts: Iterable[tuple[Place, Money | None]], currency: str) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for place, amount in amounts:
        before = found.setdefault(place.project, Money.zero(currency))
        found[place.project] = before + amount if amount is not None else before
    return found


def _excess(more: dict[str, Money], than: dict[str, Money], currency: str) -> Money:
    """By project, where it is above; what is below elsewhere takes nothing off."""
    zero = Money.zero(currency)
    differences = (amount - than.get(project, zero) for project, amount in more.items())
    return Money.total((max(left, zero) for left in differences), currency)

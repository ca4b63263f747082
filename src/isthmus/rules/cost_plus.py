"""Cost plus: work and expenses at what they cost, and a fee on it up to a ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical.terms import CostPlusTerms
from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share


@dataclass(frozen=True, slots=True)
class CostItem:
    """A time entry with its hours, or an expense without; cost in the contract's currency."""

    id: str
    on: date
    cost: Money
    hours: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CostPlusItem:
    """`forgone`: the fee beyond the ceiling, which nobody pays."""

    item: CostItem
    fee: Money
    forgone: Money

    @property
    def billed(self) -> Money:
        return self.item.cost + self.fee


def cost_plus(
    items: Iterable[CostItem],
    terms: CostPlusTerms,
    currency: str,
    earned_before: Money | None = None,
) -> tuple[CostPlusItem, ...]:
    """Items use the ceiling by day, then by id, so their order of arrival changes nothing.

    `earned_before` is the fee on all that came before these, without regard to the ceiling, so
    batches come to the same as one. The ceiling ends inside an item; cost goes on being billed
    after it. A correction below zero gives its fee back.
    """
    refuse_unless(
        terms.percent >= 0 and (terms.fee_ceiling is None or terms.fee_ceiling.amount >= 0),
        "cost_plus",
        "A fee on cost, and its ceiling, are not below zero.",
        "Correct the cost-plus terms of the contract.",
    )
    ordered = sorted(items, key=lambda item: (item.on, item.id))
    return tuple(_charged(ordered, terms, earned_before or Money.zero(currency)))


def _charged(
    items: Iterable[CostItem], terms: CostPlusTerms, earned: Money
) -> Iterator[CostPlusItem]:
    """The fee to date is what was earned, as far as the ceiling; an item gets what it moved by."""
    for item in items:
        fee, before = _fee(item, terms), _within(earned, terms)
        earned += fee
        charged = _within(earned, terms) - before
        yield CostPlusItem(item, charged, fee - charged)


def _within(earned: Money, terms: CostPlusTerms) -> Money:
    return earned if terms.fee_ceiling is None else min(earned, terms.fee_ceiling)


def _fee(item: CostItem, terms: CostPlusTerms) -> Money:
    none = Money.zero(item.cost.currency)
    percent = share(item.cost, Fraction(terms.percent) / 100)
    if item.hours is None:
        each = terms.fee_per_expense or none
        return percent + (-each if item.cost.amount < 0 else each)
    return percent + share(terms.fee_per_hour or none, item.hours)

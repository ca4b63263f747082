"""Variable consideration: bonuses, penalties, concessions, retroactive tiers, indexation.

Estimated by one of two methods (IFRS 15.53, ASC 606-10-32-8) and included only as far as a
reversal is not to be expected (IFRS 15.56, ASC 606-10-32-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import percent_of, share


class Estimate(StrEnum):
    """The one that predicts better, kept through the contract (IFRS 15.53-54)."""

    EXPECTED_VALUE = "expected_value"
    """Default where outcomes are many."""
    MOST_LIKELY = "most_likely"
    """For a bonus that is earned or not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    amount: Money
    probability: Decimal


def estimate(outcomes: Sequence[Outcome], how: Estimate = Estimate.EXPECTED_VALUE) -> Money:
    _certain_in_all(outcomes)
    if how is Estimate.MOST_LIKELY:
        return max(outcomes, key=lambda outcome: outcome.probability).amount
    exact = sum(Fraction(o.amount.amount) * Fraction(o.probability) for o in outcomes)
    return share(Money.of(1, outcomes[0].amount.currency), Fraction(exact))


def reached_with(outcomes: Sequence[Outcome], confidence: Decimal) -> Money:
    """The largest amount that is reached with this probability: a ceiling for `Variable`.

    The standards name no figure ("highly probable", "probable"), so there is no default.
    """
    _certain_in_all(outcomes)
    reached = Decimal(0)
    ranked = sorted(outcomes, key=lambda outcome: outcome.amount.amount, reverse=True)
    for outcome in ranked:
        reached += outcome.probability
        if reached >= confidence:
            break
    return outcome.amount


def _certain_in_all(outcomes: Sequence[Outcome]) -> None:
    refuse_unless(
        sum(outcome.probability for outcome in outcomes) == 1,
        "outcomes",
        "The probabilities of the outcomes do not add up to 1.",
        "List every outcome, also the one that pays nothing.",
    )


@dataclass(frozen=True, slots=True)
class Variable:
    """An amount on top of the fixed price, negative for a concession.

    The ceiling is the constraint: the largest amount judged highly probable not to be reversed.
    Zero shuts a bonus out.
    """

    estimated: Money
    ceiling: Money | None = None

    @property
    def included(self) -> Money:
        return self.estimated if self.ceiling is None else min(self.estimated, self.ceiling)


def transaction_price(fixed: Money, *variables: Variable) -> Money:
    return Money.total([fixed, *(variable.included for variable in variables)], fixed.currency)


@dataclass(frozen=True, slots=True)
class PriceParts:
    fixed: Money
    variable: Money


def under_penalty(price: Money, penalty: Money) -> PriceParts:
    """Only what no delay can take away is fixed (IFRS 15.51 and Example 20)."""
    return PriceParts(price - penalty, penalty)


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that, past a threshold, holds for all units, those already delivered too."""

    price: Money
    reduced: Money

    def expected_price(self, threshold_expected: bool) -> Money:
        return self.reduced if threshold_expected else self.price

    def earned(self, units_to_date: Decimal, threshold_expected: bool) -> Money:
        return share(self.expected_price(threshold_expected), units_to_date)

    def refundable(self, units_to_date: Decimal, threshold_expected: bool) -> Money:
        """What was invoiced at the full price and is expected back (IFRS 15.55)."""
        return share(self.price, units_to_date) - self.earned(units_to_date, threshold_expected)


def indexed(price: Money, percent: Decimal) -> Money:
    """The price of a later year less that of the first: variable until the index is known."""
    return percent_of(price, percent)


def assign_to(allocated: Mapping[str, Money], name: str, variable: Money) -> dict[str, Money]:
    """A variable amount that belongs to one distinct part of a series (IFRS 15.85)."""
    refuse_unless(
        name in allocated,
        "name",
        f"{name!r} is none of {', '.join(allocated)}.",
        "Name the obligation or the year that the variable amount relates to.",
    )
    return {**allocated, name: allocated[name] + variable}

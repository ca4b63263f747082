"""Exchange rates by day, and amounts in another currency.

Rates are the ledger's; which of them applies, how an amount is converted and where the cents go
that conversion leaves over are stated conventions. Rates are exact fractions, so a rate and its
inverse undo each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.canonical import ExchangeRate
from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, step_of
from isthmus.rules.problems import Problem
from isthmus.rules.rounding import Number, nearest, share


class Quotation(StrEnum):
    """Which way a rate is written."""

    TARGET_PER_SOURCE = "target_per_source"
    """Default: units received for one unit given, as `ExchangeRate` and SAP's direct quotation."""
    SOURCE_PER_TARGET = "source_per_target"
    """The other way round: dollars per euro, to convert dollars into euros (ECB, Tryton)."""


def multiplier(rate: Number, quotation: Quotation = Quotation.TARGET_PER_SOURCE) -> Fraction:
    """What an amount is multiplied by."""
    exact = Fraction(rate)
    return exact if quotation is Quotation.TARGET_PER_SOURCE else 1 / exact


def converted(amount: Money, rate: Number, currency: str, half: HalfCent = HalfCent.UP) -> Money:
    """`rate` is in units of the currency for one unit of the amount; rounded once, to the minor
    unit of the currency it is converted to.
    """
    exact = Fraction(amount.amount) * Fraction(rate)
    return Money.of(nearest(exact, step_of(currency), half), currency)


class Way(StrEnum):
    SAME = "same"
    DIRECT = "direct"
    INVERSE = "inverse"
    PIVOT = "pivot"


@dataclass(frozen=True, slots=True)
class Rate:
    """`value` is in target units for one source unit; `used` are the rates it was made of."""

    source: str
    target: str
    on: date
    value: Fraction
    way: Way
    used: tuple[ExchangeRate, ...] = ()

    def of(self, amount: Money) -> Money:
        return converted(amount, self.value, self.target)

    def words(self) -> str:
        """The rates as the ledger has them, with their days."""
        return " and ".join(
            f"{rate.source}/{rate.target} {rate.rate} of {rate.rated_on}" for rate in self.used
        )


@dataclass(frozen=True, slots=True)
class LookUp:
    """The latest rate up to the day, if it is young enough: 0 days is the exact day.

    Default: seven days, which spans every run of days on which the ECB sets no rate (Good Friday
    to Easter Monday, Christmas with a weekend) and still shows a feed that has stopped. Tryton and
    NetSuite take the latest of any age. A `pivot` is tried where the two currencies have no rate.
    """

    max_age_days: int = 7
    pivot: str | None = None


USUAL = LookUp()


def find_rate(
    rates: Iterable[ExchangeRate], source: str, target: str, on: date, how: LookUp = USUAL
) -> Rate | Problem:
    """The direct rate before the inverse, and either before two rates via the pivot."""
    known = list(rates)
    found = _between(known, source, target, on, how)
    if found is None and how.pivot:
        found = _via(how.pivot, known, source, target, on, how)
    return found or _missing(source, target, on, how)


def _between(
    rates: Sequence[ExchangeRate], source: str, target: str, on: date, how: LookUp
) -> Rate | None:
    if source == target:
        return Rate(source, target, on, Fraction(1), Way.SAME)
    if direct := _latest(rates, source, target, on, how):
        return Rate(source, target, on, Fraction(direct.rate), Way.DIRECT, (direct,))
    if inverse := _latest(rates, target, source, on, how):
        return Rate(source, target, on, 1 / Fraction(inverse.rate), Way.INVERSE, (inverse,))
    return None


def _latest(
    rates: Sequence[ExchangeRate], source: str, target: str, on: date, how: LookUp
) -> ExchangeRate | None:
    fitting = (
        rate
        for rate in rates
        if (rate.source, rate.target) == (source, target)
        and 0 <= (on - rate.rated_on).days <= how.max_age_days
    )
    return max(fitting, key=lambda rate: rate.rated_on, default=None)


def _via(
    pivot: str, rates: Sequence[ExchangeRate], source: str, target: str, on: date, how: LookUp
) -> Rate | None:
    first = _between(rates, source, pivot, on, how)
    second = _between(rates, pivot, target, on, how)
    if first is None or second is None:
        return None
    used = first.used + second.used
    return Rate(source, target, on, first.value * second.value, Way.PIVOT, used)


def _missing(source: str, target: str, on: date, how: LookUp) -> Problem:
    age = f" or up to {how.max_age_days} days before" if how.max_age_days else ""
    via = f", also none via {how.pivot}" if how.pivot else ""
    return Problem(
        "exchange_rate_missing",
        f"no rate from {source} to {target} on {on}{age}{via}",
        "finance",
        f"Enter the rate of {on} in the ledger, then replay.",
        "rate",
    )


@dataclass(frozen=True, slots=True)
class CashRounded:
    """`rounding` is what was added to the total (EN 16931 BT-114)."""

    payable: Money
    rounding: Money


def cash_rounded(total: Money, step: Decimal, half: HalfCent = HalfCent.UP) -> CashRounded:
    """To what can be paid in coins, such as 0.05 in Switzerland; the invoice's total stays."""
    payable = share(total, 1, step, half)
    return CashRounded(payable, payable - total)

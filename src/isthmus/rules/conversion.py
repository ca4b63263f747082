"""Billing in a currency other than the one the work was priced in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money, step_of
from isthmus.rules.fx import USUAL, LookUp, Rate, find_rate
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import movements, nearest


class RateDay(StrEnum):
    """Whose day's rate an entry is converted at."""

    WORK_DATE = "work_date"
    """Default, ours: what was approved is then worth the same whenever it is billed."""
    INVOICE_DATE = "invoice_date"
    """One rate for the document, as a ledger converts it (Tryton's currency date)."""


class Cents(StrEnum):
    """Where the difference goes between converted lines and the converted total."""

    SUM_OF_LINES = "sum_of_lines"
    """Default: nowhere. The total is the sum of the converted lines, as on every invoice."""
    ROUNDING_LINE = "rounding_line"
    """Lines as converted, and a line that makes them the converted total."""
    IN_LINES = "in_lines"
    """Some lines are a unit more or less, so that they make the converted total."""


@dataclass(frozen=True, slots=True)
class Work:
    on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Converted:
    """`difference` is the converted total less the sum of lines converted one by one."""

    lines: tuple[Money, ...]
    rounding_line: Money
    difference: Money

    @property
    def total(self) -> Money:
        return Money.total(self.lines, self.rounding_line.currency) + self.rounding_line


def convert_lines(
    lines: Sequence[Money], rates: Sequence[Rate], cents: Cents = Cents.SUM_OF_LINES
) -> Converted:
    """Each line at its rate; all rates lead to one currency."""
    targets = {rate.target for rate in rates}
    refuse_unless(
        len(targets) == 1,
        "rates",
        f"An invoice is in one currency, not in {', '.join(sorted(targets)) or 'none'}.",
        "Give a rate to the currency of the invoice for each line.",
    )
    [currency] = targets
    single = tuple(rate.of(line) for line, rate in zip(lines, rates, strict=True))
    to_date = _running(lines, rates, currency)
    difference = to_date[-1] - Money.total(single, currency)
    zero = Money.zero(currency)
    if cents is Cents.IN_LINES:
        return Converted(movements(to_date), zero, difference)
    rounding = difference if cents is Cents.ROUNDING_LINE else zero
    return Converted(single, rounding, difference)


def _running(lines: Sequence[Money], rates: Sequence[Rate], currency: str) -> list[Money]:
    exact, found = Fraction(0), []
    for line, rate in zip(lines, rates, strict=True):
        exact += Fraction(line.amount) * rate.value
        found.append(Money.of(nearest(exact, step_of(currency)), currency))
    return found


@dataclass(frozen=True, slots=True)
class Invoicing:
    """What an invoice is converted into, and when it is dated."""

    currency: str
    invoiced_on: date
    rate_day: RateDay = RateDay.WORK_DATE
    look_up: LookUp = USUAL
    cents: Cents = Cents.SUM_OF_LINES


def convert_work(
    work: Sequence[Work], rates: Iterable[ExchangeRate], into: Invoicing
) -> Converted | tuple[Problem, ...]:
    """Every missing rate is told once, and then nothing is converted."""
    known = list(rates)
    by_work = into.rate_day is RateDay.WORK_DATE
    found = [
        find_rate(
            known,
            entry.amount.currency,
            into.currency,
            entry.on if by_work else into.invoiced_on,
            into.look_up,
        )
        for entry in work
    ]
    problems = tuple(dict.fromkeys(rate for rate in found if isinstance(rate, Problem)))
    if problems:
        return problems
    usable = [rate for rate in found if isinstance(rate, Rate)]
    return convert_lines([entry.amount for entry in work], usable, into.cents)

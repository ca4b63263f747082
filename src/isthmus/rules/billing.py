"""Billing: facts become invoice lines that tie out to the minor unit.

Each part of an entry is rounded on its own, so an invoice is the sum of amounts that people have
already seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from isthmus.canonical.invoice import InvoiceLine
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import TimeRounding
from isthmus.kit.money import Money
from isthmus.rules.facts import Charging, ConsumptionOrder, Fact
from isthmus.rules.rounding import movements
from isthmus.rules.time.rounding import billed_hours, minutes_of, rounded_in_turn

Describe = Callable[[Sequence[Fact]], str]


@dataclass(frozen=True, slots=True)
class BilledLines:
    lines: tuple[InvoiceLine, ...]
    facts: Mapping[int, tuple[Fact, ...]]
    """Line number to the facts behind it, as they are billed there."""

    @property
    def lineage(self) -> dict[int, tuple[str, ...]]:
        """Line number to the entries behind it."""
        return {
            number: tuple(dict.fromkeys(fact.work.id for fact in facts))
            for number, facts in self.facts.items()
        }

    def list_amount(self, number: int) -> Money:
        """Standard value of a line: what a courtesy would have cost."""
        amounts = [fact.list_amount for fact in self.facts[number]]
        return Money.total(amounts, amounts[0].currency)


def invoice_lines(
    facts: Iterable[Fact], describe: Describe, *, first_number: int = 1
) -> BilledLines:
    """Lines by project, role, price, cost centre and profit centre, which tie out twice.

    The lines sum to the facts, and each line is quantity x price rounded, as a ledger computes
    it. Where the sum of rounded amounts is not the rounded sum, the fact goes to another line
    of its group: two half hours at 33.33 are two lines of 16.67, since one line says 33.33.
    Days and hours do not mix; courtesy is a line at 0.00; what is not charged is on no line.
    """
    shown = [fact for fact in facts if fact.charging is not Charging.NOT_CHARGED]
    ordered = sorted(shown, key=_by_line)
    _one_currency(ordered)
    open_lines: dict[_Group, list[_Line]] = {}
    for fact in ordered:
        lines = open_lines.setdefault(_group(fact), [])
        if not any(line.takes(fact) for line in lines):
            lines.append(_Line([fact], fact.quantity, fact.amount))
    numbered = list(enumerate((n for g in open_lines.values() for n in g), start=first_number))
    return BilledLines(
        tuple(line.as_invoice_line(number, describe) for number, line in numbered),
        {number: tuple(line.facts) for number, line in numbered},
    )


def rounded_on_lines(facts: Iterable[Fact], rounding: TimeRounding) -> tuple[Fact, ...]:
    """Hours rounded where an invoice line is made of them (`RoundingGrain.INVOICE_LINE`).

    Each fact has what it adds to the rounded hours, and amount, of the line before it, so the
    facts still sum to the line, and the line is its hours at their price.
    """
    groups: dict[_Group, list[Fact]] = {}
    for fact in sorted(facts, key=_by_line):
        groups.setdefault(_group(fact), []).append(fact)
    return tuple(fact for group in groups.values() for fact in _rounded(group, rounding))


def _rounded(group: Sequence[Fact], rounding: TimeRounding) -> Sequence[Fact]:
    if group[0].unit is not RateUnit.HOUR:
        return group
    minutes = [minutes_of(fact.hours, rounding) for fact in group]
    hours = rounded_in_turn(minutes, lambda total: billed_hours(total, rounding))
    first = group[0]
    running = [sum(hours[: n + 1], Decimal(0)) for n in range(len(hours))]
    amounts = movements([first.value(total) for total in running])
    return [
        replace(fact.changed(quantity=part, billed_hours=part), amount=amount)
        for fact, part, amount in zip(group, hours, amounts, strict=True)
    ]


@dataclass(slots=True)
class _Line:
    facts: list[Fact]
    quantity: Decimal
    amount: Money

    def takes(self, fact: Fact) -> bool:
        quantity, amount = self.quantity + fact.quantity, self.amount + fact.amount
        if self.facts[0].value(quantity) != amount:
            return False
        self.facts.append(fact)
        self.quantity, self.amount = quantity, amount
        return True

    def as_invoice_line(self, number: int, describe: Describe) -> InvoiceLine:
        first = self.facts[0]
        return InvoiceLine(
            number=number,
            kind=first.work.kind,
            description=describe(self.facts),
            quantity=self.quantity,
            unit_price=first.price,
            amount=self.amount,
            project=first.work.project,
            cost_centre=first.work.cost_centre,
            profit_centre=first.work.profit_centre,
        )


_Group = tuple[str, str, str, bool, str, Decimal, str, str, str]


def _group(fact: Fact) -> _Group:
    work = fact.work
    return (
        work.project, work.role, work.kind, fact.charging is Charging.COURTESY, fact.unit,
        fact.price.amount, work.cost_centre or "", work.profit_centre or "", fact.half_cent,
    )  # fmt: skip


def _by_line(fact: Fact) -> tuple[_Group, ConsumptionOrder, int]:
    return _group(fact), fact.work.order, fact.part


def _one_currency(facts: Sequence[Fact]) -> None:
    currencies = sorted({fact.amount.currency for fact in facts})
    if len(currencies) > 1:
        raise ValueError(
            f"lines: entries in {' and '.join(currencies)} are on one invoice.\n"
            "An invoice has one currency, and nothing is converted here.\n"
            "Make one invoice for each currency."
        )

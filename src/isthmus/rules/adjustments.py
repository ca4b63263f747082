"""Adjustments of what work is billed at, each with its reason, and realisation.

Before the invoice: hours not charged, courtesy, discount on the rate, a price agreed in all. After
it: what is written off. The standard value stays on every fact, so that realisation can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.kit.money import Money
from isthmus.rules.facts import SIX_PLACES, Charging, Fact
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import nearest, trimmed

_PERCENT_PLACES = Decimal("0.01")


class AdjustmentKind(StrEnum):
    WRITE_DOWN = "write_down"
    """Before the invoice: less than the standard value."""
    WRITE_UP = "write_up"
    """Before the invoice: more than it."""
    COURTESY = "courtesy"
    """Shown on the invoice at 0.00 with its value."""
    DISCOUNT = "discount"
    """Off the rate, before the amount is rounded."""
    WRITE_OFF = "write_off"
    """After the invoice: it will not be paid. Lowers what is collected, not what was billed."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`amount` is what the client pays more (or, negative, less) for it; `reason` a code."""

    kind: AdjustmentKind
    reason: str
    amount: Money
    entries: tuple[str, ...] = ()
    on_line: bool = False
    """Whether it is a line of its own on the invoice, not in the amounts of facts."""

    def __post_init__(self) -> None:
        refuse_unless(
            bool(self.reason.strip()),
            "reason",
            f"A {self.kind} of {self.amount} has no reason.",
            "Give the code of the reason.",
        )


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An entry's part as it is billed now, and what that changed."""

    facts: tuple[Fact, ...]
    adjustment: Adjustment


def agree(facts: Sequence[Fact], agreed: Money, reason: str) -> Adjustment | None:
    """Bill facts at a price agreed for all of them; None where it is what they come to."""
    amount = agreed - Money.total((fact.amount for fact in facts), agreed.currency)
    if not amount:
        return None
    kind = AdjustmentKind.WRITE_UP if amount.amount > 0 else AdjustmentKind.WRITE_DOWN
    return Adjustment(kind, reason, amount, _entries(facts), on_line=True)


def write_down_hours(fact: Fact, hours: Decimal, reason: str) -> Adjusted:
    """Charge the first `hours` of a fact only; the rest is worked for nothing.

    As Dynamics 365 does with hours that an approver takes away: 8 h of which 6 are billable are
    6 h chargeable and 2 h non-chargeable (ActualsonTM).
    """
    _must_be_charged(fact)
    refuse_unless(
        fact.is_divisible and 0 <= hours < fact.billed_hours,
        "hours",
        f"Of {trimmed(fact.billed_hours)} billed hours, {trimmed(hours)} cannot be left.",
        "Leave fewer hours than are billed, and none below zero.",
    )
    kept = Fraction(hours) / Fraction(fact.billed_hours) * Fraction(fact.quantity)
    front, rest = fact.cut(trimmed(nearest(kept, SIX_PLACES)))
    why = f"{trimmed(rest.billed_hours)} h written down: {reason}"
    free = rest.changed(why, charging=Charging.NOT_CHARGED)
    parts = (front, free) if front.quantity else (free,)
    return _adjusted(fact, parts, AdjustmentKind.WRITE_DOWN, reason)


def as_courtesy(fact: Fact, reason: str) -> Adjusted:
    _must_be_charged(fact)
    shown = fact.changed(f"courtesy: {reason}", charging=Charging.COURTESY)
    return _adjusted(fact, (shown,), AdjustmentKind.COURTESY, reason)


def discounted(fact: Fact, percent: Decimal, reason: str) -> Adjusted:
    """`percent` off the list rate, in place of a discount that the fact has."""
    _must_be_charged(fact)
    refuse_unless(
        0 < percent <= 100,
        "percent",
        f"{percent} % is no discount.",
        "Give a percentage above 0 and up to 100.",
    )
    less = fact.changed(f"{percent} % off the rate: {reason}", discount_percent=percent)
    return _adjusted(fact, (less,), AdjustmentKind.DISCOUNT, reason)


def write_off(receivable: Money, amount: Money, reason: str) -> Adjustment:
    """Give up a part of what an invoice still asks for."""
    refuse_unless(
        Money.zero(receivable.currency) < amount and amount <= receivable,
        "amount",
        f"Of {receivable} open, {amount} cannot be written off.",
        "Write off at most what is open.",
    )
    return Adjustment(AdjustmentKind.WRITE_OFF, reason, -amount)


def adjustment_line(adjustment: Adjustment, number: int, description: str) -> InvoiceLine:
    """The line of an agreed price: what it is more or less than the lines of work."""
    refuse_unless(
        adjustment.on_line,
        "adjustment",
        f"A {adjustment.kind} is in the lines of its work, or after the invoice.",
        "Make lines of adjustments to an agreed price only.",
    )
    return InvoiceLine(
        number=number,
        kind=LineKind.ADJUSTMENT,
        description=description,
        quantity=Decimal(1),
        unit_price=adjustment.amount,
        amount=adjustment.amount,
    )


@dataclass(frozen=True, slots=True)
class Realisation:
    """Exact parts of 1; None where there is nothing to be a part of.

    `by_hours`: hours charged over billable hours recorded, raw (Ruddr's glossary). `by_value`: net
    revenue after adjustments over standard value. `collection`: what is left of the billed amount
    after write-offs.
    """

    by_hours: Fraction | None
    by_value: Fraction | None
    collection: Fraction | None


def realisation(facts: Iterable[Fact], adjustments: Iterable[Adjustment] = ()) -> Realisation:
    """Of billable work; what is not billable is in no part of it."""
    ours = [fact for fact in facts if fact.work.is_billable]
    made = list(adjustments)
    charged = [fact for fact in ours if fact.charging is Charging.CHARGED]
    on_lines = sum((a.amount.amount for a in made if a.on_line), Decimal(0))
    billed = sum((fact.amount.amount for fact in charged), on_lines)
    lost = [a.amount.amount for a in made if a.kind is AdjustmentKind.WRITE_OFF]
    return Realisation(
        _part(sum(f.billed_hours for f in charged), sum(f.hours for f in ours)),
        _part(billed, sum(fact.list_amount.amount for fact in ours)),
        _part(billed + sum(lost), billed),
    )


def percent_of(part: Fraction) -> Decimal:
    """Two places, half up."""
    return nearest(part * 100, _PERCENT_PLACES)


def _adjusted(before: Fact, after: tuple[Fact, ...], kind: AdjustmentKind, reason: str) -> Adjusted:
    now = Money.total((fact.amount for fact in after), before.amount.currency)
    return Adjusted(after, Adjustment(kind, reason, now - before.amount, _entries([before])))


def _must_be_charged(fact: Fact) -> None:
    refuse_unless(
        fact.charging is Charging.CHARGED,
        "fact",
        f"Part {fact.part} of entry {fact.work.id} is not charged as it is.",
        "Adjust a part that is charged.",
    )


def _entries(facts: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(sorted({fact.work.id for fact in facts}))


def _part(of: Decimal | int, whole: Decimal | int) -> Fraction | None:
    return Fraction(of) / Fraction(whole) if whole else None

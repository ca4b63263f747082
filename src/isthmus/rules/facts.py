"""Work as it was approved, and facts: the parts of it as they were priced."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any

from isthmus.canonical import TimeEntry
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.rating import Rated, Tried
from isthmus.rules.rounding import share

SIX_PLACES = Decimal("0.000001")
"""Finest billed quantity: a third of an hour at 3,000 is right to the cent with six places."""

_NEVER = datetime.max.replace(tzinfo=UTC)

ConsumptionOrder = tuple[date, datetime, str]


class Charging(StrEnum):
    CHARGED = "charged"
    COURTESY = "courtesy"
    """On the invoice at 0.00, with the value it would have had."""
    NOT_CHARGED = "not_charged"
    """Worked for nothing, and on no invoice."""


class Counted(StrEnum):
    """How an hour stands to the overtime thresholds of its day and week."""

    WITHIN = "within"
    OVER_DAY = "over_day"
    OVER_WEEK = "over_week"
    APART = "apart"
    """Dear for its type or day already, so that it counts towards no threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An approved entry and the price of its unit; `label` is how people find it in the PSA.

    `hours` are raw: the PSA's figure, below zero for a correction. `rate` prices a `unit`; of work
    that is not billable it is zero.
    """

    id: str
    worked_on: date
    hours: Decimal
    rate: Money
    unit: RateUnit = RateUnit.HOUR
    kind: LineKind = LineKind.TIME
    resource: str = ""
    project: str = ""
    task: str = ""
    contract: str = ""
    customer: str = ""
    role: str = ""
    label: str = ""
    time_type: str | None = None
    is_billable: bool = True
    is_courtesy: bool = False
    approved_at: datetime | None = None
    cost_centre: str | None = None
    profit_centre: str | None = None
    rate_source: str = ""
    trail: tuple[Tried, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, entry: TimeEntry, rated: Rated, **known: Any) -> Work:
        """`known` are the attributes of Work that neither the entry nor its price says."""
        facts: dict[str, Any] = {
            "id": entry.id, "worked_on": entry.worked_on, "hours": entry.hours,
            "rate": rated.rate, "unit": rated.unit, "resource": entry.resource,
            "project": entry.project, "task": entry.task or "", "role": entry.role or "",
            "label": entry.id, "time_type": entry.time_type, "is_billable": entry.is_billable,
            "is_courtesy": entry.is_courtesy, "rate_source": rated.source_id,
            "trail": rated.trail,
        }  # fmt: skip
        return cls(**(facts | known))

    @property
    def order(self) -> ConsumptionOrder:
        """Who comes first to thresholds, tiers and caps: day of work, approval if known, id."""
        return self.worked_on, self.approved_at or _NEVER, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A part of an entry that has one price.

    `quantity` counts `unit`s of `rate`: hours, days or the entry itself. `billed_hours` are the
    hours behind it after the client's rounding, whatever the unit. `list_amount` is the standard
    value: before discount, and of hours not charged for. `why` says it in words.
    """

    work: Work
    part: int = 1
    hours: Decimal
    billed_hours: Decimal
    quantity: Decimal
    unit: RateUnit = RateUnit.HOUR
    rate: Money
    multiplier: Decimal = Decimal(1)
    discount_percent: Decimal = Decimal(0)
    charging: Charging = Charging.CHARGED
    counted: Counted = Counted.WITHIN
    tier: int | None = None
    half_cent: HalfCent = HalfCent.UP
    amount: Money
    list_amount: Money
    why: tuple[str, ...] = field(default=(), compare=False)

    @property
    def price(self) -> Money:
        """Of a unit on the invoice; exact, so it may have parts of a minor unit."""
        exact = self.rate
        if self.charging is not Charging.CHARGED:
            return Money.zero(exact.currency)
        if not self._is_usual:
            kept = (100 - self.discount_percent).scaleb(-2)
            exact = exact.times(self.multiplier).times(kept)
        payable = exact.rounded()
        return payable if payable.amount == exact.amount else exact

    @property
    def is_divisible(self) -> bool:
        return self.unit is not RateUnit.ENTRY

    def value(self, quantity: Decimal) -> Money:
        """What a quantity costs at this price, rounded once."""
        return share(self.price, quantity, half=self.half_cent)

    def changed(self, *why: str, **changes: Any) -> Fact:
        """With other attributes, and the amounts that follow from them."""
        other = replace(self, **changes, why=(*self.why, *why)) if changes or why else self
        amount, listed = other._amounts()
        return replace(other, amount=amount, list_amount=listed)

    def _amounts(self) -> tuple[Money, Money]:
        """What is asked for, and the standard value."""
        amount = self.value(self.quantity)
        if self._is_usual:
            return amount, amount
        standard = self.rate.times(self.multiplier if self.work.is_billable else Decimal(0))
        return amount, share(standard, self.quantity, half=self.half_cent)

    @property
    def _is_usual(self) -> bool:
        """Charged at its rate."""
        charged = self.charging is Charging.CHARGED
        return charged and self.multiplier == 1 and not self.discount_percent

    def cut(self, quantity: Decimal) -> tuple[Fact, Fact]:
        """The first `quantity` and the rest; hours go along in proportion, none is lost."""
        hours = _portion(self.hours, quantity, self.quantity)
        billed = _portion(self.billed_hours, quantity, self.quantity)
        front = self.changed(quantity=quantity, hours=hours, billed_hours=billed)
        rest = self.changed(
            quantity=self.quantity - quantity,
            hours=self.hours - hours,
            billed_hours=self.billed_hours - billed,
        )
        return front, rest

    def opposite(self) -> Fact:
        return replace(
            self,
            hours=-self.hours,
            billed_hours=-self.billed_hours,
            quantity=-self.quantity,
            amount=-self.amount,
            list_amount=-self.list_amount,
        )


def fact_of(work: Work, billed_hours: Decimal, hours: Decimal | None = None, **known: Any) -> Fact:
    """An entry, or `hours` of it, as one fact at its own rate."""
    raw = work.hours if hours is None else hours
    quantity = _one(raw) if work.unit is RateUnit.ENTRY else billed_hours
    values: dict[str, Any] = {
        "work": work, "hours": raw, "billed_hours": billed_hours, "quantity": quantity,
        "unit": work.unit, "rate": work.rate, "charging": _charging(work),
        "amount": work.rate, "list_amount": work.rate, **known,
    }  # fmt: skip
    made = Fact(**values)
    amount, listed = made._amounts()
    object.__setattr__(made, "amount", amount)
    object.__setattr__(made, "list_amount", listed)
    return made


def charge_of(id: str, amount: Money, worked_on: date, kind: LineKind, **known: Any) -> Fact:
    """What has an amount and no hours: an expense, a fee. It cannot be cut."""
    work = Work(
        id=id, worked_on=worked_on, hours=Decimal(0), rate=amount, unit=RateUnit.ENTRY, kind=kind,
        **known,
    )  # fmt: skip
    return fact_of(work, Decimal(0), quantity=Decimal(1))


@dataclass(frozen=True, slots=True)
class Held:
    """A part that waits for a person; the fact's amount is what it keeps from being billed."""

    fact: Fact
    problem: Problem


def _charging(work: Work) -> Charging:
    if not work.is_billable:
        return Charging.NOT_CHARGED
    return Charging.COURTESY if work.is_courtesy else Charging.CHARGED


def _one(hours: Decimal) -> Decimal:
    return Decimal(-1 if hours < 0 else 1)


def _portion(hours: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    if part == whole or not whole:
        return hours
    if hours == whole:
        return part
    return (hours * part / whole).quantize(SIX_PLACES, ROUND_DOWN)

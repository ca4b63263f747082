"""Work within caps: what is billed, what is held, what is worked for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import floor

from isthmus.canonical.terms import CapPolicy, Weekday
from isthmus.kit.money import step_of
from isthmus.rules.caps import Bucket, Limit, Spent, Usage, buckets_of, cap_problem, usages
from isthmus.rules.facts import SIX_PLACES, Charging, Fact, Held
from isthmus.rules.rounding import trimmed


@dataclass(frozen=True, slots=True)
class Capped:
    """Every fact is in one of the three, whole or in parts."""

    billed: tuple[Fact, ...]
    held: tuple[Held, ...]
    not_charged: tuple[Fact, ...]
    usages: tuple[Usage, ...]
    """Of every bucket that counts something, by order of the limits."""

    @property
    def alerts(self) -> tuple[Usage, ...]:
        return tuple(usage for usage in self.usages if usage.alert is not None)


def within_caps(
    facts: Iterable[Fact],
    limits: Sequence[Limit],
    spent: Mapping[Bucket, Spent],
    contract: str = "",
    week_starts_on: Weekday = Weekday.MONDAY,
) -> Capped:
    """Spend what is left of every limit; the order in which facts come does not matter.

    An entry is first cut by what overflows, then tested whole against caps that block, then cut by
    caps that split. The first that a blocking cap refuses stops those after it in the same bucket,
    as Certinia releases "in sequence while they fit" (help: ReleasingBEWhenBillingIsCapped): the
    cap is spent on the earliest work, and what goes unbilled does not depend on its size. What is
    held spends nothing. A correction below zero is never held, and gives room to what follows.
    """
    gate = _Gate(limits, contract, week_starts_on, _Meters(dict(spent)))
    ordered = sorted(facts, key=lambda fact: (fact.work.order, fact.part))
    for _, parts in groupby(ordered, key=lambda fact: fact.work.id):
        gate.pass_entry(list(parts))
    return Capped(
        tuple(gate.billed),
        tuple(gate.held),
        tuple(gate.not_charged),
        usages(gate.meters.spent, limits),
    )


@dataclass(slots=True)
class _Meters:
    spent: dict[Bucket, Spent]
    stopped: set[Bucket] = field(default_factory=set)

    def read(self, bucket: Bucket) -> Spent:
        return self.spent.get(bucket, Spent())

    def count(self, buckets: Iterable[Bucket], facts: Sequence[Fact]) -> None:
        for bucket in buckets:
            for fact in facts:
                self.spent[bucket] = self.read(bucket).plus(fact)

    def admits(self, bucket: Bucket, facts: Sequence[Fact]) -> bool:
        if bucket in self.stopped:
            return False
        total = self.read(bucket)
        for fact in facts:
            total = total.plus(fact)
        cap = bucket.cap
        too_dear = cap.amount is not None and total.amount > cap.amount.amount
        return not too_dear and (cap.hours is None or total.hours <= cap.hours)


@dataclass(slots=True)
class _Gate:
    limits: Sequence[Limit]
    contract: str
    week_starts_on: Weekday
    meters: _Meters
    billed: list[Fact] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    not_charged: list[Fact] = field(default_factory=list)

    def pass_entry(self, parts: Sequence[Fact]) -> None:
        self.not_charged += [p for p in parts if p.charging is Charging.NOT_CHARGED]
        self.billed += [p for p in parts if p.charging is Charging.COURTESY]
        charged = [p for p in parts if p.charging is Charging.CHARGED]
        if not charged:
            return
        buckets = list(buckets_of(self.limits, charged[0].work, self.week_starts_on))
        _same_currency(buckets, charged)
        if charged[0].quantity >= 0 and charged[0].amount.amount >= 0:
            charged = self._cut(charged, buckets)
        self.meters.count(buckets, charged)
        self.billed += charged

    def _cut(self, charged: list[Fact], buckets: Sequence[Bucket]) -> list[Fact]:
        charged, over, at = self._fit(charged, _of(buckets, CapPolicy.OVERFLOW))
        if at:
            self.not_charged += [_overflow(fact, at) for fact in over]
        full = [
            bucket
            for bucket in _of(buckets, CapPolicy.BLOCK)
            if charged and not self.meters.admits(bucket, charged)
        ]
        if full:
            self.meters.stopped.update(full)
            self._hold(charged, full[0])
            return []
        charged, over, at = self._fit(charged, _of(buckets, CapPolicy.SPLIT))
        if at:
            self._hold(over, at)
        return charged

    def _hold(self, facts: Iterable[Fact], bucket: Bucket) -> None:
        problem = cap_problem(bucket, self.contract)
        self.held += [Held(fact, problem) for fact in facts]

    def _fit(
        self, facts: Sequence[Fact], buckets: Sequence[Bucket]
    ) -> tuple[list[Fact], list[Fact], Bucket | None]:
        """Facts up to the first limit reached, those beyond it, and that limit."""
        fitting: list[Fact] = []
        spent = {bucket: self.meters.read(bucket) for bucket in buckets}
        for place, fact in enumerate(facts):
            rooms = [(_room(fact, bucket, spent[bucket]), bucket) for bucket in buckets]
            room, bucket = min(rooms, key=lambda pair: pair[0], default=(Fraction(1), None))
            if room < 1:
                front, rest = _cut(fact, room)
                return [*fitting, *front], [rest, *facts[place + 1 :]], bucket
            fitting.append(fact)
            spent = {bucket: before.plus(fact) for bucket, before in spent.items()}
        return fitting, [], None


def _of(buckets: Iterable[Bucket], policy: CapPolicy) -> list[Bucket]:
    return [bucket for bucket in buckets if bucket.cap.policy is policy]


def _overflow(fact: Fact, bucket: Bucket) -> Fact:
    hours = trimmed(fact.billed_hours)
    why = f"{hours} h over the cap of {bucket.words()}: not charged"
    return fact.changed(why, charging=Charging.NOT_CHARGED)


def _room(fact: Fact, bucket: Bucket, spent: Spent) -> Fraction:
    """Part of a fact that a bucket has room for; 1 where all of it fits."""
    parts = [Fraction(1)]
    cap = bucket.cap
    if cap.hours is not None and fact.billed_hours:
        parts.append(Fraction(cap.hours - spent.hours) / Fraction(fact.billed_hours))
    if cap.amount is not None and fact.amount:
        left = cap.amount.amount - spent.amount
        if fact.amount.amount > left:
            parts.append(_affordable(fact, left) / Fraction(fact.quantity))
    return max(min(parts), Fraction(0))


def _affordable(fact: Fact, left: Decimal) -> Fraction:
    """Whole minor units only: what is rounded up from the rest would pass the cap."""
    step = Fraction(step_of(fact.rate.currency))
    return floor(Fraction(left) / step) * step / Fraction(fact.price.amount)


def _cut(fact: Fact, room: Fraction) -> tuple[list[Fact], Fact]:
    """Down to six places of a quantity. What those leave over of a limit buys no part at 0.00."""
    quantity = floor(room * Fraction(fact.quantity) / Fraction(SIX_PLACES)) * SIX_PLACES
    if not quantity or not fact.is_divisible:
        return [], fact
    front, rest = fact.cut(trimmed(quantity))
    return ([front], rest) if front.amount or not fact.amount else ([], fact)


def _same_currency(buckets: Iterable[Bucket], facts: Sequence[Fact]) -> None:
    """Comparing amounts of two currencies raises ValueError; counting them would not."""
    for bucket in buckets:
        if bucket.cap.amount is not None:
            _ = bucket.cap.amount < facts[0].amount

"""Caps: what a contract may not exceed, and what becomes of the work beyond it.

A cap is spent by day of work, then time of approval, then id. Work that is invoiced, or written
already and not to be reconsidered, stands before all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical import Contract
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import Cap, CapLevel, CapPeriod, Weekday
from isthmus.kit.money import Money
from isthmus.rules.facts import Charging, Fact, Work
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable

_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap and the days it is in force: from `starts_on` until the day before `before`.

    A cap on the whole contract counts, and limits, all work before it ends: late work of July may
    not break what August allows in all. A cap of a period knows its own days only.
    """

    cap: Cap
    starts_on: date = date.min
    before: date | None = None

    def covers(self, work: Work) -> bool:
        cap, day = self.cap, work.worked_on
        of_kind = work.kind is LineKind.TIME or (
            cap.includes_expenses and work.kind is LineKind.EXPENSE
        )
        begun = cap.period is CapPeriod.WHOLE or self.starts_on <= day
        return (
            of_kind
            and begun
            and (self.before is None or day < self.before)
            and cap.of in (None, _scope(cap, work))
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one limit counts together: a contract's task in a month, a person's day."""

    limit: Limit
    contract: str
    scope: str
    starts_on: date | None = None

    @property
    def cap(self) -> Cap:
        return self.limit.cap

    def words(self) -> str:
        """The thing capped and its limit, as in "may not exceed 8 h on 2026-03-02"."""
        sums = [str(self.cap.amount)] if self.cap.amount is not None else []
        hours = [f"{self.cap.hours} h"] if self.cap.hours is not None else []
        period = "" if self.starts_on is None else _PERIOD_WORDS[self.cap.period](self.starts_on)
        return " or ".join((*sums, *hours)) + period


@dataclass(frozen=True, slots=True)
class Spent:
    """Billed hours and amount that count against a bucket."""

    hours: Decimal = _NONE
    amount: Decimal = _NONE

    def plus(self, fact: Fact) -> Spent:
        return Spent(self.hours + fact.billed_hours, self.amount + fact.amount.amount)


@dataclass(frozen=True, slots=True)
class Usage:
    bucket: Bucket
    spent: Spent

    @property
    def used(self) -> Fraction:
        """Part of the limit that is spent; more than 1 where it is passed. None of no limit."""
        cap, parts = self.bucket.cap, []
        if cap.amount is not None:
            parts.append((self.spent.amount, cap.amount.amount))
        if cap.hours is not None:
            parts.append((self.spent.hours, cap.hours))
        return max(Fraction(spent) / Fraction(of) if of else Fraction(1) for spent, of in parts)

    @property
    def left(self) -> Money | None:
        cap = self.bucket.cap.amount
        return None if cap is None else cap - Money.of(self.spent.amount, cap.currency)

    @property
    def alert(self) -> int | None:
        """Highest percentage reached of those at which somebody is told."""
        reached = (p for p in self.bucket.cap.alert_at if self.used * 100 >= p)
        return max(reached, default=None)


def limits_of(contract: Contract) -> tuple[Limit, ...]:
    """The contract's own cap, which blocks, and those of its terms, as amended from day to day."""
    days = {a.effective_on for a in contract.amendments if a.cap is not None or a.terms}
    return _stretched(days, lambda day: (*_own_cap(contract, day), *_caps(contract, day)))


def not_to_exceed(contract: Contract) -> tuple[Limit, ...]:
    """The contract's own cap alone."""
    days = {a.effective_on for a in contract.amendments if a.cap is not None}
    if contract.cap is None and not days:
        return ()
    return _stretched(days, lambda day: _own_cap(contract, day))


def bucket_of(limit: Limit, work: Work, week_starts_on: Weekday = Weekday.MONDAY) -> Bucket | None:
    """None where the limit does not count the work."""
    if not limit.covers(work):
        return None
    starts_on = _start_of_period(limit.cap.period, work.worked_on, week_starts_on)
    contract = "" if limit.cap.level is CapLevel.CUSTOMER else work.contract
    return Bucket(limit, contract, _scope(limit.cap, work), starts_on)


def spent_by(
    facts: Iterable[Fact], limits: Sequence[Limit], week_starts_on: Weekday = Weekday.MONDAY
) -> dict[Bucket, Spent]:
    """What charged facts have spent of each bucket."""
    spent: dict[Bucket, Spent] = {}
    for fact in facts:
        if fact.charging is Charging.CHARGED:
            for bucket in buckets_of(limits, fact.work, week_starts_on):
                spent[bucket] = spent.get(bucket, Spent()).plus(fact)
    return spent


def buckets_of(
    limits: Iterable[Limit], work: Work, week_starts_on: Weekday = Weekday.MONDAY
) -> Iterator[Bucket]:
    found = (bucket_of(limit, work, week_starts_on) for limit in limits)
    return (bucket for bucket in found if bucket is not None)


def usages(spent: Mapping[Bucket, Spent], limits: Sequence[Limit]) -> tuple[Usage, ...]:
    """Of every bucket that counts something, in the order of the limits."""
    found = (Usage(bucket, amount) for bucket, amount in spent.items())
    return tuple(sorted(found, key=lambda usage: _place(usage.bucket, limits)))


def cap_problem(bucket: Bucket, contract: str) -> Problem:
    """`contract` is the number that people quote."""
    what = f"contract {contract}"
    if bucket.cap.level is not CapLevel.CONTRACT:
        what += f", {bucket.cap.level} {bucket.scope},"
    return Problem(
        "cap_exceeded",
        f"{what} may not exceed {bucket.words()}",
        "finance",
        "Agree on an amendment that raises the cap and close it as won in the CRM, or make the "
        "entry not billable in the PSA; then replay.",
        "cap",
    )


def _place(bucket: Bucket, limits: Sequence[Limit]) -> tuple[int, str, str, date]:
    first = limits.index(bucket.limit)
    return first, bucket.contract, bucket.scope, bucket.starts_on or date.min


def _stretched(days: Iterable[date], caps_on: Callable[[date], Iterable[Cap]]) -> tuple[Limit, ...]:
    """A cap stated twice, or left as it was by an amendment, is one limit with one count."""
    starts = [date.min, *sorted(days)]
    found: list[Limit] = []
    for starts_on, before in zip(starts, [*starts[1:], None], strict=True):
        for cap in dict.fromkeys(caps_on(starts_on)):
            same = [n for n, old in enumerate(found) if _goes_on(old, cap, starts_on)]
            if same:
                found[same[0]] = replace(found[same[0]], before=before)
            else:
                found.append(Limit(cap, starts_on, before))
    return tuple(found)


def _own_cap(contract: Contract, day: date) -> tuple[Cap, ...]:
    own = contract.cap_on(day)
    return () if own is None else (Cap(amount=own),)


def _caps(contract: Contract, day: date) -> tuple[Cap, ...]:
    caps = contract.terms_on(day).caps
    if any(cap.amount is None and cap.hours is None for cap in caps):
        raise Unusable(
            "caps",
            f"A cap of contract {contract.number} limits neither money nor hours.",
            "Give the cap an amount or hours, or take it out of the terms.",
        )
    return caps


def _goes_on(old: Limit, cap: Cap, starts_on: date) -> bool:
    return old.cap == cap and old.before == starts_on


def _scope(cap: Cap, work: Work) -> str:
    return {
        CapLevel.CONTRACT: work.contract,
        CapLevel.CUSTOMER: work.customer,
        CapLevel.PROJECT: work.project,
        CapLevel.TASK: work.task,
        CapLevel.PERSON: work.resource,
    }[cap.level]


def _start_of_period(period: CapPeriod, day: date, week_starts_on: Weekday) -> date | None:
    if period is CapPeriod.WHOLE:
        return None
    if period is CapPeriod.WEEK:
        return week_starts_on.week_of(day)
    return day.replace(day=1) if period is CapPeriod.MONTH else day


_PERIOD_WORDS: dict[CapPeriod, Callable[[date], str]] = {
    CapPeriod.DAY: lambda day: f" on {day}",
    CapPeriod.WEEK: lambda day: f" in the week of {day}",
    CapPeriod.MONTH: lambda day: f" in {day:%Y-%m}",
    CapPeriod.WHOLE: lambda day: "",
}

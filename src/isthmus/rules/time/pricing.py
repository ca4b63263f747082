"""Pricing: what the approved entries of a contract are billed at, and why.

The order is rounding, multiplier, tier, discount, amount, caps. Every step goes through the work
in one order (day, approval, id) and finds there first what is invoiced, so the result follows
from the set of entries and from what is frozen, and from nothing else. To price more later, price
all of it again and let `isthmus.rules.fact_ledger` take the difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count

from isthmus.canonical import Contract
from isthmus.canonical.contract import Terms
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import CapPolicy, RoundingGrain, TimeRounding, TimeTerms, Weekday
from isthmus.rules.capped import Capped, within_caps
from isthmus.rules.caps import Bucket, Limit, Spent, Usage, limits_of, spent_by
from isthmus.rules.facts import Counted, Fact, Held, Work, fact_of
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.rounding import trimmed
from isthmus.rules.time.day_rate import by_day, in_days
from isthmus.rules.time.hours import (
    Invoiced,
    Open,
    changed_problem,
    distinct,
    open_hours,
    raw_hours,
)
from isthmus.rules.time.overtime import Timesheet, with_overtime
from isthmus.rules.time.rounding import rounded_hours
from isthmus.rules.time.tiers import Volume, in_tiers


@dataclass(frozen=True, slots=True)
class Priced:
    """Every open hour is in one of the first three, whole or in parts."""

    billed: tuple[Fact, ...]
    """Charged, or shown at 0.00 as a courtesy."""
    held: tuple[Held, ...]
    not_charged: tuple[Fact, ...]
    usages: tuple[Usage, ...]
    """Of the caps, invoiced work included."""

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What goes to the ledger; what is held does not."""
        return tuple(sorted((*self.billed, *self.not_charged), key=_place))


def price(
    contract: Contract,
    work: Iterable[Work],
    frozen: Iterable[Fact] = (),
    elsewhere: Iterable[Fact] = (),
    week_starts_on: Weekday = Weekday.MONDAY,
) -> Priced:
    """Facts of all work of a contract that is not invoiced; an entry may become several parts.

    An expense may be among the work, as a flat price, to spend the caps that include expenses.

    `frozen` are the contract's invoiced facts in force: their entries are not priced again, but
    for hours that a cap held back. `elsewhere` are facts of the customer's other contracts, which
    count against caps at the customer's level.
    """
    invoiced = Invoiced.of(frozen)
    limits = limits_of(contract)
    entries = [entry for entry in distinct(work) if not _is_settled(entry, invoiced)]
    intact = [entry for entry in entries if invoiced.agrees(entry)]
    _check(contract, intact, limits)
    facts = _rated(contract, intact, invoiced, week_starts_on)
    spent = _spent(contract, (*invoiced.facts, *elsewhere), limits, week_starts_on)
    capped = within_caps(facts, limits, spent, contract.number, week_starts_on)
    changed = [_changed(contract, e, invoiced) for e in entries if not invoiced.agrees(e)]
    return _numbered(capped, changed, invoiced)


def is_priced_alone(contract: Contract) -> bool:
    """Whether an entry's price never depends on what else was worked.

    The contract's own cap is not looked at: what it holds depends on what was billed before.
    """
    terms = (contract.terms, *(a.terms for a in contract.amendments if a.terms is not None))
    return not any(_looks_around(one) for one in terms)


def _looks_around(terms: Terms) -> bool:
    time = terms.time
    in_groups = time.rounding is not None and time.rounding.grain is not RoundingGrain.ENTRY
    return bool(time.overtime or time.tiers or time.day_rate or terms.caps or in_groups)


def alone(contract: Contract, work: Work) -> Fact:
    """One entry by itself, by the terms in force on its day."""
    billed = _billed(work, rounding_on(contract, work))
    return _opened(contract, Open(work, work.hours, billed))


def whole(work: Work, rounding: TimeRounding | None) -> Fact:
    """One entry by itself, at its own rate and without a contract's terms."""
    return fact_of(work, _billed(work, rounding))


def _billed(work: Work, rounding: TimeRounding | None) -> Decimal:
    return rounded_hours(work.hours, rounding) if work.is_billable else work.hours


def rounding_on(contract: Contract, work: Work) -> TimeRounding | None:
    """The detailed terms, else the contract's smallest billed slice."""
    terms = contract.terms_on(work.worked_on).time.rounding
    if terms is not None or contract.minimum_increment is None:
        return terms
    return TimeRounding(increment=contract.minimum_increment)


def _spent(
    contract: Contract, facts: Iterable[Fact], limits: Sequence[Limit], week_starts_on: Weekday
) -> dict[Bucket, Spent]:
    """Other contracts count against what is capped for the client, and nothing else of ours."""
    spent = spent_by(facts, limits, week_starts_on)
    return {bucket: s for bucket, s in spent.items() if bucket.contract in ("", contract.id)}


def _is_settled(entry: Work, invoiced: Invoiced) -> bool:
    return invoiced.is_done(entry) and invoiced.agrees(entry)


def _changed(contract: Contract, work: Work, invoiced: Invoiced) -> Held:
    """An invoiced entry that says something else now, with the difference to what was billed."""
    now = whole(work, rounding_on(contract, work))
    hours = work.hours - invoiced.hours(work)
    rest = fact_of(work, now.billed_hours - invoiced.billed_hours(work), hours)
    return Held(rest, changed_problem(work, invoiced))


def _rated(
    contract: Contract, entries: Sequence[Work], invoiced: Invoiced, week_starts_on: Weekday
) -> list[Fact]:
    sheet, volume = Timesheet(week_starts_on), Volume()
    for fact in invoiced.facts:
        if fact.unit is RateUnit.HOUR and fact.work.kind is LineKind.TIME:
            sheet.enter(fact)
            volume.enter(fact)
    found = open_hours(entries, invoiced, lambda work: rounding_on(contract, work))
    facts = _in_days(contract, [_opened(contract, one) for one in found], invoiced)
    return [
        replace(part, part=number)
        for fact in sorted(facts, key=_place)
        for number, part in enumerate(
            _parts(fact, contract.terms_on(fact.work.worked_on).time, sheet, volume), start=1
        )
    ]


def _opened(contract: Contract, found: Open) -> Fact:
    terms = contract.terms_on(found.work.worked_on)
    fact = fact_of(
        found.work, found.billed, found.hours,
        discount_percent=terms.time.discount_percent or Decimal(0),
        half_cent=terms.time.half_cent,
    )  # fmt: skip
    reasons = tuple(_reasons(fact))
    return replace(fact, why=reasons) if reasons else fact


def _reasons(fact: Fact) -> Iterator[str]:
    if fact.billed_hours != fact.hours:
        yield f"{trimmed(fact.hours)} h rounded to {trimmed(fact.billed_hours)} h"
    if not fact.work.is_billable:
        yield "not billable"
    elif fact.work.is_courtesy:
        yield "courtesy: shown with its value, not charged"
    elif fact.discount_percent:
        yield f"{fact.discount_percent} % off the rate"


def _in_days(contract: Contract, facts: Sequence[Fact], invoiced: Invoiced) -> Iterator[Fact]:
    frozen = by_day(fact for fact in invoiced.facts if fact.unit is RateUnit.DAY)
    for day, group in by_day(sorted(facts, key=_place)).items():
        terms = contract.terms_on(group[0].work.worked_on).time.day_rate
        timed = [fact for fact in group if _is_timed(fact)]
        yield from (fact for fact in group if not _is_timed(fact))
        yield from timed if terms is None else in_days(timed, terms, frozen.get(day, ()))


def _is_timed(fact: Fact) -> bool:
    return fact.work.is_billable and fact.unit is not RateUnit.ENTRY


def _parts(fact: Fact, terms: TimeTerms, sheet: Timesheet, volume: Volume) -> Iterator[Fact]:
    if not _is_timed(fact):
        yield fact.changed(counted=Counted.APART)
    elif fact.unit is RateUnit.DAY:
        refuse_unless(
            terms.day_rate is not None,
            "day_rate",
            f"{fact.work.rate_source or 'The rate'} prices a day, and no term says what a day is.",
            "Give the contract the hours of a day, or a card per hour.",
        )
        yield from with_overtime(fact, terms.overtime, Timesheet(sheet.week_starts_on))
    else:
        for part in with_overtime(fact, terms.overtime, sheet):
            yield from in_tiers(part, terms.tiers, volume)


def _check(contract: Contract, entries: Sequence[Work], limits: Sequence[Limit]) -> None:
    for day in {entry.worked_on for entry in entries}:
        check_terms(contract, contract.terms_on(day).time, limits)


def check_terms(contract: Contract, terms: TimeTerms, limits: Sequence[Limit]) -> None:
    """Terms that contradict each other or the contract's caps. Raises Unusable."""
    overtime = terms.overtime
    thresholds = overtime and (overtime.daily_threshold or overtime.weekly_threshold)
    if terms.day_rate and (thresholds or terms.tiers):
        raise Unusable(
            "day_rate",
            f"Contract {contract.number} bills days, which have no overtime and no hourly tiers.",
            "Take the thresholds and the tiers out of its terms, or the day rate.",
        )
    on_line = terms.rounding and terms.rounding.grain is RoundingGrain.INVOICE_LINE
    if on_line and any(limit.cap.policy is not CapPolicy.WARN for limit in limits):
        raise Unusable(
            "rounding",
            f"Contract {contract.number} rounds invoice lines, which could pass its cap.",
            "Round by entry or by person, task and day.",
        )


def _numbered(capped: Capped, changed: Sequence[Held], invoiced: Invoiced) -> Priced:
    """Parts of an entry get the numbers that its invoiced ones leave free: billed, not charged,
    held, each as they follow in the entry.
    """
    free: dict[str, Iterator[int]] = {}

    def numbered(fact: Fact) -> Fact:
        taken = {part.part for part in invoiced.of_entry(fact.work)}
        numbers = free.setdefault(fact.work.id, (n for n in count(1) if n not in taken))
        return replace(fact, part=next(numbers))

    billed = [numbered(fact) for fact in capped.billed]
    not_charged = [numbered(fact) for fact in capped.not_charged]
    held = [numbered(one.fact) for one in capped.held]
    share = _worked((*billed, *not_charged, *held), invoiced)
    kept = (Held(share(f), h.problem) for f, h in zip(held, capped.held, strict=True))
    other = (Held(numbered(one.fact), one.problem) for one in changed)
    return Priced(
        tuple(map(share, billed)), (*kept, *other), tuple(map(share, not_charged)), capped.usages
    )


def _worked(facts: Iterable[Fact], invoiced: Invoiced) -> Callable[[Fact], Fact]:
    """Gives a part of an entry its raw hours, which follow from what is frozen of the entry and
    from the billed hours of the parts before it, not from the order in which it was cut.
    """
    parts: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        parts[fact.work.id].append(fact)
    hours = {
        (id, fact.part): worked
        for id, of_entry in parts.items()
        if len(of_entry) > 1
        for fact, worked in zip(of_entry, raw_hours(of_entry, invoiced), strict=True)
    }
    return lambda fact: replace(fact, hours=hours.get((fact.work.id, fact.part), fact.hours))


def _place(fact: Fact) -> tuple[date, datetime, str, int]:
    return (*fact.work.order, fact.part)

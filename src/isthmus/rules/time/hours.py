"""Hours to price: of every entry what is not invoiced yet, rounded by entry or by group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import RoundingGrain, TimeRounding
from isthmus.rules.facts import SIX_PLACES, Fact, Work
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import trimmed
from isthmus.rules.time.rounding import billed_hours, minutes_of, rounded_in_turn

_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Invoiced:
    """Facts that are on invoices, by entry."""

    by_entry: dict[str, tuple[Fact, ...]]

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Invoiced:
        found: dict[str, tuple[Fact, ...]] = {}
        for fact in facts:
            found[fact.work.id] = (*found.get(fact.work.id, ()), fact)
        return cls(found)

    @property
    def facts(self) -> list[Fact]:
        return [fact for facts in self.by_entry.values() for fact in facts]

    def of_entry(self, work: Work) -> tuple[Fact, ...]:
        return self.by_entry.get(work.id, ())

    def hours(self, work: Work) -> Decimal:
        """Raw hours of an entry that are on an invoice."""
        return sum((fact.hours for fact in self.of_entry(work)), _NONE)

    def billed_hours(self, work: Work) -> Decimal:
        return sum((fact.billed_hours for fact in self.of_entry(work)), _NONE)

    def agrees(self, work: Work) -> bool:
        """Whether an entry is still what was invoiced of it."""
        return all(_identity(fact.work) == _identity(work) for fact in self.of_entry(work))

    def is_done(self, work: Work) -> bool:
        return work.id in self.by_entry and self.hours(work) == work.hours


@dataclass(frozen=True, slots=True)
class Open:
    """Raw and billed hours of an entry that are on no invoice."""

    work: Work
    hours: Decimal
    billed: Decimal


def distinct(work: Iterable[Work]) -> list[Work]:
    """Every entry once, in order. Raises Unusable for two entries under one id."""
    found: dict[str, Work] = {}
    for entry in work:
        known = found.setdefault(entry.id, entry)
        refuse_unless(
            known == entry,
            "work",
            f"Entry {entry.id} comes twice, and not alike.",
            "Price one version of it.",
        )
    return sorted(found.values(), key=lambda entry: entry.order)


def changed_problem(work: Work, invoiced: Invoiced) -> Problem:
    [first, *_] = invoiced.of_entry(work)
    before = trimmed(first.work.hours)
    return Problem(
        "invoiced_entry_changed",
        f"{work.label or work.id}: {before} h of {first.work.worked_on} on project "
        f"{first.work.project} are invoiced, but the entry now says {trimmed(work.hours)} h of "
        f"{work.worked_on} on project {work.project}",
        "finance",
        "Credit the invoiced hours, or put the entry back as it was; then replay.",
        "hours",
    )


def open_hours(
    work: Sequence[Work],
    invoiced: Invoiced,
    rounding_for: Callable[[Work], TimeRounding | None],
) -> list[Open]:
    """Rounded by the grain of the terms; hours that are not billable stay as they are."""
    groups: dict[Hashable, list[Work]] = defaultdict(list)
    for entry in work:
        groups[_group(entry, rounding_for(entry))].append(entry)
    frozen: dict[Hashable, list[Fact]] = defaultdict(list)
    for fact in invoiced.facts:
        frozen[_group(fact.work, rounding_for(fact.work))].append(fact)
    return [
        found
        for key, group in groups.items()
        for found in _rounded(group, frozen[key], invoiced, rounding_for(group[0]))
    ]


def raw_hours(parts: Sequence[Fact], invoiced: Invoiced) -> list[Decimal]:
    """Of an entry's open parts, in the order of their numbers: in proportion to what is billed of
    the entry up to the end of each, so that they add up to what the invoiced ones leave.
    """
    work = parts[0].work
    before, billed = invoiced.hours(work), invoiced.billed_hours(work)
    whole = billed + sum(part.billed_hours for part in parts)
    if not whole:
        return [part.hours for part in parts]
    found: list[Decimal] = []
    for part in parts:
        billed += part.billed_hours
        until = (work.hours * billed / whole).quantize(SIX_PLACES, ROUND_DOWN)
        found.append((work.hours if billed == whole else until) - before)
        before += found[-1]
    return found


def _rounded(
    group: Sequence[Work],
    frozen: Sequence[Fact],
    invoiced: Invoiced,
    rounding: TimeRounding | None,
) -> list[Open]:
    raw = [entry.hours - invoiced.hours(entry) for entry in group]
    on_line = rounding is not None and rounding.grain is RoundingGrain.INVOICE_LINE
    if rounding is None or on_line or not group[0].is_billable:
        return [Open(*pair, pair[1]) for pair in zip(group, raw, strict=True)]
    minutes = [_minutes(*pair, rounding) for pair in zip(group, raw, strict=True)]
    before = sum((_minutes(fact.work, fact.hours, rounding) for fact in frozen), Fraction(0))
    billed = rounded_in_turn(
        minutes,
        lambda total: billed_hours(total, rounding),
        before,
        sum((fact.billed_hours for fact in frozen), _NONE),
    )
    return [Open(*found) for found in zip(group, raw, billed, strict=True)]


def _minutes(work: Work, hours: Decimal, rounding: TimeRounding) -> Fraction:
    """Exact, so that the parts of an entry add up to it and start no slice of their own."""
    if hours == work.hours:
        return minutes_of(hours, rounding)
    return minutes_of(work.hours, rounding) * Fraction(hours) / Fraction(work.hours)


def _group(work: Work, rounding: TimeRounding | None) -> Hashable:
    together = rounding is not None and rounding.grain is RoundingGrain.PERSON_TASK_DAY
    if together and work.is_billable and work.unit is not RateUnit.ENTRY:
        return work.resource, work.project, work.task, work.worked_on
    return work.id


def _identity(work: Work) -> Hashable:
    return (
        work.hours, work.worked_on, work.project, work.resource,
        work.is_billable, work.is_courtesy,
    )  # fmt: skip

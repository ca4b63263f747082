"""Billing: rated hours become money and invoice lines that tie out to the minor unit.

Each entry is rounded half up on its own, so an invoice is the sum of amounts that people have
already seen. Raw hours are never changed; the client's rounding shows in `billed_hours`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from isthmus.canonical import TimeEntry
from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.kit.money import Money
from isthmus.rules.rating import Rated, Tried

_HOUR = Decimal(60)
_SIX_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class RatedEntry:
    """A priced time entry; `label` is how people find it in the PSA."""

    entry_id: str
    label: str
    resource: str
    role: str
    project: str
    worked_on: date
    hours: Decimal
    billed_hours: Decimal
    rate: Money
    amount: Money
    cost_centre: str | None
    profit_centre: str | None
    rate_card_id: str
    trail: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class CapOutcome:
    """`remaining` is None where there is no cap."""

    accepted: tuple[RatedEntry, ...]
    blocked: tuple[RatedEntry, ...]
    remaining: Money | None


@dataclass(frozen=True, slots=True)
class BilledLines:
    lines: tuple[InvoiceLine, ...]
    lineage: Mapping[int, tuple[str, ...]]
    """Line number to the entries behind it."""


def billable_hours(hours: Decimal, minimum_increment: int | None) -> Decimal:
    """Up to the next increment, per entry; a correction (below zero) mirrors what it takes back.

    A PSA keeps 10 minutes as 0.17 h, which is 10.2 minutes. Where the increment has no exact
    two-place hour, up to 0.3 minutes are that rounding and start no new increment.
    """
    if minimum_increment is None or hours == 0:
        return hours
    if minimum_increment <= 0:
        raise ValueError(
            f"minimum increment: {minimum_increment} minutes is not a slice of time.\n"
            "Hours are rounded up to a multiple of it.\n"
            "Set the contract's minimum increment to 6, 15 or 30, or leave it empty."
        )
    slack = Decimal("0.3") if minimum_increment % 3 else Decimal(0)
    slices = (abs(hours) * _HOUR - slack) / minimum_increment
    count = max(slices.to_integral_value(ROUND_CEILING), Decimal(1))
    billed = (count * minimum_increment / _HOUR).quantize(_SIX_PLACES, ROUND_HALF_UP)
    return _trimmed(billed if hours > 0 else -billed)


def rate_entry(
    entry: TimeEntry,
    rated: Rated,
    *,
    role: str,
    label: str = "",
    minimum_increment: int | None = None,
    cost_centre: str | None = None,
    profit_centre: str | None = None,
) -> RatedEntry:
    billed = billable_hours(entry.hours, minimum_increment)
    return RatedEntry(
        entry_id=entry.id,
        label=label or entry.id,
        resource=entry.resource,
        role=role,
        project=entry.project,
        worked_on=entry.worked_on,
        hours=entry.hours,
        billed_hours=billed,
        rate=rated.rate,
        amount=rated.rate.times(billed).rounded(),
        cost_centre=cost_centre,
        profit_centre=profit_centre,
        rate_card_id=rated.source_id,
        trail=rated.trail,
    )


def apply_cap(rated: Sequence[RatedEntry], cap: Money | None, consumed: Money) -> CapOutcome:
    """Policy "block": entries consume the cap by day of work, then by id, and are never split.

    The first that does not fit stops those after it, as Certinia releases "in sequence while
    they fit" (help: ReleasingBEWhenBillingIsCapped): the cap is spent on the earliest work, and
    which hours went unbilled does not depend on their size.
    """
    ordered = tuple(sorted(rated, key=_by_day))
    if cap is None:
        return CapOutcome(ordered, (), None)
    remaining = cap - consumed
    for index, entry in enumerate(ordered):
        if remaining < entry.amount:
            return CapOutcome(ordered[:index], ordered[index:], remaining)
        remaining = remaining - entry.amount
    return CapOutcome(ordered, (), remaining)


def invoice_lines(
    rated: Iterable[RatedEntry],
    describe: Callable[[Sequence[RatedEntry]], str],
    *,
    first_number: int = 1,
) -> BilledLines:
    """Lines by project, role, rate, cost centre and profit centre, which tie out twice.

    The lines sum to the entries, and each line is quantity x price rounded, as a ledger computes
    it. Where the sum of rounded amounts is not the rounded sum, the entry goes to another line
    of its group: two half hours at 33.33 are two lines of 16.67, since one line says 33.33.
    """
    ordered = sorted(rated, key=lambda e: (*_group(e), *_by_day(e)))
    _one_currency(ordered)
    open_lines: dict[tuple[object, ...], list[_Line]] = {}
    for entry in ordered:
        lines = open_lines.setdefault(_group(entry), [])
        if not any(line.takes(entry) for line in lines):
            lines.append(_Line([entry], entry.billed_hours, entry.amount))
    numbered = list(enumerate((n for g in open_lines.values() for n in g), start=first_number))
    return BilledLines(
        tuple(line.as_invoice_line(number, describe) for number, line in numbered),
        {number: tuple(e.entry_id for e in line.entries) for number, line in numbered},
    )


@dataclass(slots=True)
class _Line:
    entries: list[RatedEntry]
    hours: Decimal
    amount: Money

    def takes(self, entry: RatedEntry) -> bool:
        hours, amount = self.hours + entry.billed_hours, self.amount + entry.amount
        if entry.rate.times(hours).rounded() != amount:
            return False
        self.entries.append(entry)
        self.hours, self.amount = hours, amount
        return True

    def as_invoice_line(
        self, number: int, describe: Callable[[Sequence[RatedEntry]], str]
    ) -> InvoiceLine:
        first = self.entries[0]
        return InvoiceLine(
            number=number,
            kind=LineKind.TIME,
            description=describe(self.entries),
            quantity=self.hours,
            unit_price=first.rate,
            amount=self.amount,
            project=first.project,
            cost_centre=first.cost_centre,
            profit_centre=first.profit_centre,
        )


def _by_day(entry: RatedEntry) -> tuple[date, str]:
    return entry.worked_on, entry.entry_id


def _group(entry: RatedEntry) -> tuple[str, str, Decimal, str, str]:
    rate = entry.rate.amount
    return entry.project, entry.role, rate, entry.cost_centre or "", entry.profit_centre or ""


def _one_currency(entries: Sequence[RatedEntry]) -> None:
    currencies = sorted({e.amount.currency for e in entries})
    if len(currencies) > 1:
        raise ValueError(
            f"lines: entries in {' and '.join(currencies)} are on one invoice.\n"
            "An invoice has one currency, and nothing is converted here.\n"
            "Make one invoice for each currency."
        )


def _trimmed(hours: Decimal) -> Decimal:
    """2.250000 as 2.25, and 10 as 10, never 1E+1."""
    return hours.quantize(Decimal(1)) if hours == hours.to_integral() else hours.normalize()

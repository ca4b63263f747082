"""Who works on what in the quarter, and the weekly timecards that come of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from isthmus.demo.deals import AMENDED, FIXED, HOURLY, QUARTER, SALES, Sale, name_of, starts_on
from isthmus.demo.people import Person

DISCOVERY, DELIVERY, WORK = "Discovery", "Delivery", "Work"
DISCOVERY_ENDS = date(2026, 8, 16)
DAY = Decimal(8)
ZERO = Decimal(0)
ABSENT = 0.005
LOGGED = ("july", "august_1", "august_2", "september_1", "september_2")
"""In this order people hand in their time. `late_july` and `late_august` come after the month
was closed for invoices; `open` is never approved."""
_STARTS = dict(
    zip(LOGGED, (date(2026, 7, 1), date(2026, 8, 3), date(2026, 8, 17), date(2026, 8, 31),
                 date(2026, 9, 21)), strict=True)
)  # fmt: skip
LATE_JULY = (date(2026, 7, 20), 3)
LATE_AUGUST = (date(2026, 8, 24), 2)
LOST_WEEK = date(2026, 9, 7)
"""In this week one consultant still logs to a phase that ended in August."""
OPEN_WEEK = date(2026, 9, 28)


@dataclass(frozen=True)
class Assignment:
    deal: str
    person: str
    role: str
    is_billable: bool


@dataclass(frozen=True)
class Timecard:
    """`hours` are Monday to Sunday; `batch` says when it is handed in."""

    deal: str
    person: str
    starts_on: date
    ends_on: date
    hours: tuple[Decimal, ...]
    phase: str
    batch: str
    is_billable: bool

    @property
    def is_approved(self) -> bool:
        return self.batch != "open"

    def days(self) -> Iterator[tuple[date, Decimal]]:
        """Days with hours."""
        for at, hours in enumerate(self.hours):
            day = self.starts_on + timedelta(days=at - self.starts_on.weekday())
            if hours:
                yield day, hours


def staffing(people: Sequence[Person], entity_of: dict[str, str]) -> list[Assignment]:
    """Everyone works on two deals at a time; a fixed fee keeps two people busy."""
    made: list[Assignment] = []
    for entity in ("EA-NL", "EA-US"):
        staff = [p for p in people if p.entity == entity]
        sales = [s for s in SALES if entity_of[s.client] == entity]
        places = _places(sales, 2 * len(staff))
        turned = staff[5:] + staff[:5]
        for sale, person in zip(places, [*staff, *turned], strict=True):
            made.append(Assignment(name_of(sale), person.number, person.role, sale.model == HOURLY))
    return made


def _places(sales: Sequence[Sale], count: int) -> list[Sale]:
    """Two places on each fixed fee, the rest spread over the hourly deals in turn."""
    hourly = [s for s in sales if s.model == HOURLY]
    fixed = [s for s in sales if s.model == FIXED]
    free = count - 2 * len(fixed)
    spread = [hourly[n % len(hourly)] for n in range(free)]
    return [*spread[: free // 2], *fixed, *spread[free // 2 :], *fixed]


def timecards(dice: random.Random, assignments: Sequence[Assignment]) -> list[Timecard]:
    sales = {name_of(s): s for s in SALES}
    by_person: dict[str, list[Assignment]] = {}
    for assignment in assignments:
        by_person.setdefault(assignment.person, []).append(assignment)
    weeks = [
        card for person in sorted(by_person) for card in _quarter_of(dice, by_person[person], sales)
    ]
    return _as_it_goes(weeks)


def _quarter_of(
    dice: random.Random, mine: Sequence[Assignment], sales: dict[str, Sale]
) -> Iterator[Timecard]:
    monday = QUARTER[0] - timedelta(days=QUARTER[0].weekday())
    while monday <= QUARTER[1]:
        days = [monday + timedelta(days=n) for n in range(5)]
        split = [_split(dice) if QUARTER[0] <= d <= QUARTER[1] else (ZERO, ZERO) for d in days]
        for at, assignment in enumerate(mine):
            first = starts_on(sales[assignment.deal])
            hours = [h[at] if d >= first else ZERO for d, h in zip(days, split, strict=True)]
            if any(hours):
                yield _card(assignment, monday, (*hours, ZERO, ZERO))
        monday += timedelta(days=7)


def _split(dice: random.Random) -> tuple[Decimal, Decimal]:
    """A day of eight hours on two deals, in quarters of an hour; some days off."""
    if dice.random() < ABSENT:
        return ZERO, ZERO
    first = Decimal(dice.randrange(8, 25)) / 4
    return first, DAY - first


def _card(assignment: Assignment, monday: date, hours: tuple[Decimal, ...]) -> Timecard:
    starts = max(monday, QUARTER[0])
    phase = DISCOVERY if monday <= DISCOVERY_ENDS else DELIVERY
    return Timecard(
        assignment.deal, assignment.person, starts,
        min(monday + timedelta(days=6), QUARTER[1]), hours,
        phase if assignment.is_billable else WORK,
        next(name for name in reversed(LOGGED) if starts >= _STARTS[name]),
        assignment.is_billable,
    )  # fmt: skip


def _as_it_goes(cards: list[Timecard]) -> list[Timecard]:
    """The same quarter with its late cards, a lost consultant and what nobody approved."""
    rules = (
        (LATE_JULY, {"batch": "late_july"}),
        (LATE_AUGUST, {"batch": "late_august"}),
        ((LOST_WEEK, 1), {"phase": DISCOVERY}),
        ((OPEN_WEEK, 4), {"batch": "open"}),
    )
    for (week, count), change in rules:
        places = [
            n
            for n, card in enumerate(cards)
            if card.is_billable and card.starts_on == week and card.deal != AMENDED
        ][7 : 7 + count]
        for place in places:
            cards[place] = replace(cards[place], **change)  # type: ignore[arg-type] # two text fields
    return cards

"""A week of work: timecards from the dice, what becomes of them, and how they are handed in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chaos.firm import PRICES, Week
from chaos.sent import BILLED, HELD, SentHour
from isthmus.demo.firm import Firm
from isthmus.demo.timesheets import Assignment, Timecard

DEALS_WORKED_ON = 6
ZERO = Decimal(0)


@dataclass(frozen=True)
class Card:
    """`submitted`: it is also sent to the API, beside being polled from the PSA."""

    timecard: Timecard
    week: Week
    fate: str
    submitted: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """As the PSA knows it: deal, person, first day."""
        return (self.timecard.deal, self.timecard.person, self.week.monday.isoformat())

    def with_hours(self, day: date, hours: Decimal) -> Card:
        """The card with other hours on one day."""
        changed = list(self.timecard.hours)
        changed[day.weekday()] = hours
        return replace(self, timecard=replace(self.timecard, hours=tuple(changed)))

    def sent(self, firm: Firm) -> Iterator[SentHour]:
        deal = firm.deal(self.timecard.deal)
        role = next(p.role for p in firm.people if p.number == self.timecard.person)
        for day, hours in self.timecard.days():
            yield SentHour(
                deal.name, self.timecard.person, day, hours, PRICES[role, deal.currency],
                self.week.number, self.fate,
            )  # fmt: skip


def cards_of(firm: Firm, opened: Sequence[str], week: Week, dice: random.Random) -> list[Card]:
    """The week's cards on the deals that were opened last. One of them is written down on a phase
    of the project that is not open.
    """
    worked = opened[-DEALS_WORKED_ON:]
    staff = [a for a in firm.assignments if a.deal in worked]
    lost = dice.randrange(len(staff))
    return [
        _card(a, week, dice, HELD if place == lost else BILLED) for place, a in enumerate(staff)
    ]


def _card(assignment: Assignment, week: Week, dice: random.Random, fate: str) -> Card:
    hours = tuple(Decimal(dice.randrange(2, 33)) / 4 for _ in week.days)
    phase = week.phase if fate == BILLED else week.other_phase
    if fate == HELD:
        hours = (hours[0], ZERO, ZERO, ZERO, ZERO)
    timecard = Timecard(
        assignment.deal, assignment.person, week.monday, week.monday + timedelta(days=6),
        (*hours, ZERO, ZERO), phase, "", True,
    )  # fmt: skip
    return Card(timecard, week, fate, submitted=fate == BILLED and dice.random() < 0.5)


def as_entries(
    card: Card, firm: Firm, ids: Mapping[str, Mapping[Any, str]], project: str
) -> list[dict[str, Any]]:
    """The card as its PSA would submit it; `ids` are the PSA's own, by what people call things."""
    deal, timecard = firm.deal(card.timecard.deal), card.timecard
    role = next(p.role for p in firm.people if p.number == timecard.person)
    rate = PRICES[role, deal.currency]
    return [
        {
            "external_id": f"{ids['cards'][card.key]}:{day.isoformat()}",
            "resource": ids["people"][timecard.person],
            "project": project,
            "assignment": ids["assignments"][timecard.deal, timecard.person],
            "phase": ids["phases"][project, timecard.phase],
            "role": role,
            "worked_on": day.isoformat(),
            "hours": str(hours),
            "currency": deal.currency,
            "source_rate": {"amount": str(rate), "currency": deal.currency},
            "approval": "approved",
        }
        for day, hours in timecard.days()
    ]

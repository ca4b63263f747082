"""Example Advisory and its third quarter of 2026: all facts, from one seed, always the same.

Two companies (EA-NL in euros, EA-US in dollars), deals in three currencies, EU VAT and US sales.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.demo.clients import Client, clients
from isthmus.demo.deals import (
    AMENDED,
    FIXED,
    INSTALMENTS,
    SALES,
    Deal,
    Line,
    amendment,
    fixed_lines,
    name_of,
    sold,
    waiting_deals,
)
from isthmus.demo.people import Person, consultants
from isthmus.demo.price_list import Card, first_cards, indexed, labour_prices, price, revoked
from isthmus.demo.timesheets import Assignment, Timecard, staffing, timecards

SEED = 2026
CAP_IS_REACHED_ON = date(2026, 8, 20)
OWN_PRICES = (
    ("Quillstone Werke GmbH", "EUR", "Senior Consultant"),
    ("Quillstone Werke GmbH", "EUR", "Business Analyst"),
    ("Marrowfield Foods Ltd", "GBP", "Software Engineer"),
    ("Tumblewick Rail Inc.", "USD", "Systems Engineer"),
    ("Saltmarsh Marine SAS", "EUR", "Network Engineer"),
)


@dataclass(frozen=True)
class Acceptance:
    """The client signs off an instalment: its number on the deal, and the day."""

    deal: str
    instalment: int
    accepted_on: date
    batch: str


@dataclass(frozen=True)
class Firm:
    roles: tuple[str, ...]
    clients: tuple[Client, ...]
    people: tuple[Person, ...]
    cards: tuple[Card, ...]
    """As they stand on the first day; `new_prices` and `withdrawn` come later."""
    deals: tuple[Deal, ...]
    assignments: tuple[Assignment, ...]
    timecards: tuple[Timecard, ...]
    acceptances: tuple[Acceptance, ...]

    @property
    def new_prices(self) -> list[tuple[Card, Card]]:
        return indexed(self.cards)

    @property
    def withdrawn(self) -> Card:
        return revoked(self.cards)

    def deal(self, name: str) -> Deal:
        return next(d for d in self.deals if d.name == name)

    def won(self, wave: str) -> list[Deal]:
        return [d for d in self.deals if d.wave == wave]

    def logged(self, batch: str) -> list[Timecard]:
        return [t for t in self.timecards if t.batch == batch]

    def rate_on(self, assignment: Assignment, day: date) -> Decimal:
        """The rate that the PMO agrees on an assignment: what the list says on that day."""
        deal = self.deal(assignment.deal)
        cards = [*self.cards]
        for before, after in self.new_prices:
            cards[cards.index(_same(cards, before))] = before
            cards.append(after)
        found = price(cards, deal.client, assignment.role, deal.currency, day)
        if found is None:
            raise LookupError(f"no price for {assignment.role} in {deal.currency} on {day}")
        return found


def _same(cards: Sequence[Card], wanted: Card) -> Card:
    return next(c for c in cards if c.number == wanted.number)


def example_advisory(seed: int = SEED) -> Firm:
    dice = random.Random(seed)
    roles = tuple(labour_prices())
    buyers = clients(dice)
    people = consultants(roles)
    cards = first_cards(OWN_PRICES)
    assignments = staffing(people, {c.name: c.entity for c in buyers})
    sheets = timecards(dice, assignments)
    deals = _deals(dice, buyers, cards, assignments, sheets)
    return Firm(
        roles, tuple(buyers), tuple(people), tuple(cards), tuple(deals), tuple(assignments),
        tuple(sheets), tuple(_acceptances(deals)),
    )  # fmt: skip


def _deals(
    dice: random.Random,
    buyers: Sequence[Client],
    cards: Sequence[Card],
    assignments: Sequence[Assignment],
    sheets: Sequence[Timecard],
) -> list[Deal]:
    by_name = {c.name: c for c in buyers}
    made: list[Deal] = []
    for number, sale in enumerate(SALES, 1):
        client = by_name[sale.client]
        staff = [a for a in assignments if a.deal == name_of(sale)]
        lines = fixed_lines(dice) if sale.model == FIXED else _hourly_lines(client, staff, cards)
        value = _worth(name_of(sale), client, staff, cards, sheets)
        cap = {"": None, "tight": value, "wide": 3 * value}[sale.cap]
        made.append(sold(sale, client, number, lines, cap))
    changed = amendment(next(d for d in made if d.name == AMENDED))
    return [*made, *waiting_deals(buyers), changed]


def _hourly_lines(
    client: Client, staff: Sequence[Assignment], cards: Sequence[Card]
) -> tuple[Line, ...]:
    """One line per role that will work on it, for half a year."""
    lines = []
    for role in dict.fromkeys(a.role for a in staff):
        rate = _rate(client, role, cards)
        lines.append(Line(f"{role}, second half of 2026", Decimal(480), rate, role=role))
    return tuple(lines)


def _rate(client: Client, role: str, cards: Sequence[Card]) -> Decimal:
    found = price(cards, client.name, role, client.currency, date(2026, 7, 1))
    assert found is not None
    return found


def _worth(
    deal: str,
    client: Client,
    staff: Sequence[Assignment],
    cards: Sequence[Card],
    sheets: Sequence[Timecard],
) -> Decimal:
    """What the work until the cap's day comes to, to the hundred."""
    roles = {a.person: a.role for a in staff}
    total = sum(
        (
            hours * _rate(client, roles[card.person], cards)
            for card in sheets
            if card.deal == deal
            for day, hours in card.days()
            if day <= CAP_IS_REACHED_ON
        ),
        Decimal(0),
    )
    return Decimal(round(total / 100) * 100)


def _acceptances(deals: Sequence[Deal]) -> list[Acceptance]:
    """The third instalment is accepted by half of the clients only."""
    fixed = [d for d in deals if d.model == FIXED and not d.is_defective]
    months = ("july", "august", "september")
    return [
        Acceptance(deal.name, n, day, months[n - 1])
        for at, deal in enumerate(fixed)
        for n, (day, _) in enumerate(INSTALMENTS, 1)
        if n < 3 or at % 2 == 0
    ]

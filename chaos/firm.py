"""The firm that works through the rounds: people, prices, clients and deals, all from the seed.

Clients and deals of a round are won in that round and worked on from the next one on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from isthmus.demo.clients import Client, tax_number
from isthmus.demo.deals import HOURLY, HOURLY_TEMPLATE, Deal, Line
from isthmus.demo.firm import Firm
from isthmus.demo.people import Person
from isthmus.demo.price_list import Card
from isthmus.demo.timesheets import DELIVERY, DISCOVERY, DISCOVERY_ENDS, Assignment

FIRST_MONDAY = date(2026, 7, 6)
STARTS_ON, ENDS_ON = date(2026, 7, 1), date(2027, 12, 31)
MOST_ROUNDS = 60
"""The calendar of the ledger ends after these, one week of work each."""
PRICES = {
    ("Consultant", "EUR"): Decimal("148.35"),
    ("Consultant", "USD"): Decimal("161.70"),
    ("Architect", "EUR"): Decimal("187.45"),
    ("Architect", "USD"): Decimal("203.15"),
    ("Analyst", "EUR"): Decimal("96.65"),
    ("Analyst", "USD"): Decimal("104.25"),
}
ROLES = tuple(dict.fromkeys(role for role, _ in PRICES))
COUNTRIES = {"NL": ("Utrecht", "EUR", "EA-NL"), "US": ("Columbus", "USD", "EA-US")}
IN_EUROPE, IN_AMERICA = 6, 4
PEOPLE_ON_A_DEAL = 2


@dataclass(frozen=True)
class Week:
    """A working week; number 0 is the one that is worked and billed before the first round."""

    number: int

    @property
    def monday(self) -> date:
        return FIRST_MONDAY + timedelta(weeks=self.number)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.monday + timedelta(days=n) for n in range(5))

    @property
    def friday(self) -> date:
        return self.days[-1]

    @property
    def phase(self) -> str:
        """The phase of a project that is open in this week."""
        return DISCOVERY if self.monday <= DISCOVERY_ENDS else DELIVERY

    @property
    def other_phase(self) -> str:
        return DELIVERY if self.phase == DISCOVERY else DISCOVERY


def first_firm() -> Firm:
    """Nobody has bought anything yet."""
    cards = [
        Card(f"RC {currency} {role}", role, currency, None, rate, STARTS_ON)
        for (role, currency), rate in PRICES.items()
    ]
    return Firm(ROLES, (), tuple(_people()), tuple(cards), (), (), (), ())


def _people() -> Sequence[Person]:
    found = []
    for n in range(1, IN_EUROPE + IN_AMERICA + 1):
        place = "EU" if n <= IN_EUROPE else "US"
        found.append(
            Person(
                number=f"E{n:03d}", first_name=f"{chr(64 + n)}.", last_name=f"Consultant {n:02d}",
                role=ROLES[n % len(ROLES)], entity="EA-NL" if place == "EU" else "EA-US",
                cost_centre=f"CC-{place}", cost_rate=Decimal(55),
                paid_in="EUR" if place == "EU" else "USD",
            )
        )  # fmt: skip
    return found


def grown(firm: Firm, round_: int, dice: random.Random) -> tuple[Firm, list[Deal]]:
    """The firm with the clients and deals of one more round, and these deals.

    Two clients: the first buys twice at the same moment, and a third time with a form left empty.
    """
    new = [_client(dice, 2 * round_ + n, country) for n, country in enumerate(("NL", "US"))]
    topics = [(new[0], "Ledger"), (new[0], "Portal"), (new[1], "Depot")]
    deals = [_deal(firm, client, topic, dice) for client, topic in topics]
    hasty = _deal(firm, new[0], "Hasty", dice)
    deals.append(replace(hasty, model=None, template=None, is_defective=True))
    staff = [a for deal in deals if not deal.is_defective for a in _staffed(firm, deal, dice)]
    later = replace(
        firm,
        clients=(*firm.clients, *new),
        deals=(*firm.deals, *deals),
        assignments=(*firm.assignments, *staff),
    )
    return later, deals


def _client(dice: random.Random, number: int, country: str) -> Client:
    city, currency, entity = COUNTRIES[country]
    form = "B.V." if country == "NL" else "Inc."
    name = f"Example Client {number:03d} {form}"
    return Client(name, country, city, currency, entity, tax_number(dice, country))


def _deal(firm: Firm, client: Client, topic: str, dice: random.Random) -> Deal:
    lines = tuple(
        Line(role, Decimal(dice.randrange(80, 400)), PRICES[role, client.currency], role=role)
        for role in ROLES
    )
    name = f"{client.name}: {topic}"
    return Deal(
        name=name, client=client.name, entity=client.entity, currency=client.currency,
        model=HOURLY, template=HOURLY_TEMPLATE, wave="", starts_on=STARTS_ON, ends_on=ENDS_ON,
        lines=lines, purchase_order=f"PO {name}"[:45],
    )  # fmt: skip


def _staffed(firm: Firm, deal: Deal, dice: random.Random) -> list[Assignment]:
    there = [p for p in firm.people if p.entity == deal.entity]
    chosen = dice.sample(there, PEOPLE_ON_A_DEAL)
    return [Assignment(deal.name, p.number, p.role, True) for p in chosen]


def further_periods(year: int) -> list[dict[str, str]]:
    """The ledger's months of one year more than its bookkeeper opens."""
    firsts = [date(year, month, 1) for month in range(1, 13)]
    nexts = [*firsts[1:], date(year + 1, 1, 1)]
    return [
        {"externalId": f"{first:%Y-%m}", "periodName": f"{first:%b} {first.year}",
         "startDate": first.isoformat(), "endDate": (after - timedelta(days=1)).isoformat()}
        for first, after in zip(firsts, nexts, strict=True)
    ]  # fmt: skip

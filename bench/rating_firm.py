"""The firm whose hours are rated: its price list, its contracts and two years of entries."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from isthmus.canonical import RateCard
from isthmus.canonical.terms import TimeRounding
from isthmus.kit.money import Money
from isthmus.rules.rating import RateQuery
from isthmus.rules.rating.batch import Allowance, WorkKind

ROLES, CLIENTS, VERSIONS = 10, 9, 4
"""Ten roles, each priced for nine clients and in the company's list, four times: 400 cards."""
CONTRACTS, PEOPLE, STAFFED, CHUNK = 200, 500, 5, 10_000
"""A person works on five contracts in these two years."""
FIRST, DAYS = date(2025, 1, 1), 730
HOURS = [Decimal(text) for text in ("0.17", "0.5", "1.25", "2.11", "4", "7.5", "7.75", "8")]
Raw = tuple[str, int, int, date, Decimal]
"""Id, person, contract, day and hours of an entry, as a reader would hand it over."""


def cards() -> list[RateCard]:
    found = []
    for role in range(ROLES):
        for client in range(CLIENTS + 1):
            for number in range(VERSIONS):
                starts = FIRST + timedelta(number * DAYS // VERSIONS)
                ends = FIRST + timedelta((number + 1) * DAYS // VERSIONS - 1)
                name = f"RC {role} {client} {number}"
                found.append(
                    RateCard(
                        id=name,
                        number=name,
                        role=f"Role {role}",
                        customer=f"Client {client}" if client < CLIENTS else None,
                        bill_rate=Money.of(Decimal(9950 + 731 * role - 13 * client) / 100, "EUR"),
                        effective_from=starts,
                        effective_to=ends,
                    )
                )
    return found


def work_of(person: int, contract: int) -> WorkKind:
    """Every third contract bills by the quarter of an hour, every third by six minutes."""
    query = RateQuery(
        customer=f"Client {contract % (CLIENTS + 3)}",
        project=f"Project {contract}",
        resource=f"Consultant {person}",
        assignment=None,
        role=f"Role {person % ROLES}",
        currency="EUR",
        worked_on=FIRST,
    )
    minutes = (None, 6, 15)[contract % 3]
    rounding = None if minutes is None else TimeRounding(increment=minutes)
    return WorkKind.of(query, f"Contract {contract}", rounding)


def allowances(entries: int) -> dict[str, Allowance]:
    """Every second contract is capped, at about half of what is worked on it."""
    cap = Money.of(entries * 4 * 130 // CONTRACTS // 2, "EUR")
    nothing = Money.zero("EUR")
    return {f"Contract {c}": Allowance(cap, nothing) for c in range(0, CONTRACTS, 2)}


def raw_entries(count: int) -> Iterator[list[Raw]]:
    """In chunks, by day and id; the same every time."""
    rng = random.Random(7)
    for start in range(0, count, CHUNK):
        some = range(start, min(start + CHUNK, count))
        yield [
            (
                f"t{number:08}",
                person := rng.randrange(PEOPLE),
                (person * 7 + rng.randrange(STAFFED)) % CONTRACTS,
                FIRST + timedelta(number * DAYS // count),
                rng.choice(HOURS),
            )
            for number in some
        ]

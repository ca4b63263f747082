"""The firm of the job as its systems hold it, read from a file that the harness writes.

{"projects": ["P0000", ...], "people": ["E0000", ...], "roles": ["role-00", ...],
 "rates": [{"role": "role-00", "valid_from": "2024-07-01", "rate_cents": 9000}, ...]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from isthmus.canonical import Customer, Opportunity, RateCard, Resource
from isthmus.canonical.base import CanonicalObject
from isthmus.kit.money import Money

CURRENCY, COMPANY = "USD", "BENCH-US"
CLIENTS = 50
"""The job names no clients; its projects are spread over so many."""


class Record(NamedTuple):
    """What a system knows of one object; references are its own ids."""

    model: type[CanonicalObject]
    id: str
    attributes: dict[str, Any]


def records(path: Path) -> dict[type[CanonicalObject], dict[str, Record]]:
    """By model and id."""
    firm = json.loads(path.read_text("utf-8"))
    found: dict[type[CanonicalObject], dict[str, Record]] = {}
    for record in (
        *_clients(),
        *_people(firm["people"], firm["roles"]),
        *_deals(firm["projects"], firm["rates"]),
        *_cards(firm["rates"]),
    ):
        found.setdefault(record.model, {})[record.id] = record
    return found


def first_day(rates: list[dict[str, Any]]) -> date:
    return date.fromisoformat(min(rate["valid_from"] for rate in rates))


def _clients() -> Iterator[Record]:
    for number in range(CLIENTS):
        yield Record(
            Customer, f"K{number:02}",
            {"name": f"Client {number:02}", "country": "US", "currency": CURRENCY,
             "payment_terms": "Net 30"},
        )  # fmt: skip


def _people(people: list[str], roles: list[str]) -> Iterator[Record]:
    for number, id in enumerate(people):
        yield Record(
            Resource, id,
            {"name": f"Consultant {id}", "employee_number": id, "legal_entity": COMPANY,
             "role": roles[number % len(roles)]},
        )  # fmt: skip


def _deals(projects: list[str], rates: list[dict[str, Any]]) -> Iterator[Record]:
    """One won deal for each project, which is named after its id."""
    price = Money.of("100", CURRENCY)
    line = {"description": "Consulting", "role": rates[0]["role"], "quantity": Decimal(100),
            "unit_price": price}  # fmt: skip
    for number, id in enumerate(projects):
        yield Record(
            Opportunity, f"D-{id}",
            {"name": id, "customer": f"K{number % CLIENTS:02}", "stage": "closed_won",
             "amount": price.times(Decimal(100)), "billing_model": "t_and_m",
             "legal_entity": COMPANY, "project_template": "Consulting",
             "starts_on": first_day(rates), "payment_terms": "Net 30", "lines": (line,)},
        )  # fmt: skip


def _cards(rates: list[dict[str, Any]]) -> Iterator[Record]:
    """A price holds until the day before the role's next one."""
    ordered = sorted(rates, key=itemgetter("role", "valid_from"))
    for role, group in groupby(ordered, key=itemgetter("role")):
        bands = list(group)
        ends = [date.fromisoformat(b["valid_from"]) - timedelta(1) for b in bands[1:]]
        for band, last in zip(bands, [*ends, None], strict=True):
            yield Record(
                RateCard, f"{role}:{band['valid_from']}",
                {"number": f"{role} {band['valid_from']}", "role": role, "effective_to": last,
                 "bill_rate": Money.of(Decimal(band["rate_cents"]) / 100, CURRENCY),
                 "effective_from": date.fromisoformat(band["valid_from"])},
            )  # fmt: skip

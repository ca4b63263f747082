"""The consultants of Example Advisory: no names, for they are nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from isthmus.demo.costs import cost_of

IN_EUROPE, IN_AMERICA = 26, 14
IN_BRITAIN = (5, 26)
"""Of those in Europe: they work for a client in Leeds, and are paid in pounds."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Person:
    number: str
    first_name: str
    last_name: str
    role: str
    entity: str
    cost_centre: str
    cost_rate: Decimal
    paid_in: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return f"{self.number.lower()}@advisory.example"


def consultants(roles: Sequence[str]) -> list[Person]:
    return [_consultant(n, roles) for n in range(1, IN_EUROPE + IN_AMERICA + 1)]


def _consultant(n: int, roles: Sequence[str]) -> Person:
    in_europe, role = n <= IN_EUROPE, roles[n % len(roles)]
    paid_in = "GBP" if n in IN_BRITAIN else "EUR" if in_europe else "USD"
    return Person(
        number=f"E{n:03d}",
        first_name=f"{_LETTERS[n % 26]}.",
        last_name=f"Consultant {n:02d}",
        role=role,
        entity="EA-NL" if in_europe else "EA-US",
        cost_centre=("CC-EU-" if in_europe else "CC-US-") + ("TECH" if n % 2 else "ADV"),
        cost_rate=cost_of(n, role, paid_in),
        paid_in=paid_in,
    )

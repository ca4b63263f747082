"""Which rate prices an entry: the levels of a case as cards, its order as an order of scopes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING

from isthmus.canonical import RateCard
from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.facts import Work, fact_of
from isthmus.rules.rating import (
    DEFAULT_SCOPES,
    Override,
    RateBook,
    Rated,
    RateQuery,
    Scope,
)

DAY = date(2026, 1, 5)
WORK = {
    "customer": "client-a",
    "project": "project-1",
    "resource": "consultant-1",
    "role": "Consultant",
    "task": "task-1",
}

KIMAI_LEVELS = {
    "activity": ("task",),
    "project": ("project",),
    "customer": ("customer",),
    "user": ("resource",),
}
LEVELS = {
    "task_role": (Scope.TASK_CARD, ("task", "role")),
    "project_person": (Scope.PERSON_ON_PROJECT, ("project", "resource")),
    "project_role": (Scope.PROJECT_CARD, ("project", "role")),
    "customer_role": (Scope.CLIENT_CARD, ("customer", "role")),
    "rate_card": (Scope.COMPANY_CARD, ("role",)),
}


def rated(
    cards: list[RateCard], override: Override | None, scopes: tuple[Scope, ...] = DEFAULT_SCOPES
) -> Rated:
    query = RateQuery(assignment=None, currency="EUR", worked_on=DAY, override=override, **WORK)
    found = RateBook.build(cards, scopes=scopes).resolve(query)
    assert isinstance(found, Rated), found
    return found


def _amount(found: Rated, hours: Decimal) -> Money:
    work = Work(id="entry", worked_on=DAY, hours=hours, rate=found.rate, unit=found.unit)
    return fact_of(work, hours).amount


def card(level: str, dimensions: tuple[str, ...], rate: str, unit: RateUnit) -> RateCard:
    return RateCard(
        id=level,
        number=level,
        bill_rate=Money.of(rate, "EUR"),
        unit=unit,
        effective_from=date(2026, 1, 1),
        **{name: WORK[name] for name in dimensions},
    )


@BILLING.case("TM-13")
def levels_of_rates_hourly_and_fixed(given: dict[str, Any]) -> dict[str, Any]:
    hours = Decimal(given["duration_seconds"]) / 3600
    amounts = {}
    for row in given["rows"]:
        override, cards = None, []
        for name, rate in row["rates"].items():
            level, _, kind = name.partition("_")
            unit = RateUnit.ENTRY if kind == "fixed" else RateUnit.HOUR
            if level == "entry":
                override = Override("entry", Money.of(rate, "EUR"), unit=unit)
            else:
                cards.append(card(level, KIMAI_LEVELS[level], rate, unit))
        amounts[row["case"]] = _amount(rated(cards, override), hours)
    return {"amounts": amounts}


@BILLING.case("TM-21")
def an_order_of_the_firms_own(given: dict[str, Any]) -> dict[str, Any]:
    order = tuple(
        Scope.ENTRY_OVERRIDE if level == "entry_override" else LEVELS[level][0]
        for level in given["precedence"]
    )
    lines, amounts = [], []
    for row in given["rows"]:
        levels = dict(row["levels"])
        agreed = levels.pop("entry_override", None)
        override = Override(row["entry"], Money.of(agreed, "EUR")) if agreed else None
        cards = [card(name, LEVELS[name][1], rate, RateUnit.HOUR) for name, rate in levels.items()]
        found = rated(cards, override, order)
        amounts.append(_amount(found, Decimal(row["hours"])))
        lines.append(
            {
                "description": row["entry"],
                "quantity": row["hours"],
                "unit_price": found.rate,
                "amount": amounts[-1],
            }
        )
    return {"lines": lines, "subtotal": Money.total(amounts, "EUR")}

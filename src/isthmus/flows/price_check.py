"""What work on a contract would cost: the price of an hour, and whether the cap has room for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field

from isthmus.canonical import Contract, Project
from isthmus.canonical.base import Value
from isthmus.engine import Engine
from isthmus.flows.rate_books import rate_books
from isthmus.kit.money import Money
from isthmus.rules.caps import not_to_exceed
from isthmus.rules.contracts import covers
from isthmus.rules.rating import Rated, RateQuery, Unrated
from isthmus.store.database import Transaction


class Priced(Value):
    """`amount` is before the contract's rounding of hours, tiers and overtime."""

    contract: str
    worked_on: date
    hours: Decimal
    rate: Money | None = Field(description="Price of a unit; null where there is none.")
    unit: str
    amount: Money | None
    source: str | None = Field(description="The card or amendment that says so.")
    trail: tuple[str, ...] = Field(description="Where a price was looked for, in order.")
    cap_left: Money | None = Field(description="Room under the cap; null without a cap.")
    problems: tuple[str, ...] = Field(description="Why it would be held.")


async def check_price(
    engine: Engine, project: Project, contract: Contract, role: str, day: date, hours: Decimal
) -> Priced:
    """As a time entry of that day would be priced; nothing is written."""
    async with engine.database.begin() as tx:
        found = await _rated(tx, engine, project, contract, role, day)
        left = await _left(tx, contract, day)
    rate = found.rate if isinstance(found, Rated) else None
    amount = rate.times(hours).rounded() if rate else None
    problems = [found.reason] if isinstance(found, Unrated) else []
    if not covers(contract, day):
        problems.append(f"{day} is outside contract {contract.number}")
    if amount is not None and left is not None and amount.amount > left.amount:
        problems.append(f"{amount} is more than the {left} left under the cap")
    return Priced(
        contract=contract.number, worked_on=day, hours=hours, rate=rate, amount=amount,
        unit=found.unit.value if isinstance(found, Rated) else "hour",
        source=found.source_label if isinstance(found, Rated) else None,
        trail=tuple(f"{t.scope}: {t.found}" for t in found.trail), cap_left=left,
        problems=tuple(problems),
    )  # fmt: skip


async def _rated(
    tx: Transaction, engine: Engine, project: Project, contract: Contract, role: str, day: date
) -> Rated | Unrated:
    agreed = contract.prices_on(day).get(role)
    if agreed is not None:
        return Rated(agreed, contract.id, f"contract {contract.number}", "contract", None, ())
    psa = engine.links.psa(contract.legal_entity).name
    books = await rate_books(tx, engine.links, [psa], (), engine.landscape.policies)
    query = RateQuery(
        project.customer, project.id, "", None, role, contract.currency, day
    )  # fmt: skip
    return books[psa].resolve(query)


async def _left(tx: Transaction, contract: Contract, day: date) -> Money | None:
    limits = [
        limit
        for limit in not_to_exceed(contract)
        if limit.starts_on <= day and (limit.before is None or day < limit.before)
    ]
    cap = contract.cap_on(day)
    if not limits or cap is None:
        return None
    used = await tx.ledger.consumed(contract.id, limits[0].before)
    return Money.of(cap.amount - used, contract.currency)

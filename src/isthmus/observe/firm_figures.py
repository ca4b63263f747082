"""The firm's money for finance and for executives, from the same facts as each project's rows.

Nothing is converted: there is a figure for each currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from pydantic import Field

from isthmus.canonical.base import Value
from isthmus.observe.engagements import Engagement, engagements_of
from isthmus.store.database import Transaction
from isthmus.store.unbilled import OpenFilter

AGES = (30, 60, 90)
BUCKETS = ("0-30", "31-60", "61-90", "over 90")
ZERO = Decimal(0)


class AgedUnbilled(Value):
    """Work that is on no invoice, by the days since it was done."""

    legal_entity: str | None = Field(description="Code of the company that bills it.")
    currency: str
    buckets: dict[str, Decimal] = Field(description="Amount by age in days.")
    total: Decimal
    unposted: Decimal = Field(description="Part of it that the ledger has not taken yet.")


class Exceptions(Value):
    """Open holds of one owner; `blocked` is what they keep from being billed."""

    owner: str
    currency: str
    holds: int
    blocked: Decimal


class Month(Value):
    month: date = Field(description="First day of the month of the invoices.")
    invoiced: Decimal


class Outlook(Value):
    """From deal to revenue in one currency; the parts add up to what projects say."""

    currency: str
    pipeline: Decimal = Field(description="Deals that are open.")
    deals: int
    sold: Decimal = Field(description="Value of the contracts of all projects.")
    backlog: Decimal = Field(description="Sold and not earned yet.")
    earned: Decimal = Field(description="`wip` and `invoiced`.")
    wip: Decimal = Field(description="Earned and on no invoice.")
    held: Decimal = Field(description="Kept from being billed by open holds; not in `earned`.")
    invoiced: Decimal
    cost: Decimal
    margin: Decimal
    months: tuple[Month, ...] = Field(description="`invoiced` by month.")


async def aged_unbilled(
    tx: Transaction, on: date, entities: Collection[str] | None = None
) -> tuple[AgedUnbilled, ...]:
    found: dict[tuple[str | None, str], list[Decimal]] = {}
    unposted: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for part in await tx.unbilled.by_company(OpenFilter(entities), on, AGES):
        key = (part.of, part.currency)
        found.setdefault(key, [ZERO] * len(BUCKETS))[part.bucket] += part.amount
        unposted[key] += part.unposted
    return tuple(
        AgedUnbilled(
            legal_entity=entity, currency=currency,
            buckets=dict(zip(BUCKETS, amounts, strict=True)), total=sum(amounts, ZERO),
            unposted=unposted[entity, currency],
        )
        for (entity, currency), amounts in found.items()
    )  # fmt: skip


async def exceptions_of(
    tx: Transaction, entities: Collection[str] | None = None
) -> tuple[Exceptions, ...]:
    sums: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    for part in await tx.margins.held(entities):
        holds, blocked = sums[part.owner, part.currency]
        sums[part.owner, part.currency] = (holds + part.holds, blocked + part.amount)
    return tuple(
        Exceptions(owner=owner, currency=currency, holds=holds, blocked=blocked)
        for (owner, currency), (holds, blocked) in sorted(sums.items())
    )


async def outlook_of(
    tx: Transaction, on: date, entities: Collection[str] | None = None
) -> tuple[Outlook, ...]:
    rows = await engagements_of(tx, on, entities)
    pipeline = {c: (value, count) for c, value, count in await tx.margins.pipeline(entities)}
    held: dict[str, Decimal] = defaultdict(Decimal)
    for part in await tx.margins.held(entities):
        held[part.currency] += part.amount
    months: dict[str, list[Month]] = defaultdict(list)
    for month, currency, amount in await tx.margins.revenue_by_month(entities):
        months[currency].append(Month(month=month, invoiced=amount))
    currencies = sorted({row.currency for row in rows} | pipeline.keys() | held.keys())
    return tuple(
        _outlook(
            currency, [row for row in rows if row.currency == currency],
            pipeline.get(currency, (ZERO, 0)), held[currency], months[currency],
        )
        for currency in currencies
    )  # fmt: skip


def _outlook(
    currency: str,
    rows: Iterable[Engagement],
    pipeline: tuple[Decimal, int],
    held: Decimal,
    months: Iterable[Month],
) -> Outlook:
    known = list(rows)

    def total(name: str) -> Decimal:
        return sum((getattr(row, name) or ZERO for row in known), ZERO)

    return Outlook(
        currency=currency, pipeline=pipeline[0], deals=pipeline[1], held=held,
        months=tuple(months),
        **{n: total(n) for n in ("sold", "backlog", "earned", "wip", "invoiced", "cost", "margin")},
    )  # fmt: skip

"""Control totals of a span of days: what the PSA approved, what was rated, what the ledger took."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.entry_counts import HELD, INVOICED, POSTED, RATED, UNBILLABLE
from isthmus.store.entry_places import rated_for
from isthmus.store.fact_tables import fact
from isthmus.store.tables import record, time_entry

_ZERO = Decimal(0)


@dataclass
class CloseTotals:
    """Of one legal entity (its code; None: not known yet) and currency.

    `entries` and `hours` are approved in the PSA: `chargeable` ones are rated, the others are held,
    wait to be rated, or are not chargeable. Amounts are of all work: hours, expenses, milestones.
    """

    legal_entity: str | None
    currency: str
    entries: int = 0
    hours: Decimal = _ZERO
    not_chargeable: int = 0
    not_chargeable_hours: Decimal = _ZERO
    held: int = 0
    held_hours: Decimal = _ZERO
    held_amount: Decimal = _ZERO
    waiting: int = 0
    waiting_hours: Decimal = _ZERO
    rated_hours: Decimal = _ZERO
    rated: Decimal = _ZERO
    posted: Decimal = _ZERO
    invoiced: Decimal = _ZERO

    @property
    def unposted(self) -> Decimal:
        return self.rated - self.posted

    @property
    def unbilled(self) -> Decimal:
        return self.posted - self.invoiced

    @property
    def unexplained_hours(self) -> Decimal:
        """Approved hours that are neither rated, nor held, nor waiting, nor not chargeable."""
        explained = self.not_chargeable_hours + self.held_hours + self.waiting_hours
        return self.hours - explained - self.rated_hours

    @property
    def is_done(self) -> bool:
        return not (
            self.held or self.waiting or self.unposted or self.unbilled or self.unexplained_hours
        )


class Closing:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def totals(
        self, since: date, until: date, entities: Collection[str] | None = None
    ) -> list[CloseTotals]:
        """Both days included; `entities` are codes, None: all of them."""
        found: dict[tuple[str | None, str], CloseTotals] = {}
        for entity, currency, state, count, hours, worth in await self._entries(since, until):
            one = found.setdefault((entity, currency), CloseTotals(entity, currency))
            one.entries, one.hours = one.entries + count, one.hours + hours
            _counted(one, state, count, hours, worth)
        for entity, currency, *sums in await self._facts(since, until):
            one = found.setdefault((entity, currency), CloseTotals(entity, currency))
            one.rated_hours, one.rated, one.posted, one.invoiced = (s or _ZERO for s in sums)
        shown = [one for one in found.values() if entities is None or one.legal_entity in entities]
        return sorted(shown, key=lambda one: (one.legal_entity or "", -one.rated, one.currency))

    async def last_day(self) -> date | None:
        """The youngest day of work that is rated."""
        found: date | None = await self._connection.scalar(
            sa.select(sa.func.max(fact.c.happened_on))
        )
        return found

    async def _entries(
        self, since: date, until: date
    ) -> list[tuple[str | None, str, str, int, Decimal, Decimal]]:
        """(legal entity, currency, state, entries, hours, worth at the PSA's rate)."""
        entry = time_entry
        of_project = sa.and_(record.c.kind == "project", record.c.id == entry.c.project)
        company = sa.func.coalesce(
            rated_for("time_entry", entry.c.id), record.c.data["legal_entity"].astext
        )
        worth = entry.c.hours * sa.func.coalesce(entry.c.source_rate, 0)
        each = (
            sa.select(company.label("code"), entry.c.currency, entry.c.state, entry.c.hours,
                      worth.label("worth"))
            .outerjoin(record, of_project)
            .where(entry.c.approval == "approved", entry.c.worked_on.between(since, until))
            .subquery()
        )  # fmt: skip
        groups = (each.c.code, each.c.currency, each.c.state)
        sums = (sa.func.count(), sa.func.sum(each.c.hours), sa.func.sum(each.c.worth))
        rows = await self._connection.execute(sa.select(*groups, *sums).group_by(*groups))
        return [tuple(row) for row in rows]

    async def _facts(
        self, since: date, until: date
    ) -> list[tuple[str | None, str, Decimal | None, Decimal | None, Decimal | None, Decimal]]:
        """Reversals are rows of their own and take back what they reverse."""
        is_time = fact.c.source_kind == "time_entry"
        rows = await self._connection.execute(
            sa.select(
                fact.c.legal_entity, fact.c.currency,
                sa.func.sum(fact.c.hours).filter(is_time), sa.func.sum(fact.c.amount),
                sa.func.sum(fact.c.amount).filter(fact.c.posted_at.is_not(None)),
                sa.func.sum(fact.c.amount).filter(fact.c.invoice.is_not(None)),
            )
            .where(fact.c.happened_on.between(since, until))
            .group_by(fact.c.legal_entity, fact.c.currency)
        )  # fmt: skip
        return [tuple(row) for row in rows]


def _counted(one: CloseTotals, state: str, count: int, hours: Decimal, worth: Decimal) -> None:
    if state == UNBILLABLE:
        one.not_chargeable, one.not_chargeable_hours = count, hours
    elif state == HELD:
        one.held, one.held_hours, one.held_amount = count, hours, worth
    elif state not in (RATED, POSTED, INVOICED):
        one.waiting, one.waiting_hours = one.waiting + count, one.waiting_hours + hours

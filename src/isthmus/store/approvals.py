"""What waits for somebody's approval: the rows that a key figure counts, with what each blocks.

Amounts are hours at the PSA's own rate, expenses as spent, milestones at their price and holds at
theirs; None where nothing is charged or no rate is known.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_EACH = """
    select waits.kind, waits.id, waits.label, waits.legal_entity, waits.value as days,
        cast(coalesce(hours.project, spent.project, cast(what.data->>'project' as uuid)) as text)
            as project,
        cast(coalesce(hours.resource, spent.resource) as text) as person,
        coalesce(hours.connection, spent.connection) as connection,
        coalesce(hours.hours, 0) as hours,
        coalesce(
            case when coalesce(cast(hours.data->>'is_billable' as boolean), true)
                then hours.hours * hours.source_rate end,
            case when coalesce(cast(spent.data->>'is_billable' as boolean), true)
                then spent.amount end,
            hold.amount,
            case when waits.kind = 'milestone'
                then cast(what.data->'amount'->>'amount' as numeric) end
        ) as amount,
        coalesce(hours.currency, spent.currency, hold.currency,
                 what.data->'amount'->>'currency') as currency
    from ({rows}) waits
    left join time_entry hours on hours.id =
        case waits.kind when 'time_entry' then cast(waits.id as uuid) end
    left join expense_entry spent on spent.id =
        case waits.kind when 'expense_entry' then cast(waits.id as uuid) end
    left join hold on hold.number =
        case waits.kind when 'hold' then cast(substr(waits.id, 3) as bigint) end
    left join record what on what.kind = 'milestone' and what.id =
        case waits.kind when 'milestone' then cast(waits.id as uuid)
            when 'hold' then hold.object_id end
    where (cast(:entities as text[]) is null
            or waits.legal_entity = any(cast(:entities as text[])))
"""
_ONLY = """
    select * from ({each}) one
    where (cast(:kind as text) is null or kind = :kind)
        and (cast(:project as text) is null or project = :project)
        and (cast(:person as text) is null or person = :person)
"""
_GROUPS = """
    select kind, project, person, connection, legal_entity, currency, count(*), sum(hours),
        sum(amount), max(days), min(id), min(label)
    from ({each}) one
    group by kind, project, person, connection, legal_entity, currency,
        case when kind in ('time_entry', 'expense_entry') then '' else id end
    order by max(days) desc, count(*) desc, min(id)
    limit :limit offset :after
"""
_SINGLE = """
    select kind, project, person, connection, legal_entity, currency, 1, hours, amount, days, id,
        label
    from ({only}) one order by days desc, id limit :limit offset :after
"""
_TOTALS = """
    select currency, count(*), sum(hours), sum(amount), max(days) from ({only}) one
    group by currency
"""


@dataclass(frozen=True)
class Only:
    """None: all of them. `project` and `person` are canonical ids."""

    kind: str | None = None
    project: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class Waiting:
    """Of one person on one project, or one milestone, hold or bulk act. `days` is of the one that
    has waited longest, `first` the id of one of them.
    """

    kind: str
    project: str | None
    person: str | None
    connection: str | None
    legal_entity: str | None
    currency: str | None
    number: int
    hours: Decimal
    amount: Decimal | None
    days: Decimal
    first: str
    label: str | None


@dataclass(frozen=True)
class WaitingTotals:
    number: int
    hours: Decimal
    amounts: dict[str, Decimal]
    days: Decimal


class Approvals:
    """`rows` is the statement of the key figure, `given` its parameters."""

    def __init__(
        self, connection: AsyncConnection, rows: str, given: Mapping[str, Any],
        entities: Collection[str] | None,
    ) -> None:  # fmt: skip
        self._connection, self._each = connection, _EACH.format(rows=rows)
        self._given = {**given, "entities": None if entities is None else sorted(entities)}

    async def groups(self, *, limit: int, after: int = 0) -> builtins.list[Waiting]:
        """The longest wait first."""
        found = await self._execute(_GROUPS.format(each=self._each), limit=limit, after=after)
        return [Waiting(*row) for row in found]

    async def single(self, only: Only, *, limit: int, after: int = 0) -> builtins.list[Waiting]:
        query = _SINGLE.format(only=_ONLY.format(each=self._each))
        found = await self._execute(query, **vars(only), limit=limit, after=after)
        return [Waiting(*row) for row in found]

    async def totals(self, only: Only) -> WaitingTotals:
        query = _TOTALS.format(only=_ONLY.format(each=self._each))
        rows = await self._execute(query, **vars(only))
        return WaitingTotals(
            sum(number for _, number, _, _, _ in rows),
            sum((hours for _, _, hours, _, _ in rows), Decimal(0)),
            {currency: amount for currency, _, _, amount, _ in rows if currency and amount},
            max((days for *_, days in rows), default=Decimal(0)),
        )

    async def _execute(self, query: str, **more: Any) -> builtins.list[Any]:
        statement = sa.text(query)
        values = {**self._given, **more}
        known = {name: values[name] for name in statement.compile().params}
        return list((await self._connection.execute(statement, known)).all())

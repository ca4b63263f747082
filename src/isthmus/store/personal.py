"""A person's data where its columns say so: the record, notes of entries, corrections, drifts, and
messages as they came in; and what still depends on the person.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import among
from isthmus.store.entry_counts import HELD, POSTED, RATED, RECEIVED
from isthmus.store.holds import RESOLVED
from isthmus.store.sweep import Place
from isthmus.store.tables import drift, edit, expense_entry, hold, inbox, record, time_entry

ENTRIES = {"time_entry": time_entry, "expense_entry": expense_entry}
_UNBILLED = (RECEIVED, RATED, POSTED, HELD)


@dataclass(frozen=True)
class Open:
    """What of a person is not over. Hours are those that are not invoiced."""

    holds: tuple[str, ...]
    entries: int
    hours: Decimal
    expenses: int
    messages: int


class Personal:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def allow(self) -> None:
        """Until the end of the transaction, texts of facts and of the audit may be replaced."""
        await self._connection.execute(sa.text("set local isthmus.erasing = 'on'"))

    async def entry_ids(self, resource: str) -> dict[str, builtins.list[tuple[str, str]]]:
        """Kind -> (id, external id) of the entries of a person."""
        found = {}
        for kind, table in ENTRIES.items():
            rows = await self._connection.execute(
                sa.select(table.c.id, table.c.external_id).where(table.c.resource == resource)
            )
            found[kind] = [(id, external) for id, external in rows]
        return found

    async def unfinished(
        self, ids: Sequence[str], resource: str | None, named: Sequence[tuple[str, str]]
    ) -> Open:
        """`ids` are of the person and of their entries; `named` as in `empty_messages`."""
        labels = await self._connection.scalars(
            sa.select(hold.c.number)
            .where(among(hold.c.object_id, ids), hold.c.state != RESOLVED)
            .order_by(hold.c.number)
        )
        time, hours = await self._unbilled(time_entry, sa.func.sum(time_entry.c.hours), resource)
        spent, _ = await self._unbilled(expense_entry, sa.literal(0), resource)
        unread = await self._connection.scalar(
            sa.select(sa.func.count())
            .select_from(inbox)
            .where(inbox.c.processed_at.is_(None), _of(named))
        )
        return Open(tuple(f"H-{n}" for n in labels), time, hours, spent, int(unread or 0))

    async def _unbilled(
        self, table: sa.Table, total: sa.ColumnElement[Any], resource: str | None
    ) -> tuple[int, Decimal]:
        if resource is None:
            return 0, Decimal(0)
        row = await self._connection.execute(
            sa.select(sa.func.count(), total).where(
                table.c.resource == resource, table.c.state.in_(_UNBILLED),
                table.c.approval == "approved",
            )
        )  # fmt: skip
        count, amount = row.one()
        return int(count), Decimal(amount or 0)

    async def record(self, kind: str, id: str, values: Mapping[str, Any]) -> Place:
        done = await self._connection.execute(
            sa.update(record)
            .where(record.c.kind == kind, record.c.id == id)
            .values(
                data=record.c.data.concat(sa.cast(dict(values), JSONB)),
                version=record.c.version + 1,
                updated_at=sa.func.clock_timestamp(),
            )
        )
        return Place("record", "data", done.rowcount)

    async def notes(
        self, resource: str, attributes: Mapping[str, Sequence[str]]
    ) -> tuple[builtins.list[str], builtins.list[Place]]:
        """Remove these attributes of a person's entries; what they said, and where."""
        said: set[str] = set()
        places = []
        for kind, names in attributes.items():
            table = ENTRIES[kind]
            own = sa.and_(
                table.c.resource == resource, sa.or_(*(table.c.data.has_key(n) for n in names))
            )
            for name in names:
                texts = await self._connection.scalars(
                    sa.select(table.c.data[name].astext).where(own).distinct()
                )
                said |= {text for text in texts if text}
            data = table.c.data
            for name in names:
                data = data.op("-")(sa.literal(name, sa.Text))  # type: ignore[assignment] # stays JSON
            done = await self._connection.execute(sa.update(table).where(own).values(data=data))
            if done.rowcount:
                places.append(Place(kind, "data", done.rowcount))
        return sorted(said), places

    async def corrections(
        self, ids: Sequence[str], attributes: Sequence[str], by: str
    ) -> tuple[builtins.list[str], builtins.list[Place]]:
        """Replace what was corrected or offered of these attributes; the texts that were there."""
        texts: set[str] = set()
        places = []
        for table, id, first, second in (
            (edit, edit.c.object_id, "original", "value"),
            (drift, drift.c.canonical_id, "kept", "offered"),
        ):
            own = sa.and_(among(id, ids), table.c.attribute.in_(attributes))
            rows = await self._connection.execute(
                sa.select(table.c[first], table.c[second]).where(own)
            )
            texts |= {value for row in rows for value in row if isinstance(value, str)}
            new = sa.cast(by, JSONB)
            done = await self._connection.execute(
                sa.update(table).where(own).values({first: new, second: new})
            )
            if done.rowcount:
                places.append(Place(table.name, f"{first}, {second}", done.rowcount))
        return sorted(texts), places

    async def empty_messages(self, named: Sequence[tuple[str, str]]) -> int:
        """Those that were read of these (kind, external id); their keys stay."""
        done = await self._connection.execute(
            sa.update(inbox)
            .where(inbox.c.processed_at.is_not(None), inbox.c.emptied_at.is_(None), _of(named))
            .values(headers={}, body=b"", emptied_at=sa.func.clock_timestamp())
        )
        return done.rowcount


def _of(named: Sequence[tuple[str, str]]) -> sa.ColumnElement[bool]:
    keys = ["\t".join(each) for each in named]
    return among(inbox.c.kind + "\t" + inbox.c.external_id, keys)

"""Entries by the thousand: one statement for all rows that a request or a page brings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.chunks import chunked
from isthmus.kit.ids import new_id
from isthmus.store.bulk import Rows, given, selected


async def insert_new(connection: AsyncConnection, table: sa.Table, rows: Rows) -> set[str]:
    """External ids of those that were stored; the others were there already, or came in by
    another transaction while this one waited for it.
    """
    if not rows:
        return set()
    statement = (
        insert(table)
        .from_select(*selected(table, rows))
        .on_conflict_do_nothing()
        .returning(table.c.external_id)
    )
    return {external_id for (external_id,) in await connection.execute(statement)}


async def store_versions(connection: AsyncConnection, table: sa.Table, rows: Rows) -> None:
    """A next version of each, in no batch. The caller has locked them."""
    if not rows:
        return
    new = given(table, rows)
    await connection.execute(
        sa.update(table)
        .where(table.c.id == new.c.id)
        .values(
            **{name: new.c[name] for name in rows[0] if name != "id"},
            version=table.c.version + 1,
            batch=None,
            updated_at=sa.func.clock_timestamp(),
        )
    )


async def put_into_batches(
    connection: AsyncConnection, table: sa.Table, chosen: sa.Select[tuple[str]], size: int
) -> list[tuple[str, int]]:
    """(new batch, number of the chosen entries in it), in their order."""
    ids = await connection.execute(chosen.with_for_update(skip_locked=True))
    batches = [(new_id(), part) for part in chunked((id for (id,) in ids), size)]
    if batches:
        new = given(table, [{"id": id, "batch": batch} for batch, part in batches for id in part])
        await connection.execute(
            sa.update(table).where(table.c.id == new.c.id).values(batch=new.c.batch)
        )
    return [(batch, len(part)) for batch, part in batches]

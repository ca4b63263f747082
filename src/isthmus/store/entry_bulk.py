"""Entries by the thousand: one statement for all rows that a request or a page brings.

The rows travel as one JSON parameter, so the statement is the same for one row and for ten
thousand, and an exact decimal stays one: it is written as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.chunks import chunked
from isthmus.kit.ids import new_id

Rows = Sequence[Mapping[str, Any]]
"""Column -> value; all rows have the same columns."""


def _given(table: sa.Table, rows: Rows) -> sa.TableValuedAlias:
    columns = [sa.column(name, table.c[name].type) for name in rows[0]]
    text = sa.literal(to_json(list(rows)).decode(), sa.Text)
    recordset = sa.func.json_to_recordset(sa.cast(text, sa.JSON)).table_valued(*columns)
    return recordset.render_derived(name="given", with_types=True)


async def insert_new(connection: AsyncConnection, table: sa.Table, rows: Rows) -> set[str]:
    """External ids of those that were stored; the others were there already, or came in by
    another transaction while this one waited for it.
    """
    if not rows:
        return set()
    given, names = _given(table, rows), list(rows[0])
    statement = (
        insert(table)
        .from_select(names, sa.select(*(given.c[name] for name in names)))
        .on_conflict_do_nothing()
        .returning(table.c.external_id)
    )
    return {external_id for (external_id,) in await connection.execute(statement)}


async def store_versions(connection: AsyncConnection, table: sa.Table, rows: Rows) -> None:
    """A next version of each, in no batch. The caller has locked them."""
    if not rows:
        return
    given = _given(table, rows)
    await connection.execute(
        sa.update(table)
        .where(table.c.id == given.c.id)
        .values(
            **{name: given.c[name] for name in rows[0] if name != "id"},
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
        given = _given(
            table, [{"id": id, "batch": batch} for batch, part in batches for id in part]
        )
        await connection.execute(
            sa.update(table).where(table.c.id == given.c.id).values(batch=given.c.batch)
        )
    return [(batch, len(part)) for batch, part in batches]

"""Entries by the thousand: one statement for all rows that a request or a page brings."""

from __future__ import annotations

from functools import cache, lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.chunks import chunked
from isthmus.kit.ids import new_id
from isthmus.store.bulk import Rows, Shape, given, inserting, pairs, pairs_given, rows_given
from isthmus.store.columns import among_given


async def insert_new(connection: AsyncConnection, table: sa.Table, rows: Rows) -> set[str]:
    """External ids of those that were stored; the others were there already, or came in by
    another transaction while this one waited for it.
    """
    if not rows:
        return set()
    shape = Shape.of(rows)
    statement = inserting(table, shape, "external_id")
    return {id for (id,) in await connection.execute(statement, rows_given(table, shape, rows))}


async def store_versions(connection: AsyncConnection, table: sa.Table, rows: Rows) -> None:
    """A next version of each, in no batch. The caller has locked them."""
    if not rows:
        return
    shape = Shape.of(rows)
    await connection.execute(_next_version(table, shape), rows_given(table, shape, rows))


@lru_cache(256)
def _next_version(table: sa.Table, shape: Shape) -> sa.Update:
    new = given(table, shape)
    return (
        sa.update(table)
        .where(table.c.id == new.c.id)
        .values(
            **{name: new.c[name] for name in shape.names if name != "id"},
            version=table.c.version + 1,
            batch=None,
            updated_at=sa.func.clock_timestamp(),
        )
    )


async def put_into_batches(
    connection: AsyncConnection, table: sa.Table, chosen: sa.Select[tuple[str]], size: int
) -> list[tuple[str, int]]:
    """(new batch, number of the chosen entries in it), in their order."""
    found = await connection.execute(chosen.with_for_update(skip_locked=True))
    batches = [(new_id(), part) for part in chunked((id for (id,) in found), size)]
    if batches:
        batch_of = {str(id): batch for batch, part in batches for id in part}
        await connection.execute(_batched(table), pairs_given(batch_of))
    return [(batch, len(part)) for batch, part in batches]


@cache
def _batched(table: sa.Table) -> sa.Update:
    new = pairs(UUID)
    return sa.update(table).where(table.c.id == new.c.id).values(batch=new.c.value)


@cache
def settling(table: sa.Table) -> sa.Update:
    """Move entries on that the caller has locked."""
    return (
        sa.update(table)
        .where(among_given(table.c.id, "given_ids"))
        .values(state=sa.bindparam("given_state"), updated_at=sa.func.clock_timestamp())
    )


@cache
def moving(table: sa.Table, names: tuple[str, ...], values: tuple[str, ...]) -> sa.Update:
    """Move on those that are still as the caller has read them; the ids of these.

    `names` are columns that are compared with `expected_...`; `values` are set to `given_...`.
    """
    chosen = (
        sa.select(table.c.id)
        .where(
            among_given(table.c.id, "given_ids"),
            *(table.c[name] == sa.bindparam(f"expected_{name}") for name in names),
        )
        .order_by(table.c.id)
        .with_for_update()
        .cte("chosen")
    )
    # An array, so that the rows are looked up: a join may read the table from end to end.
    found = sa.func.array(sa.select(chosen.c.id).scalar_subquery(), type_=ARRAY(UUID))
    return (
        sa.update(table)
        .where(table.c.id == sa.any_(found))
        .values(
            **{name: sa.bindparam(f"given_{name}") for name in values},
            updated_at=sa.func.clock_timestamp(),
        )
        .returning(table.c.id)
    )

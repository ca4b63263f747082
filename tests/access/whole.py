"""All that a database holds, as text: what is not in it is nowhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from isthmus.store.database import Transaction

_TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema') order by 1
"""


async def whole_database(tx: Transaction) -> dict[str, str]:
    """Table -> every value of every row, of our tables and of the engine's."""
    tables = (await tx.connection.execute(text(_TABLES))).scalars().all()
    return {table: await _rows(tx, table) for table in tables}


async def _rows(tx: Transaction, table: str) -> str:
    rows = await tx.connection.execute(text(f"select * from {table}"))
    return "\n".join(_plain(value) for row in rows for value in row)


def _plain(value: Any) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def tables_with(whole: dict[str, str], *values: str) -> dict[str, list[str]]:
    """Table -> those of the values that it holds."""
    found = {table: [v for v in values if v in held] for table, held in whole.items()}
    return {table: values for table, values in found.items() if values}

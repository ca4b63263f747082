"""One process among many does a thing: a session-level advisory lock elects it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


@asynccontextmanager
async def leading(engine: AsyncEngine, name: str) -> AsyncIterator[bool]:
    """True while this process holds the name; it is given up when the connection ends."""
    key = {"name": name}
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        found = await connection.execute(
            text("select pg_try_advisory_lock(hashtextextended(:name, 1))"), key
        )
        lead = bool(found.scalar_one())
        try:
            yield lead
        finally:
            if lead:
                await connection.execute(
                    text("select pg_advisory_unlock(hashtextextended(:name, 1))"), key
                )

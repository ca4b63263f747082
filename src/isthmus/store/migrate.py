"""Bring the database to the schema of this release. Safe to run from many processes at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

_LOCK = 7_205_161_300_417_901


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def head() -> str:
    return str(ScriptDirectory.from_config(_config()).get_current_head())


async def revision(engine: AsyncEngine) -> str | None:
    """The schema that the database has; None before the first upgrade."""
    async with engine.connect() as connection:
        return await connection.run_sync(
            lambda c: MigrationContext.configure(c).get_current_revision()
        )


def _upgrade(connection: sa.Connection) -> bool:
    connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = MigrationContext.configure(connection).get_current_revision()
    if before == head():
        return False
    command.upgrade(_config(connection), "head")
    return True


async def upgrade(engine: AsyncEngine) -> bool:
    """Run what is missing; True when the schema changed."""
    async with engine.begin() as connection:
        return await connection.run_sync(_upgrade)

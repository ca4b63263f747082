"""A host that is lost without a word keeps no lock: each end asks after the other."""

import pytest
import sqlalchemy as sa

from isthmus.store.connecting import driver_url
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
ASKED = ("idle_in_transaction_session_timeout", "tcp_keepalives_idle", "tcp_user_timeout")


async def test_every_connection_has_a_lost_end_noticed(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.connect() as connection:
        found = [await connection.scalar(sa.text(f"show {name}")) for name in ASKED]
        driver = await connection.get_raw_connection()
        parameters = driver.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    await database.close()
    over_tcp = "host=/" not in database_url and "host=%2F" not in database_url
    assert found == ["10min", *(("30", "60000") if over_tcp else ("0", "0"))]
    assert (parameters["keepalives_idle"], parameters["tcp_user_timeout"]) == ("30", "60000")


async def test_no_statement_is_compiled(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.connect() as connection:
        assert await connection.scalar(sa.text("show jit")) == "off"
    await database.close()


def test_what_the_url_says_stands() -> None:
    url = driver_url("postgresql://me:p%40ss@db:5433/isthmus?keepalives_idle=5&sslmode=require")
    assert url.startswith("postgresql+psycopg://me:p%40ss@db:5433/isthmus?keepalives_idle=5&")
    assert "sslmode=require" in url
    assert "options=-c%20tcp_keepalives_idle%3D30" in url

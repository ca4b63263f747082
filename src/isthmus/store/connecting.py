"""Connections to the database: what they ask of the server, and when they are tried."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from psycopg.types.string import TextLoader
from pydantic_core import from_json
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WATCHED = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=60000 -c idle_in_transaction_session_timeout=600000 -c jit=off",
}
"""Each end finds out within a minute that the other's host is lost, so that locks do not outlive
it; https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS. No statement is
compiled: a count of holds by company took 0.2 s, and as much as 1.2 s more to compile.
"""
MOST_MORE = 20
"""Connections beyond the pool's own while many runs are at work; a run may need two at once."""
FRESH = 1.0
"""Seconds after its last use in which a connection is taken as it is: to try one costs as much as
a statement. Who is broken off then tries again, as in the middle of a transaction.
"""
_USED = "isthmus.used"


def plain_url(url: str) -> str:
    """A `postgresql://` URL by which a lost end is noticed; what it says of that itself stands."""
    _, _, rest = url.partition("://")
    where, _, query = rest.partition("?")
    said = dict(parse_qsl(query, keep_blank_values=True))
    return f"postgresql://{where}?{urlencode(WATCHED | said, quote_via=quote)}"


def driver_url(url: str) -> str:
    """The same for SQLAlchemy: names psycopg 3."""
    return plain_url(url).replace("postgresql:", "postgresql+psycopg:", 1)


def connecting(url: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        driver_url(url), pool_size=pool_size, max_overflow=MOST_MORE, json_deserializer=from_json,
        hide_parameters=True,
    )  # fmt: skip

    def tried(connection: Any, record: Any, _: object) -> None:
        if time.monotonic() - record.info.get(_USED, 0.0) < FRESH:
            return
        dialect = engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError(str(error)) from error

    event.listen(engine.sync_engine, "connect", _ids_as_text)
    event.listen(engine.sync_engine, "checkout", tried)
    event.listen(engine.sync_engine, "checkin", _used)
    return engine


def _ids_as_text(connection: Any, record: Any) -> None:
    """Ids are text everywhere here: no object is made of each and text of that again."""
    connection.driver_connection.adapters.register_loader("uuid", TextLoader)
    _used(connection, record)


def _used(_: object, record: Any) -> None:
    record.info[_USED] = time.monotonic()

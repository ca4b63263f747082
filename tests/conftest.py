import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from dbos import DBOS
from hypothesis import settings
from tests.databases import Databases, bare, copy, drop, url_of
from tests.tryton_server.fixtures import tryton

from isthmus.engine.passing_events import drop_events, make_room
from isthmus.kit.clock import utc_now
from isthmus.landscape.retention import Retention
from isthmus.store.connecting import driver_url
from isthmus.store.database import Database
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.migrate import upgrade

__all__ = ["tryton"]

# DBOS would write to the stream of the test that starts it first, which is closed after it.
logging.getLogger("dbos").addHandler(logging.NullHandler())
settings.register_profile("steady", derandomize=True)
settings.register_profile("searching", print_blob=True)
settings.load_profile(os.environ.get("ISTHMUS_TEST_HYPOTHESIS", "steady"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL where tests may create databases: the named one, or our own for this run."""
    if named := os.environ.get("ISTHMUS_TEST_DATABASE_URL"):
        yield named
        return
    home = Path(tempfile.mkdtemp(prefix="isthmus-tests-"))
    home.chmod(0o711)  # as root, another account runs the server and must pass
    server = EmbeddedPostgres(home)
    yield server.start()
    server.stop(force=True)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def server(server_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def databases(server: psycopg.Connection) -> Iterator[Databases]:
    """Databases with all tables of the product and its engine."""
    template = copy(server, "template0")
    asyncio.run(_prepare(url_of(server, template)))
    made = Databases(server, template)
    yield made
    made.close()
    drop(server, template)


async def _prepare(url: str) -> None:
    """As it is once a worker has made room for events, so that each test does not do so again."""
    database = Database(url)
    await upgrade(database.engine)
    age = Retention().events
    assert isinstance(age, timedelta)
    await drop_events(database, utc_now() - age)
    await make_room(database, utc_now(), age)
    await database.close()
    await asyncio.to_thread(DBOS.migrate, system_database_url=driver_url(url))


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database of the test's own, of this release and without a row."""
    with databases.one() as url:
        yield url


@pytest.fixture
def empty_database_url(server: psycopg.Connection) -> Iterator[str]:
    """A database of the test's own without a table."""
    with bare(server) as url:
        yield url


@pytest.fixture
def other_url(server: psycopg.Connection) -> Iterator[str]:
    """A second database without a table."""
    with bare(server) as url:
        yield url

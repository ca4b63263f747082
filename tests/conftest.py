import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from dbos import DBOS
from tests.tryton_server.fixtures import tryton

from isthmus.store.database import Database, driver_url
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.migrate import upgrade

__all__ = ["tryton"]


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


@contextmanager
def made(server_url: str, template: str) -> Iterator[tuple[str, str]]:
    """A database for as long as the context lasts: its name and URL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        known = server.info
        host, port, user, password = known.host, known.port, known.user, known.password
        secret = f":{password}" if password else ""
        yield name, f"postgresql://{user}{secret}@/{name}?host={host}&port={port}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """A database with all tables of the product and its engine, to copy."""
    with made(server_url, "template0") as (name, url):
        asyncio.run(_prepare(url))
        yield name


async def _prepare(url: str) -> None:
    database = Database(url)
    await upgrade(database.engine)
    await database.close()
    await asyncio.to_thread(DBOS.migrate, system_database_url=driver_url(url))


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of the test's own, of this release and without a row."""
    with made(server_url, template) as (_, url):
        yield url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database of the test's own without a table."""
    with made(server_url, "template0") as (_, url):
        yield url


@pytest.fixture
def other_url(server_url: str) -> Iterator[str]:
    """A second database without a table."""
    with made(server_url, "template0") as (_, url):
        yield url

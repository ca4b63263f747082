import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.tryton_server.fixtures import tryton

from isthmus.store.embedded import EmbeddedPostgres

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


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """An empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        known = server.info
        host, port, user, password = known.host, known.port, known.user, known.password
        secret = f":{password}" if password else ""
        yield f"postgresql://{user}{secret}@/{name}?host={host}&port={port}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")

"""The database of a measurement: our own server, or the one that is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from isthmus.store.embedded import EmbeddedPostgres


@dataclass(frozen=True)
class Server:
    """`pid` of its first process; None where somebody else runs it."""

    url: str
    pid: int | None
    version: str

    def database(self, name: str) -> str:
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(path=f"/{name}"))

    def create(self, name: str, template: str = "template0") -> str:
        """A database as the template is; an older one of that name goes. Its URL."""
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            server.execute("CHECKPOINT")
        return self.database(name)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def has(self, name: str) -> bool:
        with psycopg.connect(self.url) as server:
            query = "SELECT count(*) FROM pg_database WHERE datname = %s"
            return server.execute(query, [name]).fetchone() == (1,)


@contextmanager
def server(home: Path, named: str | None = None) -> Iterator[Server]:
    """The named server, or ours under `home` for as long as the context lasts."""
    embedded = None if named else EmbeddedPostgres(home)
    url = named or (embedded.start() if embedded else "")
    try:
        with psycopg.connect(url) as connection:
            [version] = connection.execute("SHOW server_version").fetchone() or [""]
        yield Server(url, embedded.status().pid if embedded else None, str(version))
    finally:
        if embedded is not None:
            embedded.stop()


def size(url: str) -> int:
    """Bytes of a database on disk, indexes included."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(found[0]) if found else 0

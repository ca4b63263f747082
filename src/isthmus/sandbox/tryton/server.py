"""Starting and stopping Tryton on a seeded database.

The seeded database is built once and kept as a template; a server starts from a copy of it within
a second or two. The template is keyed on these sources, the pinned packages, the year and the
companies, so that none of them can change behind it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import psycopg

from isthmus.sandbox.tryton.rpc import Rpc
from isthmus.sandbox.tryton.seed import PASSWORDS, Company, Ids, seed
from isthmus.sandbox.tryton.shelf import Shelf, digest

MODULES = (
    "party", "country", "currency", "company", "product", "account", "account_product",
    "account_invoice", "analytic_account", "analytic_invoice", "project", "timesheet",
)  # fmt: skip
SOURCES = ("rpc.py", "seed.py", "server.py")
START_SECONDS = 60.0
FIRST_YEAR = 2026
"""The books go back to it at least, for the examples are dated in it."""
WITH_US = """
import os, runpy, sys, threading
def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("trytond.cli", run_name="__main__", alter_sys=True)
"""
"""Runs the server until its standard input closes, which a killed parent does too."""


@dataclass(frozen=True)
class TrytonServer:
    """A running server. `books` are the ids of `seed` by company, `ids` those of the first;
    `users` maps login to password.
    """

    url: str
    database: str
    companies: Sequence[Company]
    users: dict[str, str]
    books: dict[str, Ids]
    pid: int

    @property
    def ids(self) -> Ids:
        return self.books[self.companies[0].code]

    def connection(self, **changed: Any) -> dict[str, Any]:
        """The server as a landscape would describe it, secrets resolved."""
        return {
            "vendor": "tryton",
            "url": self.url,
            "database": self.database,
            "auth": {"username": "integration", "password": self.users["integration"]},
            "items": {"time": "TIME", "milestone": "MILESTONE", "expense": "EXPENSE"},
            **changed,
        }

    def rpc(self, login: str = "integration") -> Rpc:
        return Rpc(self.url, self.database, login, self.users[login])


@dataclass(frozen=True)
class Storage:
    """SQLite files in `folder`, or databases on the PostgreSQL server at `url`."""

    folder: Path
    url: str | None = None

    def create(self, name: str) -> None:
        self.drop(name)
        if self.url:
            self._admin(f'CREATE DATABASE "{name}"')
        else:
            self._file(name).touch()

    def copy(self, template: str, source: Path, name: str) -> None:
        """Whole or not at all, whenever it is killed."""
        if self.url:
            self.drop(name)
            self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        else:
            draft = self.folder / f"{name}.draft"
            shutil.copyfile(source / f"{template}.sqlite", draft)
            os.replace(draft, self._file(name))

    def has(self, name: str) -> bool:
        if not self.url:
            return self._file(name).exists()
        with psycopg.connect(self._postgres, autocommit=True) as c:
            return bool(c.execute("SELECT 1 FROM pg_database WHERE datname=%s", [name]).fetchone())

    def drop(self, name: str) -> None:
        if self.url:
            self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for leftover in self.folder.glob(f"{name}.sqlite*"):
            leftover.unlink()

    def settle(self, name: str) -> None:
        """Fold SQLite's journal into the file, so that copying the file copies everything."""
        if not self.url:
            with contextlib.closing(sqlite3.connect(self._file(name))) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def configuration(self, port: int) -> Path:
        path = self.folder / f"trytond-{port}.conf"
        uri = f"{self._server}/" if self.url else "sqlite://"
        path.write_text(
            f"[database]\nuri = {uri}\npath = {self.folder}\n"
            f"[web]\nlisten = 127.0.0.1:{port}\n[email]\nuri = smtp://127.0.0.1:1\n"
        )
        return path

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite"

    @property
    def _postgres(self) -> str:
        return f"{self._server}/postgres"

    @property
    def _server(self) -> str:
        """The URL without the database that it may name."""
        parts = urlsplit(self.url or "")
        return f"{parts.scheme}://{parts.netloc}"

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._postgres, autocommit=True) as c:
            c.execute(statement.encode())


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def template(shelf: Shelf, companies: Sequence[Company]) -> tuple[str, dict[str, Ids]]:
    """Name of the seeded template database and its ids; builds it when there is none yet."""
    year = date.today().year  # noqa: DTZ011 - Tryton dates documents by the machine's calendar
    here = Path(__file__).parent
    sources = [(here / name).read_text("utf-8") for name in SOURCES]
    facts = repr([astuple(company) for company in companies])
    key = digest(*sources, shelf.requirements.read_text("utf-8"), str(year), facts)
    name = f"isthmus_tryton_{key}"
    url = shelf.database_url
    meta = shelf.folder / f"{name}{'.' + digest(url) if url else ''}.json"
    with shelf.once(name):
        if not meta.exists():
            years = range(min(FIRST_YEAR, year - 1), year + 2)
            ids = _build(shelf, name, companies, years)
            meta.write_text(json.dumps(ids, indent=1))
    return name, json.loads(meta.read_text())


def _build(
    shelf: Shelf, name: str, companies: Sequence[Company], years: Sequence[int]
) -> dict[str, Ids]:
    python = shelf.interpreter()
    shelf.tell("building Tryton's books, once; this takes about a minute")
    storage = Storage(shelf.folder, shelf.database_url)
    storage.create(name)
    port = free_port()
    password = storage.folder / f"{name}.password"
    password.write_text(PASSWORDS["admin"])
    config = storage.configuration(port)
    command = [
        str(python), "-m", "trytond.cli.admin", "-c", str(config), "-d", name,
        "--email", "admin@example.org", "--activate-dependencies", "-u", *MODULES,
    ]  # fmt: skip
    environment = {**os.environ, "TRYTONPASSFILE": str(password)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    password.unlink()
    if done.returncode:
        raise RuntimeError(f"trytond-admin could not build the template:\n{done.stderr[-2000:]}")
    with _process(python, storage, name, port) as process:
        admin = _wait(process, f"http://127.0.0.1:{port}", name, "admin")
        ids = seed(admin, companies, years)
    storage.settle(name)
    return ids


@contextlib.contextmanager
def _process(
    python: Path, storage: Storage, name: str, port: int, **options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`options` are environment variables of trytond, such as TRYTOND_SESSION__TIMEOUT."""
    config = storage.configuration(port)
    command = [str(python), "-c", WITH_US, "-c", str(config), "-d", name]
    with (storage.folder / "trytond.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, env={**os.environ, **options},
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdin:
            process.stdin.close()
        config.unlink(missing_ok=True)


def _wait(process: subprocess.Popen[bytes], url: str, name: str, login: str) -> Rpc:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        try:
            return Rpc(url, name, login, PASSWORDS[login])
        except HTTPError:
            raise
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    raise RuntimeError(f"trytond ended with status {process.returncode}; see its log")


@contextlib.contextmanager
def opened(
    shelf: Shelf, companies: Sequence[Company], storage: Storage, database: str, **options: str
) -> Iterator[TrytonServer]:
    """A server on the named database, which starts as a copy of the template and then stays."""
    name, ids = template(shelf, companies)
    if not storage.has(database):
        storage.copy(name, shelf.folder, database)
    port = free_port()
    with _process(shelf.interpreter(), storage, database, port, **options) as process:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, database, "integration")
        yield TrytonServer(url, database, companies, dict(PASSWORDS), ids, process.pid)


@contextlib.contextmanager
def running(shelf: Shelf, *companies: Company, **options: str) -> Iterator[TrytonServer]:
    """A server of its own, on a copy of the template, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="isthmus-tryton-") as folder:
        storage = Storage(Path(folder), shelf.database_url)
        database = f"tryton_{os.getpid()}_{free_port()}"
        try:
            with opened(shelf, companies or (Company(),), storage, database, **options) as server:
                yield server
        finally:
            storage.drop(database)

"""A real Tryton server for tests: another process, driven over its command line and JSON-RPC.

The seeded database is built once and kept as a template; a server starts from a copy of it within
a second or two. The template is keyed on these sources, the pinned packages, the year and the
company, so that none of them can change behind it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import psycopg
from tests.tryton_server.place import cache, digest, interpreter, once, requirements
from tests.tryton_server.rpc import Rpc
from tests.tryton_server.seed import PASSWORDS, Company, Ids, seed

MODULES = (
    "party", "country", "currency", "company", "product", "account", "account_product",
    "account_invoice", "analytic_account", "analytic_invoice", "project", "timesheet",
)  # fmt: skip
SOURCES = ("rpc.py", "seed.py", "server.py")
START_SECONDS = 60.0


@dataclass(frozen=True)
class TrytonServer:
    """A running server. `ids` are those of `seed`; `users` maps login to password."""

    url: str
    database: str
    company: Company
    users: dict[str, str]
    ids: Ids
    pid: int

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

    def create(self, name: str, template: str | None = None) -> None:
        if self.url:
            self._admin(f'DROP DATABASE IF EXISTS "{name}"')
            copied = f' TEMPLATE "{template}"' if template else ""
            self._admin(f'CREATE DATABASE "{name}"{copied}')
        elif template:
            shutil.copyfile(cache() / f"{template}.sqlite", self.folder / f"{name}.sqlite")
        else:
            self.drop(name)
            (self.folder / f"{name}.sqlite").touch()

    def drop(self, name: str) -> None:
        if self.url:
            self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for leftover in self.folder.glob(f"{name}.sqlite*"):
            leftover.unlink()

    def settle(self, name: str) -> None:
        """Fold SQLite's journal into the file, so that copying the file copies everything."""
        if not self.url:
            with contextlib.closing(sqlite3.connect(self.folder / f"{name}.sqlite")) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def configuration(self, port: int) -> Path:
        path = self.folder / f"trytond-{port}.conf"
        uri = (self.url or "sqlite://").rstrip("/")
        path.write_text(
            f"[database]\nuri = {uri}{'/' if self.url else ''}\npath = {self.folder}\n"
            f"[web]\nlisten = 127.0.0.1:{port}\n[email]\nuri = smtp://127.0.0.1:1\n"
        )
        return path

    def _admin(self, statement: str) -> None:
        with psycopg.connect(f"{(self.url or '').rstrip('/')}/postgres", autocommit=True) as c:
            c.execute(statement.encode())


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def template(company: Company) -> tuple[str, Ids]:
    """Name of the seeded template database and its ids; builds it when there is none yet."""
    url = os.environ.get("ISTHMUS_TEST_DATABASE_URL")
    year = date.today().year  # noqa: DTZ011 - Tryton dates documents by the machine's calendar
    here = Path(__file__).parent
    sources = [(here / name).read_text("utf-8") for name in SOURCES]
    key = digest(*sources, requirements().read_text("utf-8"), str(year), repr(astuple(company)))
    name = f"isthmus_tryton_{key}"
    meta = cache() / f"{name}{'.' + digest(url) if url else ''}.json"
    with once(name):
        if not meta.exists():
            ids = _build(name, Storage(cache(), url), company, year)
            meta.write_text(json.dumps(ids, indent=1))
    return name, json.loads(meta.read_text())


def _build(name: str, storage: Storage, company: Company, year: int) -> Ids:
    storage.create(name)
    port = free_port()
    password = storage.folder / f"{name}.password"
    password.write_text(PASSWORDS["admin"])
    config = storage.configuration(port)
    command = [
        str(interpreter()), "-m", "trytond.cli.admin", "-c", str(config), "-d", name,
        "--email", "admin@example.org", "--activate-dependencies", "-u", *MODULES,
    ]  # fmt: skip
    environment = {**os.environ, "TRYTONPASSFILE": str(password)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    password.unlink()
    if done.returncode:
        raise RuntimeError(f"trytond-admin could not build the template:\n{done.stderr[-2000:]}")
    with _process(storage, name, port) as process:
        admin = _wait(process, f"http://127.0.0.1:{port}", name, "admin")
        ids = seed(admin, company, year)
    storage.settle(name)
    config.unlink()
    return ids


def _end_with_parent() -> None:
    """Linux ends the server too when a test run is killed and cannot."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


@contextlib.contextmanager
def _process(
    storage: Storage, name: str, port: int, **options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`options` are environment variables of trytond, such as TRYTOND_SESSION__TIMEOUT."""
    config = storage.configuration(port)
    command = [str(interpreter()), "-m", "trytond.cli", "-c", str(config), "-d", name]
    with (storage.folder / f"trytond-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, **options},
            preexec_fn=_end_with_parent,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


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
    raise RuntimeError(f"trytond ended with status {process.returncode}; see its log in the cache")


@contextlib.contextmanager
def running(company: Company | None = None, **options: str) -> Iterator[TrytonServer]:
    """A server of its own, on a copy of the template, gone afterwards."""
    company = company or Company()
    name, ids = template(company)
    with tempfile.TemporaryDirectory(prefix="isthmus-tryton-") as folder:
        storage = Storage(Path(folder), os.environ.get("ISTHMUS_TEST_DATABASE_URL"))
        port = free_port()
        database = f"tryton_{os.getpid()}_{port}"
        storage.create(database, name)
        try:
            with _process(storage, database, port, **options) as process:
                url = f"http://127.0.0.1:{port}"
                _wait(process, url, database, "integration")
                yield TrytonServer(url, database, company, dict(PASSWORDS), ids, process.pid)
        finally:
            storage.drop(database)

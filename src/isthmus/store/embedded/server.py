"""Supervisor of one home's PostgreSQL: private socket, no network port, nothing shared.

The server outlives us on purpose: a killed application finds its database where it left it and
attaches again in milliseconds. `stop()` ends it once nobody else uses it.
"""

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.pq import PGconn, Ping

from isthmus.store.embedded import binaries, cluster, place, postmaster
from isthmus.store.embedded.errors import USE_A_SERVER, EmbeddedPostgresError
from isthmus.store.embedded.lock import Attendance, exclusive
from isthmus.store.embedded.place import PORT, Place

DATABASE = "isthmus"
START_SECONDS = 60.0
RECOVERY_SECONDS = 600.0
TRANSIENT = ("pre-existing shared memory block", "lock file", "Address already in use")


@dataclass(frozen=True)
class Status:
    is_running: bool
    pid: int | None = None
    url: str | None = None
    data: Path | None = None
    account: str | None = None


class EmbeddedPostgres:
    """One server for one home folder; any number of processes may hold one of these."""

    def __init__(self, home: Path) -> None:
        self.home = home.expanduser().resolve()
        self._own = place.own_folder(self.home)
        self._attendance = Attendance(self._own / "in-use")

    def start(self) -> str:
        """Start the server or attach to the running one; the URL of its database."""
        with _explained(f"The embedded PostgreSQL of {self.home} did not start."):
            _make_own_folder(self.home)
            with exclusive(self._own / "lock"):
                known = place.settle(self.home)
                programs = binaries.find()
                if not known.account.is_ourselves:
                    shelf = place.SYSTEM_FOLDER
                    programs = binaries.runnable_by(known.account, programs, shelf)
                cluster.ensure(known, programs)
                _serve(known, programs)
                _ensure_database(known)
                self._attendance.join()
                return _url(known)

    def stop(self, *, force: bool = False) -> bool:
        """Stop the server unless another process uses it (`force`: even then); is it down now?"""
        if not self._own.is_dir():
            return True
        with (
            _explained(f"The embedded PostgreSQL of {self.home} did not stop."),
            exclusive(self._own / "lock"),
        ):
            is_unused = self._attendance.leave()
            known = place.recorded(self.home)
            if known is None:
                return True
            if is_unused or force:
                postmaster.halt(known)
            return postmaster.live_pid(known) is None

    def status(self) -> Status:
        with _explained(f"The state of the embedded PostgreSQL of {self.home} is unknown."):
            known = place.recorded(self.home)
            if known is None:
                return Status(is_running=False)
            pid = postmaster.live_pid(known)
            url = _url(known) if pid else None
            return Status(pid is not None, pid, url, known.data, known.account.name)


def database_url(home: Path) -> str:
    """The URL of a home's database, whether or not its server runs just now."""
    known = place.recorded(home.expanduser().resolve())
    if known is None:
        raise EmbeddedPostgresError(
            f"{home} has no embedded database yet.",
            f"{place.own_folder(home)} holds no place.json; the first start writes it",
            "start it once (`isthmus up`), or check ISTHMUS_HOME",
        )
    return _url(known)


def _url(known: Place) -> str:
    folder = quote(str(known.run), safe="/")
    return f"postgresql://{cluster.SUPERUSER}@/{DATABASE}?host={folder}&port={PORT}"


def _make_own_folder(home: Path) -> None:
    """As root, passable for the account that runs the server; what exists is left as it is."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for folder in (home, place.own_folder(home)):
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        folder.chmod(mode)
        place.inherit_owner(folder)


def _serve(known: Place, programs: binaries.Binaries) -> None:
    """Attach to what runs, start what does not, wait out what is on its way up or down."""
    begun = time.monotonic()
    process: subprocess.Popen[str] | None = None
    while not _answers(known):
        pid = postmaster.live_pid(known)
        if pid is not None and postmaster.is_deaf(known):
            postmaster.halt(known)
        elif pid is None and (process is None or process.poll() is not None):
            if process is not None and not _is_transient(known, begun):
                raise _not_started(known)
            process = postmaster.spawn(programs.postgres, known)
        patience = START_SECONDS if pid is None else RECOVERY_SECONDS
        if time.monotonic() - begun > patience:
            raise _not_started(known)
        time.sleep(0.03)


def _answers(known: Place) -> bool:
    if postmaster.live_pid(known) is None or not known.socket.exists():
        return False
    address = f"host='{_escaped(known.run)}' port={PORT} user={cluster.SUPERUSER} dbname=postgres"
    return PGconn.ping(os.fsencode(address)) == Ping.OK


def _escaped(folder: Path) -> str:
    return str(folder).replace("\\", "\\\\").replace("'", "\\'")


def _is_transient(known: Place, begun: float) -> bool:
    """The last processes of a killed server need a moment to notice; then another try works."""
    in_time = time.monotonic() - begun < START_SECONDS / 2
    return in_time and any(sign in cluster.complaint(_log_tail(known)) for sign in TRANSIENT)


def _log_tail(known: Place) -> str:
    with known.log.open("rb") as log:
        log.seek(max(0, known.log.stat().st_size - 4000))
        return log.read().decode(errors="replace")


def _not_started(known: Place) -> EmbeddedPostgresError:
    tail = _log_tail(known)
    return EmbeddedPostgresError(
        f"PostgreSQL did not come up on {known.data}.",
        f"{cluster.complaint(tail)} (log: {known.log})",
        cluster.remedy(tail),
    )


def _ensure_database(known: Place) -> None:
    with psycopg.connect(
        host=str(known.run),
        port=PORT,
        user=cluster.SUPERUSER,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if there.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        remedy = "give this user a home of its own (ISTHMUS_HOME), or run as the one that made it"
        raise EmbeddedPostgresError(what, f"{error}; another user may own it", remedy) from error
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some disk space" if is_full else "remove the cause and start again"
        raise EmbeddedPostgresError(what, str(error), f"{remedy}, or {USE_A_SERVER}") from error
    except psycopg.Error as error:
        remedy = "read postgres/server.log in that folder, then start again"
        raise EmbeddedPostgresError(what, str(error).strip(), remedy) from error

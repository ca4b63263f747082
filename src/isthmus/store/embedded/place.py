"""Where a home's database lives: its data, its log, its socket.

    HOME/postgres/           lock, in-use, place.json, server.log; data/ and run/ belong to the
                             account that runs the server
    /var/lib/isthmus/ID/     the same server.log, data/ and run/, when we are root and that account
                             cannot enter HOME (below /root, say); place.json in HOME points here

What a home has once been given it keeps: a database that changes folders looks like lost data.
"""

import hashlib
import json
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from isthmus.store.embedded.account import Account, choose
from isthmus.store.embedded.errors import USE_A_SERVER, EmbeddedPostgresError

SYSTEM_FOLDER = Path("/var/lib/isthmus")
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107


@dataclass(frozen=True)
class Place:
    account: Account
    base: Path
    run: Path

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "server.log"

    @property
    def socket(self) -> Path:
        return self.run / SOCKET


def own_folder(home: Path) -> Path:
    return home / "postgres"


def recorded(home: Path) -> Place | None:
    """The place this home was given, or None before its first start.

    A home that was moved keeps its place; a copy of one gets its own.
    """
    try:
        record = json.loads((own_folder(home) / "place.json").read_text())
        named, base, run = (Path(record[key]) for key in ("home", "base", "run"))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if named != home:
        if base == own_folder(named):
            base = own_folder(home)
        elif (own_folder(named) / "place.json").exists():
            return None
        run = base / "run"
    return Place(choose(base / "data"), base, run)


def settle(home: Path) -> Place:
    """Find or make the place; called under the home's lock. A crash in between is repeated."""
    known = recorded(home)
    base = known.base if known else _base(home)
    account = choose(base / "data")
    if not account.can_enter(base):
        raise EmbeddedPostgresError(
            f"PostgreSQL cannot enter its folder {base}.",
            f"the account {account.name} runs the server and may not pass every folder above it",
            f"let that account pass (chmod o+x), choose another ISTHMUS_HOME, or {USE_A_SERVER}",
        )
    place = Place(account, base, _run_folder(account, base, known.run if known else None))
    _record(home, place)
    return place


def _base(home: Path) -> Path:
    own = own_folder(home)
    account = choose(own / "data")
    if account.is_ourselves or (own / "data").is_dir() or account.can_enter(own):
        return own
    identity = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    base = SYSTEM_FOLDER / identity
    SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    base.mkdir(mode=0o711, exist_ok=True)
    return base


def _run_folder(account: Account, base: Path, known: Path | None) -> Path:
    """Beside the data, or in a short private folder where the socket's path would be too long."""
    beside = base / "run"
    if len(os.fsencode(beside / SOCKET)) <= LONGEST_SOCKET_PATH:
        account.own(beside)
        return beside
    if known is not None and _is_private(known, account):
        return known
    root = tempfile.gettempdir()
    if len(os.fsencode(root)) > LONGEST_SOCKET_PATH - len(f"/isthmus-xxxxxxxx/{SOCKET}"):
        root = "/tmp"
    run = Path(tempfile.mkdtemp(prefix="isthmus-", dir=root))
    if not account.is_ourselves:
        os.chown(run, account.uid, account.gid)
    return run


def _is_private(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == account.uid
        and stat.S_IMODE(found.st_mode) == 0o700
    )


def _record(home: Path, place: Place) -> None:
    own = own_folder(home)
    text = json.dumps({"home": str(home), "base": str(place.base), "run": str(place.run)})
    target = own / "place.json"
    if target.is_file() and target.read_text() == text:
        return
    descriptor, draft = tempfile.mkstemp(prefix=".place-", dir=own)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    inherit_owner(draft)
    os.replace(draft, target)


def inherit_owner(path: str | Path) -> None:
    """What root writes into a user's home stays that user's, who would be locked out otherwise."""
    folder = os.stat(os.path.dirname(path))
    if os.geteuid() == 0 and folder.st_uid != 0:
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)

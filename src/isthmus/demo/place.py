"""The demonstration's own folder: what is in it, who uses it, and how far the quarter has got.

Everything that survives a crash is here: the database, the simulators' files, keys, and the
journal of finished stages. Nothing outside the folder is written or deleted.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from isthmus.demo.errors import DemoError
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.embedded.place import recorded

FIRST, CLEARING = "begun", "clearing"


@dataclass(frozen=True)
class Place:
    home: Path

    @property
    def vendors(self) -> Path:
        return self.home / "vendors"

    @property
    def landscape(self) -> Path:
        return self.home / "isthmus.yaml"

    @property
    def log(self) -> Path:
        return self.home / "isthmus.log"

    def key_file(self, vendor: str) -> Path:
        return self.home / "keys" / f"{vendor}.pem"

    def public_key(self, vendor: str) -> str:
        """The public half of a vendor's login key; the pair is made at the first call."""
        file = self.key_file(vendor)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _replace(file, pem.decode(), 0o600)
        private = load_pem_private_key(file.read_bytes(), None)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return public.decode()


class Journal:
    """Stages that are done, and what later stages or the report must know of them."""

    FILE = "journal.json"

    def __init__(self, place: Place) -> None:
        self._file = place.home / self.FILE
        self._known: dict[str, Any] = {}
        if self._file.exists():
            self._known = json.loads(self._file.read_text("utf-8"))

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def get(self, name: str, default: Any = None) -> Any:
        return self._known.get(name, default)

    def note(self, name: str, value: Any = True) -> None:
        """On disk before it counts."""
        self._known[name] = value
        _replace(self._file, json.dumps(self._known, indent=1), 0o644)


def _replace(file: Path, text: str, mode: int) -> None:
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, file)


@contextlib.contextmanager
def occupied(home: Path, *, fresh: bool) -> Iterator[Place]:
    """The folder for this process alone; `fresh` empties it first. Raises DemoError."""
    home.mkdir(parents=True, exist_ok=True)
    place = Place(home.resolve())
    with (place.home / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                "the demonstration cannot start",
                f"another one is at work in {place.home}",
                "Wait for it to end, or name another folder with --home.",
            ) from None
        journal = Journal(place)
        if FIRST not in journal:
            _check_ours(place)
            journal.note(FIRST)
        elif fresh or CLEARING in journal:
            journal.note(CLEARING)
            _clear(place)
            Journal(place).note(FIRST)
        yield place


def _check_ours(place: Place) -> None:
    """A folder with other people's files is not used, for `--fresh` would delete them."""
    strangers = sorted(p.name for p in place.home.iterdir() if p.name != "demo.lock")
    if strangers:
        raise DemoError(
            f"{place.home} cannot hold the demonstration",
            f"it has other files in it already, such as {strangers[0]}",
            "Name an empty or a new folder with --home.",
        )


def _clear(place: Place) -> None:
    """The journal goes last: an emptying that was cut short is finished at the next start."""
    database = recorded(place.home)
    if database is not None:
        EmbeddedPostgres(place.home).stop(force=True)
        _remove(database.base)
    kept = ("demo.lock", Journal.FILE)
    for entry in place.home.iterdir():
        if entry.name not in kept:
            _remove(entry)
    (place.home / Journal.FILE).unlink()


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise DemoError(
            "the demonstration cannot start over",
            f"{path} cannot be removed: {error}",
            "Remove it, then start again.",
        ) from error

"""Advisory locks of one home; the system releases them whenever and however a process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.store.embedded.errors import EmbeddedPostgresError
from isthmus.store.embedded.place import inherit_owner

PATIENCE_SECONDS = 120.0


def open_file(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    inherit_owner(path)
    return descriptor


def take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """One start or stop at a time; the second caller waits and then finds the work done."""
    descriptor = open_file(path)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not take(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    "The embedded PostgreSQL of this home is busy.",
                    f"another process has held {path} for {PATIENCE_SECONDS:.0f} seconds",
                    "end that process (it is starting or stopping the database), then try again",
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


class Attendance:
    """Who uses the server: a shared lock held for as long as a process wants it to run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def join(self) -> None:
        if self._descriptor is None:
            self._descriptor = open_file(self._path)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Leave, and say whether nobody else is left."""
        if self._descriptor is None:
            self._descriptor = open_file(self._path)
        is_last = take(self._descriptor, fcntl.LOCK_EX)
        os.close(self._descriptor)
        self._descriptor = None
        return is_last

"""The data folder: made once by initdb, and whole from the moment it has its name."""

import os
import shutil
import tempfile
from pathlib import Path

from isthmus.store.embedded import binaries
from isthmus.store.embedded.errors import USE_A_SERVER, EmbeddedPostgresError
from isthmus.store.embedded.place import Place

SUPERUSER = "isthmus"


def ensure(home: Place, programs: binaries.Binaries) -> None:
    """Make it beside its name and rename it, so that half of one is never taken for one."""
    for draft in home.base.glob(".data-*"):
        shutil.rmtree(draft, ignore_errors=True)
    if (home.data / "PG_VERSION").is_file():
        _check_version(home)
        return
    draft = Path(tempfile.mkdtemp(prefix=".data-", dir=home.base))
    try:
        if not home.account.is_ourselves:
            os.chown(draft, home.account.uid, home.account.gid)
        _initdb(home, programs, draft)
        draft.rename(home.data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _initdb(home: Place, programs: binaries.Binaries, draft: Path) -> None:
    """The built-in C.UTF-8 sorts the same on every system and after every update of libc."""
    done = home.account.run(
        [
            str(programs.initdb),
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
    )
    if done.returncode != 0:
        raise EmbeddedPostgresError(
            f"The database in {home.data} could not be created.",
            f"initdb ended with {done.returncode}: {complaint(done.stdout)}",
            remedy(done.stdout),
        )


def _check_version(home: Place) -> None:
    version = (home.data / "PG_VERSION").read_text().strip()
    if version != binaries.MAJOR:
        raise EmbeddedPostgresError(
            f"The database in {home.data} belongs to another PostgreSQL.",
            f"version {version} made it, and this Isthmus carries version {binaries.MAJOR}",
            f"use the Isthmus that made it, move the folder away to begin anew, or {USE_A_SERVER}",
        )


def complaint(output: str) -> str:
    """The lines in which PostgreSQL says what is wrong, or its last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if "FATAL:" in line or "error:" in line or "PANIC:" in line]
    return "; ".join(marked[-3:] or lines[-1:]) or "it printed nothing"


def remedy(output: str) -> str:
    if "No space left on device" in output:
        return f"free some disk space (a new database needs about 45 MB), or {USE_A_SERVER}"
    if "could not look up effective user ID" in output:
        return f"run under a user id that has an entry in /etc/passwd, or {USE_A_SERVER}"
    return f"remove the cause and start again, or {USE_A_SERVER}"

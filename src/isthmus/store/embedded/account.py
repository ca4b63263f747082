"""Who runs the server: we ourselves, or, when we are root, an account without privileges.

PostgreSQL refuses to run as root. An account made for us (`isthmus`) comes first; then
`postgres`, whose only business is running PostgreSQL; then `nobody`, which every system has. We
never create one: a program that is started to look around must not change the machine's users.
Whoever shares `nobody` with other daemons and minds it creates `isthmus` and it is taken.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.store.embedded.errors import USE_A_SERVER, EmbeddedPostgresError

PREFERRED = ("isthmus", "postgres", "_postgres", "nobody")


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int
    is_ourselves: bool

    def own(self, folder: Path) -> None:
        """Give the account a private folder of its own; an existing one is left as it is."""
        if folder.is_dir():
            return
        folder.mkdir(mode=0o700)
        if not self.is_ourselves:
            os.chown(folder, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """The system's own answer: mode bits, ACLs and mount options together."""
        return self.run(["/bin/sh", "-c", 'cd "$0"', str(folder)]).returncode == 0

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        with self.spawn(command, subprocess.PIPE) as process:
            output, _ = process.communicate()
        return subprocess.CompletedProcess(list(command), process.returncode, output, "")

    def spawn(self, command: Sequence[str], output: int) -> subprocess.Popen[str]:
        """In a session of its own, so that Ctrl-C in our terminal does not reach the database."""
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                cwd="/",
                env=_environment(),
                umask=0o077,
                start_new_session=True,
                user=None if self.is_ourselves else self.uid,
                group=None if self.is_ourselves else self.gid,
                extra_groups=None if self.is_ourselves else [],
            )
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL cannot be started as the account {self.name}.",
                f"PostgreSQL refuses to run as root, and this root may not switch user ({error})",
                f"run Isthmus as an ordinary user, or {USE_A_SERVER}",
            ) from error


def choose(data: Path) -> Account:
    """The owner of existing data goes on serving it; new data as the module's head says."""
    if os.geteuid() != 0:
        return Account(_name(os.geteuid()), os.geteuid(), os.getegid(), is_ourselves=True)
    if data.is_dir() and (owner := data.stat()).st_uid != 0:
        return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid, is_ourselves=False)
    for name in PREFERRED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(name, found.pw_uid, found.pw_gid, is_ourselves=False)
    raise EmbeddedPostgresError(
        "There is no account to run PostgreSQL.",
        "PostgreSQL refuses to run as root, and none of the accounts "
        + ", ".join(PREFERRED)
        + " exists",
        f"run Isthmus as an ordinary user, create the account isthmus, or {USE_A_SERVER}",
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"with id {uid}"


def _environment() -> dict[str, str]:
    """Nothing that PostgreSQL would read: PGDATA, PGPORT or PGOPTIONS may belong to another."""
    kept = ("PATH", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "LC_ALL": "C",
        "TZ": "UTC",
    }

"""Run a piece of Python as another user, in a real process, with the package importable."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from isthmus.store.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
from pathlib import Path
from isthmus.store.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries, place
if system := os.environ.get("TEST_SYSTEM_FOLDER"):
    place.SYSTEM_FOLDER = Path(system)
home = Path(os.environ["TEST_HOME"])
server = EmbeddedPostgres(home)
"""


@dataclass
class Person:
    uid: int
    gid: int
    python: str
    home: Path
    system: Path
    paths: list[str] = field(default_factory=list)

    def popen(self, code: str, **options: object) -> subprocess.Popen[str]:
        is_other = self.uid != os.geteuid()
        return subprocess.Popen(
            [self.python, "-W", "error", "-c", PRELUDE + code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
            cwd="/",
            user=self.uid if is_other else None,
            group=self.gid if is_other else None,
            extra_groups=[] if is_other else None,
            **options,  # type: ignore[call-overload]
        )

    def run(self, code: str) -> str:
        with self.popen(code) as process:
            output, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint
        return output.strip()

    def start(self) -> int:
        """Start the server in a process that then ends; the server's process id."""
        return int(self.run("server.start(); print(server.status().pid)"))

    def _environment(self) -> dict[str, str]:
        site = Path(pytest.__file__).parents[1]
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([*self.paths, str(ROOT / "src"), str(site)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_HOME": str(self.home),
            "TEST_SYSTEM_FOLDER": str(self.system),
        }


def folder(uid: int, gid: int, mode: int = 0o711) -> Path:
    """A folder that any account may pass; pytest's own are private to one user."""
    made = Path(tempfile.mkdtemp(prefix="iso-", dir="/tmp"))
    made.chmod(mode)
    os.chown(made, uid, gid)
    return made


def root() -> Iterator[Person]:
    if os.geteuid() != 0:
        pytest.skip("needs root: PostgreSQL must be started through another account")
    yield from _with_folders(0, 0, sys.executable)


def ordinary_user(name: str = "nobody") -> Iterator[Person]:
    if os.geteuid() != 0:
        yield from _with_folders(os.geteuid(), os.getegid(), sys.executable)
        return
    account = pwd.getpwnam(name)
    yield from _with_folders(account.pw_uid, account.pw_gid, _python_for(account))


def _python_for(account: pwd.struct_passwd) -> str:
    """An interpreter of our version that this account may execute; below /root it may not."""
    version = f"python3.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        if python and _works(python, account):
            return python
    pytest.skip(f"{account.pw_name} can execute no {version} that sees the packages")


def _works(python: str, account: pwd.struct_passwd) -> bool:
    person = Person(account.pw_uid, account.pw_gid, python, Path("/none"), Path("/none"))
    try:
        with person.popen("") as process:
            process.communicate(timeout=60)
    except PermissionError:
        return False
    return process.returncode == 0


def _with_folders(uid: int, gid: int, python: str) -> Iterator[Person]:
    home, system = folder(uid, gid), folder(uid, gid)
    person = Person(uid, gid, python, home, system)
    yield person
    EmbeddedPostgres(person.home).stop(force=True)
    shutil.rmtree(home)
    shutil.rmtree(system)

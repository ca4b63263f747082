"""Where a Tryton server's software and templates are kept between runs, and by whom made once."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


class NotInstallable(Exception):
    """The pinned packages are neither kept nor obtainable."""


def _nobody(text: str) -> None:
    """Whom to tell of slow work when nobody asked."""


@dataclass(frozen=True)
class Shelf:
    """`database_url` names a PostgreSQL for all databases; without it they are SQLite files.
    `tell` hears of work that takes more than a few seconds.
    """

    folder: Path
    series: str = "8.0"
    database_url: str | None = None
    tell: Callable[[str], None] = field(default=_nobody, compare=False)

    @property
    def requirements(self) -> Path:
        return Path(__file__).with_name(f"requirements-{self.series}.txt")

    @contextmanager
    def once(self, name: str) -> Iterator[None]:
        """Parallel processes wait here while the first one builds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def interpreter(self) -> Path:
        """The Python of a private virtual environment with exactly the pinned packages. Raises
        NotInstallable.
        """
        pins = self.requirements.read_text("utf-8")
        home = self.folder / f"env-{digest(pins, sys.version)}"
        python, ready = home / "bin" / "python", home / "ready"
        with self.once(home.name):
            if not ready.exists():
                self.tell(f"installing Tryton {self.series} from PyPI (114 MB), once")
                venv.create(home, with_pip=True, clear=True)
                self._install(python)
                ready.touch()
        return python

    def _install(self, python: Path) -> None:
        command = [
            str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--retries", "2", "-r", str(self.requirements),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstallable(f"pip could not install Tryton: {_reason(done.stderr)}")


def _reason(said: str) -> str:
    """Pip ends with a package that it did not find, also when it reached no index at all."""
    if "after connection broken by" in said:
        return "the package index does not answer"
    return " ".join(said.strip().splitlines()[-1:])


def digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]

"""Where the test server's software and templates are kept between runs, and by whom made once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

SERIES = {"8.0": "requirements.txt", "8.2": "requirements-8.2.txt"}


def requirements() -> Path:
    """Of the series that ISTHMUS_TEST_TRYTON names; the long-term one when it names none."""
    return Path(__file__).with_name(SERIES[os.environ.get("ISTHMUS_TEST_TRYTON", "8.0")])


class NotInstallable(Exception):
    """The pinned packages are neither cached nor obtainable."""


def cache() -> Path:
    chosen = os.environ.get("ISTHMUS_TEST_CACHE")
    place = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("isthmus-tests"))
    place = place / "tryton"
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def once(name: str) -> Iterator[None]:
    """Parallel test workers wait here while the first one builds."""
    with (cache() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def interpreter() -> Path:
    """The Python of a private virtual environment with exactly the pinned packages."""
    pins = requirements().read_text("utf-8")
    home = cache() / f"env-{digest(pins, sys.version)}"
    python, ready = home / "bin" / "python", home / "ready"
    with once(home.name):
        if not ready.exists():
            venv.create(home, with_pip=True, clear=True)
            _install(python)
            ready.touch()
    return python


def _install(python: Path) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "-r", str(requirements())], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise NotInstallable(f"pip could not install Tryton: {' '.join(last)}")

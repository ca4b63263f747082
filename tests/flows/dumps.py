"""PostgreSQL's own dump and restore, as the guide has them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from isthmus.store.embedded.binaries import find


def dump(url: str, file: Path) -> None:
    program = _program("pg_dump", url)
    subprocess.run([program, "--format=custom", f"--file={file}", url], check=True)


def restore(file: Path, url: str) -> None:
    program = _program("pg_restore", url)
    subprocess.run([program, "--no-owner", "--exit-on-error", f"--dbname={url}", file], check=True)


def _program(name: str, url: str) -> str:
    """Of the server's release: an older one refuses it, and a newer dump cannot be restored."""
    with psycopg.connect(url) as connection:
        release = connection.info.server_version // 10_000
    for path in (shutil.which(name), str(find().install / "bin" / name)):
        if path is not None and _release(path) == release:
            return path
    pytest.skip(f"there is no {name} of PostgreSQL {release}")


def _release(program: str) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[2].split(".")[0])

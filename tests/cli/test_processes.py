"""`sandbox` and `up` as processes on a home of their own, as in a person's first hour."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from isthmus.store.embedded import EmbeddedPostgres

FIRM = """\
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {country: NL, currency: EUR}
roles:
  crm: [{connection: salesforce}]
  psa: [{connection: certinia}]
  erp: [{connection: netsuite}]
"""
DEAD = """\
connections:
  salesforce:
    vendor: salesforce
    url: http://127.0.0.1:1
    auth: {flow: client_credentials, client_id: nobody, client_secret: not-a-secret}
  certinia: {vendor: certinia, platform: salesforce}
  netsuite:
    vendor: tryton
    url: http://127.0.0.1:1
    database: none
    auth: {username: nobody, password: not-a-secret}
"""
SECONDS = 60.0


@pytest.fixture
def home() -> Iterator[Path]:
    """As root, the account that runs the database has to pass the folders above it."""
    folder = Path(tempfile.mkdtemp(prefix="isthmus-cli-"))
    folder.chmod(0o711)
    yield folder / "home"
    EmbeddedPostgres(folder / "home").stop(force=True)
    shutil.rmtree(folder)


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    return {k: v for k, v in kept.items() if k != "DATABASE_URL"}


def _command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from isthmus.cli import main; main()", *words]


def _isthmus(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command("--home", str(home), *words), capture_output=True, text=True, check=False,
        env=_environment(), cwd=home.parent, timeout=SECONDS,
    )  # fmt: skip


@contextmanager
def _running(home: Path, until: str, *words: str) -> Iterator[str]:
    """A process that has said `until`; yields what it said so far, and ends it by SIGTERM."""
    log = home.parent / f"{words[0]}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            _command("--home", str(home), *words), stdout=out, stderr=out, env=_environment(),
            cwd=home.parent,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + SECONDS
        while until not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(SECONDS)
    assert code == 0, log.read_text()


def test_up_on_a_sandbox(home: Path) -> None:
    ports = ("--salesforce-port", "0", "--netsuite-port", "0")
    with _running(home, "Ctrl-C", "sandbox", *ports) as said:
        landscape = ("--landscape", str(home / "sandbox" / "isthmus.yaml"))
        assert f"next: isthmus up {' '.join(landscape)}" in said
        tested = _isthmus(home, *landscape, "connection", "test", "--json")
        assert tested.returncode == 0, tested.stdout + tested.stderr
        assert [(r["connection"], r["ok"]) for r in json.loads(tested.stdout)] == [
            ("salesforce", True), ("netsuite", True), ("certinia", True),
        ]  # fmt: skip
        assert _isthmus(home, "db", "upgrade").stdout == "the database is upgraded\n"
        assert _isthmus(home, "db", "upgrade").stdout == "the database is up to date already\n"
        assert EmbeddedPostgres(home).status().is_running is False

        with _running(home, "isthmus is up", "up", "--port", "0", *landscape):
            status = json.loads(_isthmus(home, "status", "--json").stdout)
            assert status["workers"] == 1
            assert EmbeddedPostgres(home).status().is_running is True
            examined = _isthmus(home, *landscape, "doctor", "--json")
            assert examined.returncode == 0, examined.stdout
            found = {f["what"] for f in json.loads(examined.stdout) if f["ok"]}
            assert {"database", "landscape", "connection netsuite"} <= found
    assert EmbeddedPostgres(home).status().is_running is False

    dead = _isthmus(home, *landscape, "connection", "test", "netsuite", "--json")
    assert dead.returncode == 1
    [row] = json.loads(dead.stdout)
    assert (row["connection"], row["ok"]) == ("netsuite", False)


def test_a_taken_port_is_told_before_anything_starts(home: Path) -> None:
    (home.parent / "isthmus.yaml").write_text(FIRM + DEAD)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = _isthmus(home, "up", "--port", str(port))
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-3:] == [
        f"Port {port} of 127.0.0.1 cannot be listened on.",
        "  why: Address already in use",
        "  do:  Stop what listens there, or choose another port with --port or ISTHMUS_PORT.",
    ]
    assert not home.exists()

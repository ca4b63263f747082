"""Processes that start a server, stay, are killed and are asked."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.store.embedded.people import Person

STAY = "server.start(); print(server.status().pid, flush=True); time.sleep(300)"


def data_of(person: Person) -> Path:
    return person.home / "postgres" / "data"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come true within a minute"
        time.sleep(0.01)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))


def staying(person: Person) -> tuple[subprocess.Popen[str], int]:
    process = person.popen(STAY, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return process, int(line)


def end(process: subprocess.Popen[str], how: int = signal.SIGKILL) -> None:
    os.killpg(process.pid, how)
    process.communicate(timeout=60)


QUERY = """
import psycopg
with psycopg.connect(server.start()) as connection:
    print(connection.execute({statement!r}).fetchone()[0])
"""


def ask(person: Person, statement: str) -> str:
    return person.run(QUERY.format(statement=statement))

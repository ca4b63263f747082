"""Processes that the harness starts: each in a session of its own, ended by its own id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> int:
    """Process id. What it says goes to the end of `log`."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    return process.pid


def is_alive(pid: int) -> bool:
    """A zombie is dead; one of our own is taken off the list here."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def end(pids: Iterable[int], patience: float = 20.0) -> None:
    """Ask each to stop, then make it."""
    left = [pid for pid in pids if is_alive(pid)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + patience
        while left and time.monotonic() < until:
            time.sleep(0.05)
            left = [pid for pid in left if is_alive(pid)]


def answers(url: str, seconds: float = 60.0) -> bool:
    """Whether the address answers 2xx within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(URLError, OSError), urllib.request.urlopen(url, timeout=2):
            return True
        time.sleep(0.05)
    return False


def tree(pid: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time of these processes and of their ended children."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += sum(map(int, _stat(pid)[11:15]))
    return total / TICK


def memory(pids: Iterable[int]) -> int:
    """Resident bytes."""
    pages = 0
    for pid in pids:
        with suppress(OSError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * PAGE


def _stat(pid: int) -> list[str]:
    """Fields from the third on: state, parent, ... Raises OSError where there is none."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()

"""The server process: whether one is alive on this data, how one starts, how one ends.

A process id alone proves nothing: it may have been given to another program since, or name a
zombie. A server of ours is a process whose command line names the data folder.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from isthmus.store.embedded.errors import EmbeddedPostgresError
from isthmus.store.embedded.lock import open_file
from isthmus.store.embedded.place import PORT, Place

FAST_SECONDS = 60.0
IMMEDIATE_SECONDS = 20.0
LOG_LIMIT_BYTES = 10_000_000

SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "jit": "off",  # our statements are short; compiling one costs more than running it
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


def live_pid(place: Place) -> int | None:
    pid = _noted(place)
    return pid if pid is not None and _serves(pid, place.data) else None


def is_deaf(place: Place) -> bool:
    """It says it is ready, but the socket is gone: somebody emptied the folder for short paths."""
    lines = _lines(place)
    is_ready = len(lines) > 7 and lines[7].strip() == "ready"
    return is_ready and not place.socket.exists()


def spawn(program: Path, place: Place) -> subprocess.Popen[str]:
    """Start a server; only called, under the home's lock, when `live_pid` is None."""
    _sweep(place)
    _rotate(place.log)
    settings = SETTINGS | {"unix_socket_directories": _quoted(place.run)}
    command = [str(program), "-D", str(place.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = open_file(place.log)
    try:
        os.lseek(log, 0, os.SEEK_END)
        process = place.account.spawn(command, log)
    finally:
        os.close(log)
    threading.Thread(target=process.wait, name="postmaster-reaper", daemon=True).start()
    return process


def halt(place: Place) -> None:
    """Fast shutdown, then immediate: the next start recovers from the log as after a crash."""
    for how, patience in ((signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)):
        pid = live_pid(place)
        if pid is None:
            return
        os.kill(pid, how)
        deadline = time.monotonic() + patience
        while _serves(pid, place.data) and time.monotonic() < deadline:
            time.sleep(0.02)
    if (pid := live_pid(place)) is not None:
        raise EmbeddedPostgresError(
            f"The database server {pid} does not stop.",
            f"it answered neither a fast nor an immediate shutdown; its log is {place.log}",
            "check the disk below its data folder, then end the process",
        )


def _sweep(place: Place) -> None:
    """Remove a dead server's lock files, which PostgreSQL respects if the pid was reused.

    Two servers on one data folder stay impossible: their shared memory is named after the
    folder's inode, and PostgreSQL refuses to start while another process holds it.
    """
    lock = place.run / f"{place.socket.name}.lock"
    for leftover in (place.data / "postmaster.pid", place.socket, lock):
        leftover.unlink(missing_ok=True)


def _rotate(log: Path) -> None:
    if log.is_file() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _quoted(folder: Path) -> str:
    """The setting is a list of paths; quotes keep a comma or a space inside one of them."""
    return '"' + str(folder).replace('"', '""') + '"'


def _noted(place: Place) -> int | None:
    first = next(iter(_lines(place)), "")
    return int(first) or None if first.strip().isdigit() else None


def _lines(place: Place) -> list[str]:
    try:
        return (place.data / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _serves(pid: int, data: Path) -> bool:
    """A zombie has no command line any more, so it serves nothing."""
    if sys.platform == "linux":
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return command[1:3] == [b"-D", os.fsencode(data)]
    found = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
    )
    return b" -D " + os.fsencode(data) + b" " in found.stdout

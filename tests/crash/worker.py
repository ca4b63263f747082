"""Worker processes that kill themselves: before and after every step they have not yet died in.

    python worker.py LANDSCAPE DATABASE_URL DEATHS

DEATHS is a file with one line per death; a moment that stands there is survived. The death comes
by SIGKILL, so nothing is cleaned up and nothing is flushed. This process only forks the next
worker (so that Python need not be loaded again each time) and ends with the last on SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from isthmus.app import App
from isthmus.engine import RetryPolicy, Run
from isthmus.installed import connector_configs
from isthmus.landscape import load
from isthmus.settings import Settings

LEASE = timedelta(milliseconds=500)


class Mortal:
    def __init__(self, deaths: Path) -> None:
        self._deaths = deaths

    def before(self, run: Run, step: str) -> None:
        self._die_once(f"{run.flow.name}.{step} before")

    def after(self, run: Run, step: str) -> None:
        self._die_once(f"{run.flow.name}.{step} after")

    def _die_once(self, moment: str) -> None:
        if moment in self._deaths.read_text().splitlines():
            return
        with self._deaths.open("a") as file:
            file.write(f"{moment}\n")
            file.flush()
            os.fsync(file.fileno())
        os.kill(os.getpid(), signal.SIGKILL)


async def main(landscape_path: Path, database_url: str, deaths: Path) -> None:
    settings = Settings(
        DATABASE_URL=database_url, home=landscape_path.parent, port=0, worker_lease=LEASE
    )  # type: ignore[call-arg] # by its alias
    app = await App.open(
        settings,
        load(landscape_path, connector_configs()),
        observer=Mortal(deaths),
        retry=RetryPolicy(attempts=3, first=0.05, longest=0.1),
    )
    await app.start(readers=False)
    await asyncio.Event().wait()


def live(landscape_path: Path, database_url: str, deaths: Path) -> int:
    """One life in a process of its own; the process id."""
    if pid := os.fork():
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(main(landscape_path, database_url, deaths))
    os._exit(1)


def lives(landscape_path: Path, database_url: str, deaths: Path) -> int:
    """One life after another, until one ends by anything but its own SIGKILL."""
    child = 0

    def end(*_: object) -> None:
        os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        child = live(landscape_path, database_url, deaths)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return 1


if __name__ == "__main__":
    sys.exit(lives(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))

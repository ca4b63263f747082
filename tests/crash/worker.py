"""A worker process that kills itself: before and after every step it has not yet died in.

    python worker.py LANDSCAPE DATABASE_URL DEATHS

DEATHS is a file with one line per death; a moment that stands there is survived. The death comes
by SIGKILL, so nothing is cleaned up and nothing is flushed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from isthmus.app import App, connector_configs
from isthmus.engine import RetryPolicy, Run
from isthmus.kit.duration import parse_duration
from isthmus.landscape import load
from isthmus.settings import Settings

LEASE = parse_duration("1s")


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


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))

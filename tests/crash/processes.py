"""Isthmus's own processes, started by their commands and ended by signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.firm import Firm

COMMAND = "from isthmus.cli import main; main()"
READY = "isthmus is up"


@dataclass
class Running:
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    async def ended(self, seconds: float = 60) -> float:
        """Told to stop by SIGTERM; the seconds until it has."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), seconds)
        assert code == 0, self.said()
        return time.monotonic() - began


@asynccontextmanager
async def running(
    firm: Firm,
    url: str,
    *words: str,
    settings: Mapping[str, str] | None = None,
    command: str = COMMAND,
) -> AsyncIterator[Running]:
    """`isthmus <words>` on the firm's landscape and database, once it says that it is up."""
    home = firm.landscape_path.parent
    log = home / f"{words[0]}-{time.monotonic_ns()}.log"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", command, "--home", str(home), *words,
            "--landscape", str(firm.landscape_path), stdout=out, stderr=out, cwd=home,
            env={**kept, **firm.environment, "DATABASE_URL": url, **(settings or {})},
        )  # fmt: skip
    try:
        started = Running(process, log)
        await until(lambda: _up(started), 150, started.said)
        yield started
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _up(started: Running) -> bool:
    assert started.process.returncode is None, started.said()
    return READY in started.said()


async def until(
    true: Callable[[], Awaitable[object]], seconds: float, why: Callable[[], str]
) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    while not await true():
        assert time.monotonic() - began < seconds, why()
        await asyncio.sleep(0.02)
    return time.monotonic() - began

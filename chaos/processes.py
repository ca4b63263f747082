"""Isthmus's own processes under a supervisor that starts again whatever ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

COMMAND = (sys.executable, "-c", "from isthmus.cli import main; main()")
COMPILED = "PYTHONDONTWRITEBYTECODE"
"""Not handed on: without compiled files each of them compiles every library again."""
PAUSE = 0.5
"""Seconds between an end and the next start."""


class Processes:
    """By name: `api`, `worker-1` ... `killed` and `ended` count ends by us and of their own."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ISTHMUS_", COMPILED))}
        self._environment = {**kept, **environment, "PYTHONUNBUFFERED": "1"}
        self._logs = logs
        self._alive: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._doomed: set[int] = set()
        self.killed: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def keep(self, name: str, *words: str) -> None:
        """Run it from now on, again and again."""
        self._keepers[name] = asyncio.create_task(self._keep(name, words), name=name)

    async def _keep(self, name: str, words: tuple[str, ...]) -> None:
        while True:
            process = await self._spawn(self._logs / f"{name}.log", words)
            self._alive[name] = process
            await process.wait()
            if process.pid not in self._doomed:
                self.ended[name] += 1
            await asyncio.sleep(PAUSE)

    async def _spawn(self, log: Path, words: tuple[str, ...]) -> asyncio.subprocess.Process:
        with log.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                *COMMAND, *words, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                env=self._environment, start_new_session=True,
            )  # fmt: skip

    def kill(self, name: str) -> bool:
        """SIGKILL; False where it is not running just now."""
        process = self._alive.get(name)
        if process is None or process.returncode is not None:
            return False
        self._doomed.add(process.pid)
        process.kill()
        self.killed[name] += 1
        return True

    async def run(self, *words: str, actor: str = "operator") -> int:
        """One command to its end; its exit code."""
        environment = {**self._environment, "ISTHMUS_ACTOR": actor}
        with (self._logs / "commands.log").open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, *words, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment,
            )  # fmt: skip
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()

    async def close(self) -> None:
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        for process in self._alive.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(_ended(process) for process in self._alive.values()))


async def _ended(process: asyncio.subprocess.Process, patience: float = 15.0) -> None:
    try:
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        process.kill()
        await process.wait()

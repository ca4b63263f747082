"""Which runs have begun to send: one empty file for each, on disk before the first post.

The ERP of the job knows no idempotency keys, and a run that is taken over from a dead process
starts its step again under the same key. So a run that another process has begun may have sent
already, and the ERP is asked first. Processes on several machines must share the folder.
"""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256
from pathlib import Path


class Marks:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    async def may_have_sent(self, run: str) -> bool:
        """Whether another process has begun to send for this run; from now on this one has."""
        if run in self._ours:
            return False
        is_first = await asyncio.to_thread(self._mark, run)
        if is_first:
            self._ours.add(run)
        return not is_first

    def _mark(self, run: str) -> bool:
        name = sha256(run.encode()).hexdigest()
        try:
            file = os.open(self._folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        os.close(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True

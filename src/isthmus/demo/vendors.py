"""The vendors' systems of the demonstration: a child process, and control over each simulator."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from isthmus.connect.http import dump_json
from isthmus.demo.errors import DemoError
from isthmus.demo.vendors_process import ADDRESSES, IN_USE

START_SECONDS = 30.0
Row = dict[str, Any]


class Control:
    """One simulator from outside: what its users do in its screens, and its raw rows."""

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, url
        self._http = httpx2.AsyncClient(base_url=url, timeout=60)

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._read(
            await self._http.post(f"/__control/{path}", content=dump_json(_plain(body))), path
        )

    async def get(self, path: str) -> Any:
        return self._read(await self._http.get(f"/__control/{path}"), path)

    async def delete(self, path: str) -> None:
        self._read(await self._http.delete(f"/__control/{path}"), path)

    async def rows(self, record: str) -> list[Row]:
        found: list[Row] = (await self.get(f"rows/{record}"))["rows"]
        return [row for row in found if not row.get("IsDeleted")]

    def _read(self, answer: httpx2.Response, path: str) -> Any:
        if not answer.is_success:
            raise DemoError(
                f"the {self.name} simulator refuses {path}",
                answer.text[:500],
                "This is a defect of the demonstration; `isthmus demo --fresh` starts over.",
            )
        return json.loads(answer.content, parse_float=Decimal) if answer.content else None


def _plain(value: Any) -> Any:
    """Dates as the text that both vendors use."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


@asynccontextmanager
async def vendors(folder: Path, log: Path) -> AsyncIterator[dict[str, Control]]:
    """Both simulators, started on the files of `folder`."""
    child = _spawn(folder, log)
    try:
        addresses = await _addresses(child, folder, log)
        found = {name: Control(name, addresses[name]) for name in ("salesforce", "netsuite")}
        try:
            yield found
        finally:
            for control in found.values():
                await control.close()
    finally:
        assert child.stdin is not None
        child.stdin.close()
        await asyncio.to_thread(child.wait)


def _spawn(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ADDRESSES).unlink(missing_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "isthmus.demo.vendors_process", str(folder)],
            stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip


async def _addresses(child: subprocess.Popen[bytes], folder: Path, log: Path) -> dict[str, str]:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        file = folder / ADDRESSES
        if file.exists():
            found: dict[str, str] = json.loads(file.read_text())
            return found
        await asyncio.sleep(0.05)
    ended = child.poll()
    if ended is None:
        child.kill()
    elif ended == IN_USE:
        raise DemoError(
            "the simulated systems did not start",
            f"another process, such as `isthmus sandbox --demo`, works on their files in {folder}",
            "End it, then start again.",
        )
    raise DemoError(
        "the simulated systems did not start",
        f"they ended with code {ended}" if ended is not None
        else f"they said nothing for {START_SECONDS:.0f} s",
        f"Read the last lines of {log}.",
    )  # fmt: skip

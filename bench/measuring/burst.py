"""Approved hours of the projects there are, posted by the thousand while something else runs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Any

import httpx2
import psycopg

from .reference import Unusable

POST = 1_000
PROJECTS = """
SELECT p.id::text, p.data ->> 'currency', p.data ->> 'starts_on'
FROM record p JOIN record c ON c.kind = 'contract' AND c.id::text = p.data ->> 'contract'
WHERE p.kind = 'project' AND c.data ->> 'cap' IS NULL AND p.data ->> 'profit_centre' <> ''
"""
PEOPLE = "SELECT id::text FROM record WHERE kind = 'resource' AND data ->> 'role' IS NOT NULL"
IN_LEDGER = "SELECT count(*) FROM time_entry WHERE state = 'posted'"


@dataclass
class Burst:
    """From `post` until `stop` is set: entries that were taken, and those that the ledger got."""

    api: str
    database: str
    connection: str
    stop: asyncio.Event
    taken: int = 0

    async def post(self) -> dict[str, Any]:
        """Entries a second. Raises Unusable."""
        made, begun, before = self._made(), time.monotonic(), await self._asked(IN_LEDGER)
        async with httpx2.AsyncClient(base_url=self.api, timeout=60) as http:
            for number in count(1):
                if self.stop.is_set():
                    break
                await self._send(http, number, list(islice(made, POST)))
        seconds = time.monotonic() - begun
        posted = (await self._asked(IN_LEDGER))[0][0] - before[0][0]
        return {"taken_s": round(self.taken / seconds), "posted_s": round(posted / seconds)}

    async def _send(self, http: httpx2.AsyncClient, number: int, entries: list[Any]) -> None:
        answer = await http.post(
            "/process/v1/time-entries", params={"connection": self.connection}, json=entries,
            headers={"Idempotency-Key": f"burst-{number}"},
        )  # fmt: skip
        if answer.status_code == 429:
            await asyncio.sleep(float(answer.headers["retry-after"]))
        elif answer.is_success:
            self.taken += answer.json()["accepted"]
        else:
            raise Unusable(f"The burst was not taken: {answer.text[:300]}")

    def _made(self) -> Any:
        """A quarter of an hour each, of everybody on every project in turn."""
        with psycopg.connect(self.database) as connection:
            projects = connection.execute(PROJECTS).fetchall()
            people = [id for (id,) in connection.execute(PEOPLE)]
        for number, (project, currency, day) in enumerate(cycle(projects)):
            yield {
                "external_id": f"burst-{number}", "project": {"canonical_id": project},
                "resource": {"canonical_id": people[number % len(people)]}, "worked_on": day,
                "hours": 0.25, "approval": "approved", "is_billable": True, "currency": currency,
            }  # fmt: skip

    async def _asked(self, query: str) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            return await (await connection.execute(query)).fetchall()

"""The caller of `POST /process/v1/time-entries`: it sends again, under the same key, what got no
answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

PATH = "/process/v1/time-entries"
AGAIN = (429, 500, 502, 503, 504)
PAUSE = 0.4


class Submitter:
    def __init__(self, api: str) -> None:
        self._api = api
        self.sent = 0
        """Requests, repeats included."""
        self.unanswered = 0

    async def submit(self, key: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Until it is answered; the answer. Raises httpx2.HTTPStatusError for a refusal."""
        while True:
            answer = await self._once(key, entries)
            if answer is not None and answer.status_code not in AGAIN:
                answer.raise_for_status()
                found: dict[str, Any] = answer.json()
                return found
            await asyncio.sleep(PAUSE)

    async def _once(self, key: str, entries: Sequence[Mapping[str, Any]]) -> httpx2.Response | None:
        self.sent += 1
        try:
            async with httpx2.AsyncClient(base_url=self._api, timeout=30) as http:
                return await http.post(
                    PATH, json=list(entries), params={"connection": "certinia"},
                    headers={"Idempotency-Key": key},
                )  # fmt: skip
        except httpx2.TransportError:
            self.unanswered += 1
            return None

"""Somebody who follows the feed of events, whatever becomes of the connection."""

from __future__ import annotations

import asyncio

import httpx2

PAGE = 500


class Follower:
    """Asks `GET /events` for what comes after the last place that it has."""

    def __init__(self, api: str) -> None:
        self._api = api
        self.got: list[tuple[int, str]] = []
        """(position, id), as they came."""

    async def run(self) -> None:
        while True:
            try:
                async with httpx2.AsyncClient(base_url=self._api, timeout=15) as http:
                    while True:
                        await self._page(http)
            except (httpx2.HTTPError, ValueError):
                await asyncio.sleep(0.5)

    async def _page(self, http: httpx2.AsyncClient) -> None:
        after = self.got[-1][0] if self.got else 0
        answer = await http.get("/events", params={"after": after, "limit": PAGE, "wait": 5})
        answer.raise_for_status()
        events = answer.json()["events"]
        self.got += [(int(event["sequence"]), event["id"]) for event in events]

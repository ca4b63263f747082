"""Waiting until Isthmus is at rest: as long as something moves, and no longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import psycopg

from chaos.check import Broken, broken
from chaos.follow import Follower
from chaos.product import Look
from chaos.sent import read_sent
from chaos.site import Site
from chaos.stores import Found, gather
from isthmus.demo.deals import Deal

PATIENCE = 90.0
"""Seconds without any movement after which what is not there is lost."""
EVERY = 0.7


class NotSettled(Exception):
    """Something that must happen without a fault did not."""


class Settling:
    def __init__(self, site: Site, follower: Follower) -> None:
        self._site, self._follower = site, follower

    async def settled(self) -> Sequence[Broken]:
        """What is broken once nothing moves any more; nothing as soon as all promises hold."""
        last, moved = None, time.monotonic()
        while True:
            look = await self._look()
            if look != last:
                last, moved = look, time.monotonic()
            if look is not None and await self.is_quiet():
                problems = self.check()
                if not problems or time.monotonic() - moved > PATIENCE:
                    return problems
                await self._release_refused()
            elif time.monotonic() - moved > PATIENCE:
                return self.check()
            await asyncio.sleep(EVERY)

    async def is_quiet(self) -> bool:
        """Nothing is under way, and no message on its way."""
        look = await self._look()
        return bool(look and look.is_quiet and not await self._site.org.undelivered())

    async def _look(self) -> Look | None:
        try:
            return self._site.product.look()
        except psycopg.Error:
            return None

    def check(self) -> list[Broken]:
        return broken(read_sent(self._site.sent), self.found())

    def found(self) -> Found:
        """What the systems' stores hold now."""
        site = self._site
        return gather(site.place.vendors, site.product.database, self._follower.got)

    async def _release_refused(self) -> None:
        """Finance has opened the projects again and replays what the ledger refused."""
        refused = self._site.product.rows(
            "select 1 from hold where state = 'held' and code = 'invalid' "
            "and object_kind = 'time_entry'"
        )
        if refused:
            words = ("hold", "all", "replay", "--code", "invalid", "--per-second", "50")
            await self._site.processes.run(*words)

    async def ensured(self, what: str) -> None:
        """Raises NotSettled with what is broken."""
        if problems := await self.settled():
            told = "\n".join(str(problem) for problem in problems[:20])
            raise NotSettled(f"{what} are not as they should be:\n{told}")

    async def opened(self, deals: Sequence[Deal]) -> bool:
        """The CRM shows of all of them that delivery may begin."""
        rows = await self._site.controls["salesforce"].rows("Opportunity")
        opened = {row["Name"] for row in rows if row["Delivery_Status__c"] == "project opened"}
        return all(deal.name in opened for deal in deals if not deal.is_defective)

    async def until(self, what: str, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Raises NotSettled when it does not become so although nothing moves any more."""
        last, moved = None, time.monotonic()
        while not await is_so():
            look = await self._look()
            if look != last:
                last, moved = look, time.monotonic()
            if time.monotonic() - moved > PATIENCE:
                raise NotSettled(f"waited for {what}, and nothing moved for {PATIENCE:.0f} s")
            await asyncio.sleep(EVERY)

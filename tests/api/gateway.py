"""A firm with work in every state, and a caller of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2
from tests.api.submitting import calling
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, log_week
from tests.flows.work import Work, bill, under_way


@dataclass
class Gateway:
    firm: Firm
    http: httpx2.AsyncClient
    _keys: count[int] = field(default_factory=lambda: count(1))

    async def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(
        self, path: str, body: Any = None, status: int = 200, **headers: str
    ) -> Any:  # fmt: skip
        answer = await self.send("POST", path, body, **headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Under a key of its own, where none is given."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"idempotency-key": f"k-{next(self._keys)}", **named}
        return await self.http.request(method, path, json=body, headers=sent)


@asynccontextmanager
async def at_the_gateway(firm: Firm) -> AsyncIterator[Gateway]:
    async with calling(firm) as http:
        yield Gateway(firm, http)


async def a_month_of_work(firm: Firm) -> Work:
    """July 2026 of one client: 16 hours invoiced, 12 in the ledger, 4 held, and a deal to win.

    Sold are 100 hours at 150; an hour costs 80.
    """
    work = await under_way(firm)
    await work.log(["8", "8"])
    await firm.read()
    assert await bill(firm) == 1
    await work.log(["6", "6"], "2026-07-13")
    await log_week(firm, work.project, work.assignment, "2026-07-20", ["4"], pse__Bill_Rate__c=999)
    await a_deal(firm, await an_account(firm, Name="Coast Rail", Tax_Registration__c=None),
                 Name="Coast survey", Amount=9000)  # fmt: skip
    await firm.read()
    return work

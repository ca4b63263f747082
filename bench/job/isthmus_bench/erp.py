"""The books of the job: lines by the two hundred, and no idempotency keys.

A post whose outcome is unknown is never repeated as it was: the ERP is asked which lines it has,
and only the others are sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from isthmus.canonical import AccountingPeriod, CanonicalObject, Customer, Project, TimeEntry
from isthmus.canonical.base import Role
from isthmus.connect import (
    Capability,
    Change,
    ConnectError,
    ConnectionContext,
    Connector,
    Health,
    Outgoing,
    Page,
    Quota,
    Receipt,
    Refused,
    System,
    Throttled,
    Unavailable,
    Watermark,
)
from isthmus.connect.http import Http, parse_json
from isthmus_bench.marks import Marks
from isthmus_bench.system import Silent

BATCH = 200
"""Lines that one request takes."""
CHANGED_AT = datetime(2024, 1, 1, tzinfo=UTC)


class ErpConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    vendor: Literal["bench_erp"] = "bench_erp"
    url: str = Field(description="Address of the mock ERP.")
    marks: Path = Field(description="Folder where all workers note which runs have begun to send.")
    concurrency: int = Field(default=5, ge=1, description="Calls at once that the ERP takes.")
    opens_on: date = Field(default=date(2024, 7, 1), description="First day of its first period.")
    months: int = Field(default=36, ge=1, description="Periods that it has, all of them open.")


class Erp(Silent):
    capabilities: Mapping[type[CanonicalObject], Capability] = {
        AccountingPeriod: Capability(reads=True),
        Customer: Capability(writes=True),
        Project: Capability(writes=True),
        TimeEntry: Capability(writes=True, batch=BATCH),
    }

    def __init__(self, context: ConnectionContext, config: ErpConfig) -> None:
        super().__init__(context.name)
        self._http = Http(
            context.name, config.url, concurrency=config.concurrency, gate=context.gate
        )
        self._marks = Marks(config.marks)
        self._doubtful: set[str] = set()
        self._periods = list(_periods(config.opens_on, config.months))

    async def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]:
        found = [p for p in self._periods if since.admits(p.external_id, CHANGED_AT, p.attributes)]
        yield Page(found, since.copy())

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None:
        return next((p for p in self._periods if p.external_id == external_id), None)

    async def put(self, outgoing: Outgoing) -> Receipt:
        """A client or project is known to this ERP by what its lines say: by name or key."""
        obj = outgoing.obj
        if isinstance(obj, TimeEntry):
            [only] = await self._lines([outgoing])
            return only
        if not isinstance(obj, Customer | Project):
            raise Refused(self.name, f"this ERP takes no {obj.kind}")
        name = obj.name if isinstance(obj, Project) else obj.id
        return Receipt(outgoing.external_id or name, created=outgoing.external_id is None)

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        if not all(isinstance(outgoing.obj, TimeEntry) for outgoing in batch):
            return await super().put_many(batch)
        answers: list[Receipt | ConnectError] = []
        for start in range(0, len(batch), BATCH):
            answers += await self._lines(batch[start : start + BATCH])
        return answers

    async def _lines(self, part: Sequence[Outgoing]) -> list[Receipt]:
        """Of at most `BATCH` entries. Raises what stops all of them."""
        ids = [outgoing.obj.id for outgoing in part]
        runs = {outgoing.idempotency_key.removesuffix(f":{outgoing.obj.id}") for outgoing in part}
        taken_over = [run for run in sorted(runs) if await self._marks.may_have_sent(run)]
        there: frozenset[str] = frozenset()
        if taken_over or not self._doubtful.isdisjoint(ids):
            there = await self._there(ids)
        missing = [outgoing for outgoing in part if outgoing.obj.id not in there]
        if missing:
            await self._sent(missing)
        self._doubtful.difference_update(ids)
        return [Receipt(id, created=id not in there) for id in ids]

    async def _sent(self, part: Sequence[Outgoing]) -> None:
        try:
            await self._post(part)
        except Unavailable as lost:
            if not lost.outcome_unknown:
                raise
            self._doubtful.update(outgoing.obj.id for outgoing in part)
            there = await self._there([outgoing.obj.id for outgoing in part])
            if rest := [outgoing for outgoing in part if outgoing.obj.id not in there]:
                await self._post(rest)

    async def _post(self, part: Sequence[Outgoing]) -> None:
        lines = [_line(outgoing.obj) for outgoing in part]
        response = await self._http.request("POST", "/lines", body={"lines": lines})
        self._check(response, wrote=True)

    async def _there(self, ids: Sequence[str]) -> frozenset[str]:
        response = await self._http.request("GET", "/ids")
        self._check(response, wrote=False)
        return frozenset(ids) & parse_json(self.name, response).keys()

    def _check(self, response: httpx2.Response, *, wrote: bool) -> None:
        """503 and 429 say that nothing was stored; any other failure leaves it open."""
        status = response.status_code
        if response.is_success:
            return
        if status == 429:
            raise Throttled(self.name, "takes no more requests at once")
        if status == 503:
            raise Unavailable(self.name, "answered 503")
        if status >= 500:
            raise Unavailable(self.name, f"answered {status}", outcome_unknown=wrote)
        raise Refused(self.name, f"answered {status}: {response.text[:200]}")

    async def health(self) -> Health:
        response = await self._http.request("POST", "/exceptions", body={"items": []})
        return Health(response.is_success, f"answers {response.status_code}")

    async def close(self) -> None:
        await self._http.close()


def _line(obj: CanonicalObject) -> dict[str, Any]:
    assert isinstance(obj, TimeEntry), "put_many sorts the kinds"
    assert obj.bill_rate is not None, "what is sent is rated"
    hours = obj.hours if obj.billed_hours is None else obj.billed_hours
    rate = obj.bill_rate.amount * 100
    return {
        "id": obj.id,
        "project_id": obj.project,
        "employee_id": obj.resource,
        "date": obj.worked_on.isoformat(),
        "hours": hours,
        "rate_cents": int(rate),
        "amount_cents": int((rate * hours).quantize(Decimal(1))),
        "currency": obj.bill_rate.currency,
    }


def _periods(first: date, months: int) -> list[Change]:
    found: list[Change] = []
    for _ in range(months):
        following = (first.replace(day=28) + timedelta(4)).replace(day=1)
        values = {
            "name": f"{first:%Y-%m}", "starts_on": first, "ends_on": following - timedelta(1),
            "state": "open",
        }  # fmt: skip
        found.append(Change(AccountingPeriod, f"{first:%Y-%m}", CHANGED_AT, values))
        first = following
    return found


def _open(context: ConnectionContext, config: Any) -> System:
    return Erp(context, config)


def _quota(config: Any) -> Quota:
    return Quota(concurrency=config.concurrency)


CONNECTOR = Connector("bench_erp", "Benchmark ERP", (Role.ERP,), ErpConfig, _open, _quota)

"""E1: a worker that is killed or told to stop leaves nothing behind that the others do not end.

The killed one's lease is what an installation has that says nothing. The stopped ones' is longer
than the test waits, so that nobody goes on because it ran out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from tests.crash.processes import Running, running, until
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, project_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(290)]
PROMISE = 30.0
"""Seconds within which others go on with the runs of a dead worker."""
LONG = {"ISTHMUS_WORKER_LEASE": "75s"}
"""Others look for runs that nobody has each fifth of it."""
LONG_LOOK = 15.0
DRAIN = 5.0
MARGIN = 20.0
"""Seconds for the way in and out of a process on a machine that does much else."""
STEP = "/record/v1/customer/"


@dataclass
class InFlight:
    """A run in the middle of a call to the ledger, and the two workers."""

    firm: Firm
    run_id: str
    its: Running
    other: Running

    async def executor(self) -> tuple[int, str]:
        """(process id that has it, state in the engine)."""
        async with self.firm.app.database.begin() as tx:
            rows = await tx.connection.execute(
                sa.text("select executor_id, status from dbos.workflow_status "
                        "where workflow_uuid = :id"), {"id": self.run_id},
            )  # fmt: skip
            executor, status = rows.one()
        return int(executor.split(":")[1]) if executor else 0, str(status)

    async def is_elsewhere(self) -> bool:
        pid, status = await self.executor()
        return pid == self.other.pid and status in ("PENDING", "SUCCESS")

    async def once(self) -> None:
        """One of everything, whoever began and ended it."""
        await self.firm.settle(seconds=60)
        assert await self.firm.holds() == []
        [customer] = await self.firm.books.rows("customer")
        assert customer["companyName"] == "Harbour Works"
        assert len(await self.firm.books.rows("job")) == 1
        assert len(self.firm.org.rows("pse__Proj__c")) == 2, "the template and one project"

    async def states(self) -> list[tuple[str, int]]:
        return await self.firm.runs("opportunity_to_project")


@asynccontextmanager
async def in_flight(
    url: str, folder: Path, seconds: float, settings: Mapping[str, str] | None = None
) -> AsyncIterator[InFlight]:
    """The ledger takes its time with the first client that it is told of."""
    async with (
        a_firm(url, folder, works=False) as firm,
        running(firm, url, "worker", settings=settings) as one,
        running(firm, url, "worker", settings=settings) as two,
    ):
        fault = {"kind": "latency", "path": STEP, "method": "PUT", "times": 1, "seconds": seconds}
        await firm.books.control("faults", fault)
        deal = await a_deal(firm, await an_account(firm))
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await firm.app.read()
        await until(lambda: _struck(firm), 30, lambda: one.said() + two.said())
        async with firm.app.database.begin() as tx:
            [run] = await tx.runs.list(flow="opportunity_to_project")
        found = InFlight(firm, run.id, one, two)
        pid, status = await found.executor()
        assert status == "PENDING"
        if pid == two.pid:
            found.its, found.other = two, one
        assert found.its.pid == pid
        yield found


async def _struck(firm: Firm) -> bool:
    async with httpx2.AsyncClient(base_url=firm.books.url) as http:
        rules = json.loads((await http.get("/__control/faults")).content)
    return any(rule["fired"] for rule in rules["faults"])


async def test_a_killed_worker_is_taken_over(database_url: str, tmp_path: Path) -> None:
    async with in_flight(database_url, tmp_path, 20) as run:
        run.its.kill()
        taken = await until(run.is_elsewhere, PROMISE, run.other.said)
        print(f"\nkill -9 of a worker: its run is taken over after {taken:.1f} s")
        assert taken < PROMISE
        await run.once()
        assert await run.states() == [("succeeded", 2)]
        assert (await run.executor())[0] == run.other.pid


async def test_a_worker_that_is_told_to_stop_ends_what_it_can(
    database_url: str, tmp_path: Path
) -> None:
    async with in_flight(database_url, tmp_path, 1.5, LONG) as run:
        took = await run.its.ended()
        print(f"\nSIGTERM while a step takes 1.5 s: gone after {took:.1f} s")
        assert took < DRAIN + MARGIN
        assert (await run.executor())[1] == "SUCCESS"
        assert await run.states() == [("succeeded", 1)], "nobody else began it"
        await run.once()


async def test_a_worker_that_is_told_to_stop_hands_the_rest_over(
    database_url: str, tmp_path: Path
) -> None:
    async with in_flight(database_url, tmp_path, 90, LONG) as run:
        took = await run.its.ended()
        assert took < DRAIN + MARGIN
        taken = await until(run.is_elsewhere, LONG_LOOK + MARGIN, run.other.said)
        print(f"\nSIGTERM while a step takes 90 s: gone after {took:.1f} s, then {taken:.1f} s")
        await run.once()
        assert await run.states() == [("succeeded", 2)]


async def test_a_killed_api_loses_nothing_that_it_acknowledged(
    database_url: str, tmp_path: Path
) -> None:
    """The org's messages are in the inbox before they are answered; a second API goes on."""
    async with (
        a_firm(database_url, tmp_path, works=False) as firm,
        running(knowing_its_org(firm), database_url, "worker") as worker,
        running(firm, database_url, "api", "--port", "0") as api,
        running(firm, database_url, "api", "--port", "0") as other,
    ):
        await firm.org.control("outbound-messages/settings", {"retry_seconds": 0.05})
        await push_to(firm, address(api))
        deal = await a_deal(firm, await an_account(firm))
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await until(lambda: delivered(firm), 20, api.said)
        api.kill()
        await until(lambda: project_is_there(firm), 120, worker.said)
        async with httpx2.AsyncClient(base_url=address(other)) as http:
            assert (await http.get("/events", params={"type": "project.opened"})).json()["events"]
        await firm.settle(seconds=60)
        assert await firm.runs("opportunity_to_project") == [("succeeded", 1)]
        assert project_of(firm, deal)["Name"]
        assert len(await firm.books.rows("job")) == 1


def knowing_its_org(firm: Firm) -> Firm:
    """An API without a worker signs in nowhere, and could not tell whose messages these are."""
    text = firm.landscape_path.read_text()
    org = f"    organization_id: {firm.org.simulator.org.org_id}\n"
    firm.landscape_path.write_text(
        text.replace("    vendor: salesforce\n", "    vendor: salesforce\n" + org, 1)
    )
    return firm


def address(api: Running) -> str:
    _, _, rest = api.said().rpartition("isthmus is up: ")
    return rest.split()[0]


async def push_to(firm: Firm, url: str) -> None:
    for sobject in ("Account", "Opportunity"):
        await firm.org.control(
            "outbound-messages",
            {"object": sobject, "fields": ["Id"], "when": None,
             "endpoint": f"{url}/webhooks/salesforce"},
        )  # fmt: skip


async def delivered(firm: Firm) -> bool:
    await asyncio.sleep(0.2)
    async with firm.app.database.begin() as tx:
        messages, _, _ = await tx.inbox.counts()
    return messages >= 2 and not firm.org.simulator.outbound.status()["pending"]


async def project_is_there(firm: Firm) -> bool:
    return len(firm.org.rows("pse__Proj__c")) == 2 and len(await firm.books.rows("job")) == 1

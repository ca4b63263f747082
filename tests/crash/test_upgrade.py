"""E7: workers are replaced by those of the next release while runs wait and are under way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.crash.processes import COMMAND, running, until
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, project_of

from isthmus.engine.replay import steps_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(280)]
NEXT_RELEASE = """
import isthmus.app
from dataclasses import replace
from isthmus.flows import FLOWS
from isthmus.flows.opportunity_to_project import opportunity_to_project as before

async def look_twice(step):
    return step.subject

async def opportunity_to_project(run):
    await run.step(look_twice)
    await before.body(run)

now = replace(before, body=opportunity_to_project, earlier=(before.body,))
isthmus.app.FLOWS = [now if flow is before else flow for flow in FLOWS]
"""
"""Of which one flow begins with another step."""


async def a_won_deal(firm: Firm, account: str, name: str) -> str:
    deal = await a_deal(firm, account, Name=name)
    await firm.org.update("Opportunity", deal, StageName="Closed Won")
    await firm.app.read(["salesforce"])
    return deal


def adopt_next(firm: Firm) -> None:
    """What reads the deals and begins their runs is of the next release, too."""
    flow = firm.app.engine.flows["opportunity_to_project"]
    firm.app.engine.flows[flow.name] = replace(flow, earlier=(flow.body,))


async def names(firm: Firm, run_id: str) -> list[str]:
    return [step.name for step in await steps_of(firm.app.engine, run_id)]


async def test_runs_go_on_by_the_flow_that_they_began_with(
    database_url: str, tmp_path: Path
) -> None:
    async with a_firm(database_url, tmp_path, works=False) as firm:

        async def waits() -> bool:
            return [h[0] for h in await firm.holds()] == ["waiting_system"]

        async def none_waits() -> bool:
            return not await firm.holds()

        await firm.app.read()
        await firm.books.control("faults", {"kind": "outage"})
        async with running(firm, database_url, "worker") as old:
            account = await an_account(firm)
            deal = await a_won_deal(firm, account, "Harbour redesign")
            await until(waits, 60, old.said)
            async with running(firm, database_url, "worker", command=NEXT_RELEASE + COMMAND) as new:
                await old.ended()
                await firm.books.clear_faults()
                await until(none_waits, 90, new.said)
                adopt_next(firm)
                later = await a_won_deal(firm, account, "Harbour survey")
                await firm.settle(60)
                async with firm.app.database.begin() as tx:
                    second, first = await tx.runs.list(flow="opportunity_to_project")
                assert await new.ended() < 60
        assert (first.state, second.state) == ("succeeded", "succeeded")
        assert first.attempts > 1
        began_before, began_after = await names(firm, first.id), await names(firm, second.id)
        assert began_before[0] == "validate_deal"
        assert began_after == ["look_twice", *began_before]
        assert project_of(firm, deal)["Name"] != project_of(firm, later)["Name"]
        assert len(await firm.books.rows("job")) == 2


async def test_a_worker_leaves_a_run_of_the_next_release_alone(
    database_url: str, tmp_path: Path
) -> None:
    """Both releases work side by side for a while; whoever takes a run of the next one and does not
    know it keeps it until it is stopped, and then the other goes on with it.
    """
    async with (
        a_firm(database_url, tmp_path, works=False) as firm,
        running(firm, database_url, "worker") as old,
    ):
        adopt_next(firm)
        await firm.app.read()
        await a_won_deal(firm, await an_account(firm), "Harbour redesign")

        async def left_alone() -> bool:
            return "run.unknown_here" in old.said()

        await until(left_alone, 60, old.said)
        async with running(firm, database_url, "worker", command=NEXT_RELEASE + COMMAND) as new:
            await old.ended()
            await firm.settle(90)
            async with firm.app.database.begin() as tx:
                [run] = await tx.runs.list(flow="opportunity_to_project")
            assert run.state == "succeeded", new.said()
            assert (await names(firm, run.id))[0] == "look_twice"
            assert await firm.holds() == []

"""B3, B4: nothing is missed or repeated at equal stamps; a value without a mapping is held."""

from __future__ import annotations

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, project_of, win

from isthmus.canonical import Customer, Project

pytestmark = pytest.mark.anyio


async def test_records_of_one_instant_are_read_once_each(firm: Firm) -> None:
    """450 accounts of one transaction share their stamp and do not fit on one page."""
    account = {"attributes": {"type": "Account"}, "CurrencyIsoCode": "EUR"}
    names = [f"Client {n:03}" for n in range(450)]
    await firm.org.control("seed", {"records": [{**account, "Name": n} for n in names]})
    assert len({r["SystemModstamp"] for r in firm.org.rows("Account")}) == 1
    reader = firm.app.readers["salesforce"]
    assert await reader.poll([Customer]) == 450
    assert await reader.poll([Customer]) == 0
    changed = await firm.events("customer.changed")
    assert len({e["subject"] for e in changed}) == len(changed) == 450

    await firm.org.control("seed", {"records": [{**account, "Name": "Client 450"}]})
    assert await reader.poll([Customer]) == 1
    assert len(await firm.events("customer.changed")) == 451


async def test_an_unmapped_value_is_held_and_heals(firm: Firm) -> None:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)["Id"]
    await firm.org.update("pse__Proj__c", project, pse__Stage__c="Pre-flight")
    await firm.read()
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "unmapped", "integration")
    assert (hold.object_kind, hold.system) == ("project", "certinia")
    assert hold.reason.startswith("pse__Proj__c.pse__Stage__c = 'Pre-flight': no mapping")
    assert "Add it to the values of this attribute" in hold.fix

    await firm.org.update("pse__Proj__c", project, pse__Stage__c="In Progress")
    await firm.read()
    assert await firm.open_holds() == []
    async with firm.app.database.begin() as tx:
        [read] = await tx.records.list(Project)
    assert read.status == "active"


async def test_a_hold_ends_though_the_value_is_the_old_one_again(firm: Firm) -> None:
    """What was unmapped is put back to what it was before: nothing changed, yet it is mended."""
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    await firm.org.update("pse__Proj__c", project["Id"], pse__Stage__c="Pre-flight")
    await firm.read()
    assert (await firm.hold()).code == "unmapped"
    stage = project["pse__Stage__c"]
    await firm.org.update("pse__Proj__c", project["Id"], pse__Stage__c=stage)
    await firm.read()
    assert await firm.open_holds() == []

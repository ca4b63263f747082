"""B3, B4: nothing is missed or repeated at equal stamps; a value without a mapping is held."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, project_of, win

from isthmus.canonical import Customer, Project

pytestmark = pytest.mark.anyio
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OF_CUSTOMERS = ("salesforce", "customer")


@pytest.mark.slow
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


async def test_a_reading_without_news_is_noted_and_its_watermark_not_stored_again(
    firm: Firm,
) -> None:
    await an_account(firm)
    reader = firm.app.readers["salesforce"]
    assert await reader.poll([Customer]) == 1
    mark = sa.text("update watermark set state = state || '{\"old\": 1}', updated_at = :at"
                   " where connection = 'salesforce' and kind = 'customer'")  # fmt: skip
    async with firm.app.database.begin() as tx:
        await tx.connection.execute(mark, {"at": LONG_AGO})
    assert await reader.poll([Customer]) == 0
    assert await _customers_read(firm) == (True, True)
    await an_account(firm, name="Another")
    assert await reader.poll([Customer]) == 1
    assert await _customers_read(firm) == (False, True)


async def _customers_read(firm: Firm) -> tuple[bool, bool]:
    """Whether the watermark is the old row's, and whether the reading was noted."""
    async with firm.app.database.begin() as tx:
        state = await tx.watermarks.get("salesforce", "customer") or {}
        [at] = [at for c, k, _, at in await tx.watermarks.list() if (c, k) == OF_CUSTOMERS]
    return "old" in state, at > LONG_AGO


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

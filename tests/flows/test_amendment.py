"""C7: an amendment changes what may be billed from its day on, and nothing before it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.work import amend, contract, ledger, under_way

pytestmark = pytest.mark.anyio


async def test_the_cap_rises_from_its_day_on(firm: Firm) -> None:
    work = await under_way(firm, Cap_Amount__c=Decimal(1500))
    await amend(work, Cap_Amount__c=Decimal(3000), Work_Starts_On__c="2026-08-01")
    assert await firm.open_holds() == []
    changed = await contract(firm)
    assert [(a.number, str(a.cap)) for a in changed.amendments] == [(1, "3,000.00 EUR")]

    await work.log(["8", "5"], "2026-07-06")
    await work.log(["8"], "2026-08-03")
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.amount) == ("cap_exceeded", Decimal(750))
    assert hold.detail["worked_on"] == "2026-07-07"
    assert "may not exceed 1,500.00 EUR" in hold.reason
    assert await ledger(firm) == [("posted", "EUR", Decimal(2400), 2)]


@pytest.mark.slow
async def test_late_work_of_an_earlier_month_counts_against_the_whole(firm: Firm) -> None:
    work = await under_way(firm, Cap_Amount__c=Decimal(1500))
    await amend(work, Cap_Amount__c=Decimal(2000), Work_Starts_On__c="2026-08-01")
    await work.log(["8"], "2026-08-03")
    await firm.read()
    await work.log(["4", "2"], "2026-07-06")
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.amount) == ("cap_exceeded", Decimal(300))
    assert "may not exceed 2,000.00 EUR" in hold.reason
    assert await ledger(firm) == [("posted", "EUR", Decimal(1800), 2)]


@pytest.mark.slow
async def test_amendments_that_arrive_in_the_wrong_order(firm: Firm) -> None:
    work = await under_way(firm, Cap_Amount__c=Decimal(1500))
    later = await amend(work, Work_Starts_On__c="2026-09-01", Amount=Decimal(1000))
    earlier = await amend(
        work, Name="First of it", Work_Starts_On__c="2026-08-01", Amount=Decimal(500)
    )
    assert await firm.open_holds() == []
    told = [e["data"] for e in await firm.events("contract.amended")]
    assert [t["number"] for t in told] == [1, 2]
    async with firm.app.database.begin() as tx:
        names = {
            deal: await tx.xref.external("opportunity", "salesforce", deal)
            for deal in (t["opportunity"] for t in told)
        }
    assert [names[t["opportunity"]] for t in told] == [later, earlier]
    changed = await contract(firm)
    assert [(str(a.effective_on), str(a.cap)) for a in changed.amendments] == [
        ("2026-08-01", "2,000.00 EUR"), ("2026-09-01", "3,000.00 EUR"),
    ]  # fmt: skip
    assert firm.org.row("Opportunity", earlier)["Delivery_Status__c"] == "contract amended"


async def test_an_amendment_of_another_company_is_held(firm: Firm) -> None:
    work = await under_way(firm)
    await amend(work, Contracting_Entity__c="EA-US", Amount=Decimal(500))
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("amendment_entity", "pmo")
    assert (hold.amount, hold.customer) == (Decimal(500), "Harbour Works")
    assert (await contract(firm)).amendments == ()

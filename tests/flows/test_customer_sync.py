"""A3, A4: the owner's word on a customer reaches every system; no other sticks or loops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.firm import Firm, a_firm, two_firms
from tests.flows.deals import a_deal, an_account, project_of, staff, win
from tests.flows.work import Work, bill

from isthmus.canonical import Customer

pytestmark = pytest.mark.anyio

ONE_LEDGER = "[{connection: netsuite}]"


@pytest.fixture
async def corrects(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    more = "ownership:\n  customer.name: {on_foreign_write: correct}\n"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        yield firm


@pytest.fixture
async def drops(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    more = "ownership:\n  customer.name: {on_foreign_write: drop}\n"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        yield firm


async def a_client(firm: Firm) -> str:
    """An account that the ledger knows as a customer, all quiet."""
    account = await an_account(firm)
    await win(firm, await a_deal(firm, account))
    await firm.read()
    assert await firm.open_holds() == []
    return account


async def rename_in_ledger(firm: Firm, name: str) -> None:
    [customer] = await firm.books.rows("customer")
    renamed = {"externalId": customer["externalId"], "companyName": name}
    await firm.books.control("seed", {"customer": [renamed]})
    await firm.read("netsuite")


async def names(firm: Firm, account: str) -> tuple[str, str, str]:
    """What the CRM, the ledger and we call the client."""
    [customer] = await firm.books.rows("customer")
    async with firm.app.database.begin() as tx:
        [ours] = await tx.records.list(Customer)
    return firm.org.row("Account", account)["Name"], customer["companyName"], ours.name


async def test_a_new_name_reaches_the_ledger(firm: Firm) -> None:
    account = await a_client(firm)
    before = len(await firm.events("customer.changed"))
    await firm.org.update("Account", account, Name="Harbour Works Group")
    await firm.read("salesforce")
    assert await names(firm, account) == ("Harbour Works Group",) * 3

    for _ in range(3):
        await firm.read()
    changed = (await firm.events("customer.changed"))[before:]
    assert [c["data"]["attributes"] for c in changed] == [["name"]]
    assert await firm.events("customer.drifted") == []


@pytest.mark.slow
async def test_the_ledgers_terms_reach_the_crm(firm: Firm) -> None:
    account = await a_client(firm)
    before = len(await firm.events("customer.changed"))
    await firm.books.control(
        "seed", {"term": [{"externalId": "net45", "name": "Net 45", "daysUntilNetDue": 45}]}
    )
    [customer] = await firm.books.rows("customer")
    terms = {"externalId": customer["externalId"], "terms": {"externalId": "net45"}}
    await firm.books.control("seed", {"customer": [terms]})
    await firm.read("netsuite")
    assert firm.org.row("Account", account)["Payment_Terms__c"] == "Net 45"

    for _ in range(3):
        await firm.read()
    changed = (await firm.events("customer.changed"))[before:]
    assert [c["data"]["attributes"] for c in changed] == [["payment_terms"]]


@pytest.mark.slow
async def test_a_foreign_name_is_told_once(firm: Firm) -> None:
    account = await a_client(firm)
    before = len(await firm.events("customer.changed"))
    await rename_in_ledger(firm, "HARBOUR WORKS BV")
    for _ in range(3):
        await firm.read()
    assert await names(firm, account) == ("Harbour Works", "HARBOUR WORKS BV", "Harbour Works")
    [drifted] = await firm.events("customer.drifted")
    assert drifted["data"] == {
        "connection": "netsuite", "attribute": "name", "kept": "Harbour Works",
        "offered": "HARBOUR WORKS BV",
    }  # fmt: skip
    async with firm.app.database.begin() as tx:
        [row] = await tx.drifts.list()
    assert (row.attribute, row.owner, row.policy) == ("name", "crm", "drift")
    assert len(await firm.events("customer.changed")) == before


async def test_a_foreign_name_is_corrected_at_its_source(corrects: Firm) -> None:
    account = await a_client(corrects)
    before = len(await corrects.events("customer.changed"))
    await rename_in_ledger(corrects, "HARBOUR WORKS BV")
    for _ in range(3):
        await corrects.read()
    assert await names(corrects, account) == ("Harbour Works",) * 3
    assert len(await corrects.events("customer.correction_due")) == 1
    assert await corrects.runs("customer_correction") == [("succeeded", 1)]
    assert len(await corrects.events("customer.changed")) == before


@pytest.mark.slow
async def test_a_foreign_name_is_dropped(drops: Firm) -> None:
    account = await a_client(drops)
    before = len(await drops.events("customer.changed"))
    await rename_in_ledger(drops, "HARBOUR WORKS BV")
    for _ in range(3):
        await drops.read()
    assert await names(drops, account) == ("Harbour Works", "HARBOUR WORKS BV", "Harbour Works")
    assert await drops.events("customer.drifted") == []
    assert await drops.events("customer.correction_due") == []
    assert len(await drops.events("customer.changed")) == before


async def working(firm: Firm, account: dict[str, Any], rate: int, **deal: Any) -> Work:
    won = await a_deal(firm, await an_account(firm, **account), **deal)
    await win(firm, won)
    project = project_of(firm, won)
    work = Work(firm, won, project, await staff(firm, project, Decimal(rate)))
    await firm.read()
    return work


@pytest.mark.slow
async def test_each_company_has_its_own_crm_and_ledger(database_url: str, tmp_path: Path) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        ours = await working(dutch, {}, 150)
        theirs = await working(
            american, {"Name": "Quarry", "BillingCountry": "US", "CurrencyIsoCode": "USD",
                       "Tax_Registration__c": None}, 165,
            Name="Quarry", CurrencyIsoCode="USD", Contracting_Entity__c="EA-US",
        )  # fmt: skip
        for firm, name in ((dutch, "Harbour Works"), (american, "Quarry")):
            assert [c["companyName"] for c in await firm.books.rows("customer")] == [name]
        await american.books.control("periods", {"period": "Jul 2026", "closed": True})
        await ours.log(["8"])
        await theirs.log(["2"])
        await dutch.read()
        hold = await dutch.hold()
        assert (hold.state, hold.period, hold.system) == (
            "waiting_period", "Jul 2026", "netsuite_us",
        )  # fmt: skip
        assert (hold.customer, hold.amount, hold.currency) == ("Quarry", Decimal(330), "USD")
        assert len(await dutch.books.rows("timeBill")) == 1
        assert await american.books.rows("timeBill") == []
        assert await dutch.app.waker.wake() == 0

        await american.books.control("periods", {"period": "Jul 2026", "closed": False})
        await dutch.read("netsuite_us")
        await dutch.wake()
        assert await bill(dutch) == 2
        await dutch.read()
        assert await dutch.open_holds() == []
        for firm, total in ((dutch, "1452.00"), (american, "330.00")):
            assert [i["total"] for i in await firm.books.rows("invoice")] == [Decimal(total)]
            [shown] = firm.org.rows("Isthmus_Invoice__c")
            assert (shown["Status__c"], shown["Total__c"]) == ("posted", Decimal(total))
            assert [s["pse__Invoiced__c"] for s in firm.org.rows("pse__Timecard__c")] == [True]


async def test_one_client_of_both_crms_is_one_customer(database_url: str, tmp_path: Path) -> None:
    """Both firms sold to it before the acquisition; the ledger has it once."""
    async with two_firms(database_url, tmp_path, erp=ONE_LEDGER) as (ours, theirs):
        await ours.read("netsuite")  # its companies are known before the first deal is won
        first = await an_account(ours)
        second = await an_account(theirs, Name="Harbour Works N.V.")
        await win(ours, await a_deal(ours, first))
        deal = await a_deal(theirs, second, Name="Harbour US", Contracting_Entity__c="EA-US")
        await win(theirs, deal)
        assert await ours.open_holds() == []
        assert len(await ours.books.rows("customer")) == 1
        assert len(await ours.books.rows("job")) == 2
        async with ours.app.database.begin() as tx:
            [customer] = await tx.records.list(Customer)
            known = {(s, e) for k, s, e in await tx.xref.all_of(customer.id) if k == "customer"}
        assert {("salesforce", first), ("acquired", second)} < known
        assert len(await ours.events("customer.merged")) == 1

        await ours.org.update("Account", first, Name="Harbour Works Group")
        await ours.read()
        assert theirs.org.row("Account", second)["Name"] == "Harbour Works Group"
        [kept] = await ours.books.rows("customer")
        assert kept["companyName"] == "Harbour Works Group"

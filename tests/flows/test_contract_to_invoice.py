"""D: what was rated is invoiced, once, to the cent, in the period that was asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, project_of, staff, win
from tests.flows.work import Work, bill, ledger, posted, under_way

from isthmus.flows.contract_to_invoice import request_billing

pytestmark = pytest.mark.anyio


async def invoices(firm: Firm) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """(currency, before tax, tax, to pay) of the ledger's invoices, in their order."""
    symbols = {c["id"]: c["symbol"] for c in await firm.books.rows("currency")}
    return [
        (symbols[i["currency"]["id"]], i["subtotal"], i["taxTotal"], i["total"])
        for i in await firm.books.rows("invoice")
    ]


async def period_of(firm: Firm, invoice: dict[str, Any]) -> str:
    names = {p["id"]: p["periodName"] for p in await firm.books.rows("accountingPeriod")}
    return str(names[invoice["postingPeriod"]["id"]])


async def test_two_companies_three_currencies_two_regimes(firm: Firm) -> None:
    await firm.books.settings(tax_rates={"NL": "21", "US-NY": "8.875"})
    await firm.org.seed(
        "pse__Rate_Card__c", pse__Role__c="Consultant", CurrencyIsoCode="GBP",
        pse__Suggested_Bill_Rate__c=Decimal("133.33"), pse__Start_Date__c="2026-01-01",
    )  # fmt: skip
    dutch = await under_way(firm)
    german = await under_way(
        firm, {"Name": "Bergwerk", "BillingCountry": "Germany", "BillingCity": "Bonn",
               "Tax_Registration__c": "DE136695976"}, Name="Bergwerk",
    )  # fmt: skip
    british = await under_way(
        firm, {"Name": "Colliery", "BillingCountry": "United Kingdom", "BillingCity": "Leeds",
               "Tax_Registration__c": None, "CurrencyIsoCode": "GBP"},
        Name="Colliery", CurrencyIsoCode="GBP",
    )  # fmt: skip
    american = await under_way(
        firm, {"Name": "Quarry", "BillingCountry": "United States", "BillingCity": "New York",
               "BillingState": "NY", "Tax_Registration__c": None, "CurrencyIsoCode": "USD"},
        rate=165, Name="Quarry", CurrencyIsoCode="USD", Contracting_Entity__c="EA-US",
    )  # fmt: skip
    await british.set_assignment(pse__Bill_Rate__c=Decimal("133.33"))
    for work in (dutch, german, british, american):
        await work.log(["7.75", "0.5"])
    await firm.read()
    assert await firm.open_holds() == []
    facts = sorted(await ledger(firm), key=lambda f: f[1])
    assert facts == [
        ("posted", "EUR", Decimal("2475.00"), 4),
        ("posted", "GBP", Decimal("1099.98"), 2),
        ("posted", "USD", Decimal("1361.25"), 2),
    ]

    assert await bill(firm) == 4
    assert await firm.open_holds() == []
    assert sorted(await invoices(firm)) == [
        ("EUR", Decimal("1237.50"), Decimal("0.00"), Decimal("1237.50")),
        ("EUR", Decimal("1237.50"), Decimal("259.88"), Decimal("1497.38")),
        ("GBP", Decimal("1099.98"), Decimal("0.00"), Decimal("1099.98")),
        ("USD", Decimal("1361.25"), Decimal("120.81"), Decimal("1482.06")),
    ]
    subsidiaries = {s["id"]: s["name"] for s in await firm.books.rows("subsidiary")}
    kept = Counter(subsidiaries[i["subsidiary"]["id"]] for i in await firm.books.rows("invoice"))
    assert kept == {"Example NL": 3, "Example US": 1}
    for invoice in await firm.books.rows("invoice"):
        lines = invoice["item"]["items"]
        assert sum((line["amount"] for line in lines), Decimal(0)) == invoice["subtotal"]
        assert await period_of(firm, invoice) == "Jul 2026"
    assert sorted(f[:2] for f in await ledger(firm)) == [
        ("invoiced", "EUR"), ("invoiced", "GBP"), ("invoiced", "USD"),
    ]  # fmt: skip
    assert await bill(firm) == 0


async def the_first(firm: Firm, record: str) -> dict[str, Any]:
    """Waits for it."""
    for _ in range(400):
        if rows := await firm.books.rows(record):
            return rows[0]
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {record} was made")


async def milestones(firm: Firm) -> Work:
    deal = await a_deal(
        firm, await an_account(firm), Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal("12000.50"), "2026-07-31"),
               ("Build", Decimal(1), Decimal("20000.25"), "2026-08-31")],
    )  # fmt: skip
    await win(firm, deal)
    return Work(firm, deal, {}, "")


async def accept(firm: Firm, name: str, day: str) -> None:
    [id] = [m["Id"] for m in firm.org.rows("pse__Milestone__c") if m["Name"] == name]
    await firm.org.update(
        "pse__Milestone__c", id, pse__Status__c="Approved", pse__Actual_Date__c=day,
        pse__Approved__c=True, pse__Include_In_Financials__c=True,
        pse__Approved_for_Billing__c=True,
    )  # fmt: skip
    await firm.read()


async def test_an_accepted_milestone_is_invoiced_once(firm: Firm) -> None:
    work = await milestones(firm)
    project = project_of(firm, work.deal)
    await firm.org.update("pse__Proj__c", project["Id"], Profit_Centre__c="PC-A")
    await accept(firm, "Design", "2026-07-20")
    assert await firm.open_holds() == []
    assert await invoices(firm) == [
        ("EUR", Decimal("12000.50"), Decimal("2520.11"), Decimal("14520.61")),
    ]  # fmt: skip
    [invoice] = await firm.books.rows("invoice")
    [line] = invoice["item"]["items"]
    assert (line["description"], line["quantity"]) == ("Design", Decimal(1))
    [advisory] = await firm.books.rows("classification")
    assert line["class"]["id"] == advisory["id"]
    rows = {m["Name"]: m for m in firm.org.rows("pse__Milestone__c")}
    assert rows["Design"]["pse__Invoiced__c"] is True
    assert rows["Design"]["pse__Invoice_Number__c"] == invoice["tranId"]
    assert not rows["Build"]["pse__Invoiced__c"]

    await firm.read()
    assert await bill(firm, date(2026, 12, 31)) == 0
    assert len(await invoices(firm)) == 1
    assert await firm.runs("milestone_to_invoice") == [("succeeded", 1)]


async def test_a_closed_period_is_waited_for_and_not_changed(firm: Firm) -> None:
    """NetSuite's preference would move the invoice to another period without a word."""
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await firm.books.control("periods", {"period": "Jul 2026", "closed": True})
    await firm.books.settings(default_period_when_closed="first_open")
    await firm.read("netsuite")
    assert await bill(firm) == 1
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("waiting_period", "period_closed", "finance")
    assert (hold.period, hold.amount, hold.currency) == ("Jul 2026", Decimal(1200), "EUR")
    assert hold.customer == "Harbour Works"
    assert await invoices(firm) == []
    assert await firm.app.waker.wake() == 0

    await firm.books.control("periods", {"period": "Jul 2026", "closed": False})
    await firm.read("netsuite")
    await firm.wake()
    assert await firm.open_holds() == []
    [invoice] = await firm.books.rows("invoice")
    assert (invoice["tranDate"], await period_of(firm, invoice)) == ("2026-07-31", "Jul 2026")


@pytest.mark.slow
async def test_a_period_that_the_ledger_changed_is_found_out(firm: Firm) -> None:
    """The answer is slow and then lost; meanwhile somebody moves the invoice to August."""
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await firm.books.control(
        "faults",
        {
            "kind": "timeout_after_commit",
            "path": "/record/v1/invoice",
            "method": "PUT",
            "times": 1,
            "seconds": 1.5,
        },
    )
    await request_billing(firm.app.engine, date(2026, 7, 31), "person@firm.example")
    invoice = await the_first(firm, "invoice")
    [august] = [p for p in await firm.books.rows("accountingPeriod") if "Aug" in p["periodName"]]
    moved = {"externalId": invoice["externalId"], "postingPeriod": {"id": august["id"]}}
    await firm.books.control("seed", {"invoice": [moved]})
    await firm.settle()
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "ledger_differs", "finance")
    assert hold.reason == (
        f"invoice {invoice['tranId']} was moved to another accounting period by the ledger"
    )
    assert (hold.amount, hold.customer) == (Decimal(1200), "Harbour Works")
    assert len(await invoices(firm)) == 1


async def test_an_outage_is_waited_for_and_one_invoice_posted(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await firm.books.control("faults", {"kind": "outage"})
    assert await bill(firm) == 1
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.system) == ("waiting_system", "unavailable", "netsuite")
    assert (hold.amount, hold.customer) == (Decimal(1200), "Harbour Works")
    assert await firm.app.waker.wake() == 0
    assert await bill(firm) == 0

    await firm.books.clear_faults()
    await firm.wake()
    assert await firm.open_holds() == []
    assert await invoices(firm) == [("EUR", Decimal(1200), Decimal("252.00"), Decimal("1452.00"))]
    assert [state for state, _ in await firm.runs("contract_to_invoice")] == ["succeeded"]


async def test_a_lost_answer_makes_no_second_invoice(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await firm.books.control(
        "faults", {"kind": "timeout_after_commit", "path": "/record/v1/invoice", "method": "PUT",
                   "times": 1},
    )  # fmt: skip
    await bill(firm)
    await firm.wake()
    assert await firm.open_holds() == []
    assert await invoices(firm) == [("EUR", Decimal(1200), Decimal("252.00"), Decimal("1452.00"))]


@pytest.mark.slow
async def test_tokens_that_die_on_the_way_are_renewed(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await firm.books.control("revoke-tokens")
    await firm.org.control("revoke-tokens", {})
    assert await bill(firm) == 1
    await firm.org.control("revoke-tokens", {})
    await firm.books.control("revoke-tokens")
    await firm.read()
    assert await firm.open_holds() == []
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Total__c"]) == ("posted", Decimal("1452.00"))


@pytest.mark.slow
async def test_one_refused_hour_does_not_stop_the_others(firm: Firm) -> None:
    """The ledger does not know the second consultant."""
    work = await under_way(firm)
    unknown = await firm.org.seed(
        "Contact", FirstName="Consultant", LastName="Three", pse__Is_Resource__c=True,
        pse__Is_Resource_Active__c=True, Employee_Number__c="E003", Cost_Centre__c="CC-10",
        Practice_Role__c="Consultant",
    )  # fmt: skip
    await work.log(["8", "5"])
    other = work._replace(assignment=await staff(firm, work.project, person=unknown))
    await other.log(["4"], pse__Resource__c=unknown)
    await firm.read()
    hold = await firm.hold()
    assert (hold.state, hold.flow) == ("held", "time_to_invoice")
    assert hold.customer == "Harbour Works"
    assert len(await posted(firm)) == 2
    assert sorted(await ledger(firm)) == [
        ("posted", "EUR", Decimal(1950), 2), ("rated", "EUR", Decimal(600), 1),
    ]  # fmt: skip
    await bill(firm)
    assert [i[1] for i in await invoices(firm)] == [Decimal(1950)]

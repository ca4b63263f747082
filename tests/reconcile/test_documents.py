"""Invoices that sales sees, and clients that both systems know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import an_account
from tests.flows.work import Work, bill, entries, posted, under_way
from tests.reconcile.reconciling import (
    breaks,
    compared,
    in_books,
    known,
    put_in_books,
    told,
    totals,
)

from isthmus.reconcile.repairing import ask_repair

pytestmark = pytest.mark.anyio
FIXER = "fixer@firm.example"


async def repaired(firm: Firm, name: str) -> str:
    """The one break of the latest run, repaired; what was said before."""
    async with firm.app.database.begin() as tx:
        [latest] = await tx.reconciliations.list(name=name, limit=1)
    [found] = await breaks(firm, latest)
    said = await ask_repair(firm.app.engine, found.code, FIXER)
    await firm.settle()
    return said.says


def shown_to_sales(firm: Firm) -> dict[str, Any]:
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    return shown


async def test_invoices_and_clients(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await bill(firm)
    await firm.read()
    await an_account(firm, Name="Only a prospect", Tax_Registration__c=None)
    assert await firm.open_holds() == []
    for name in ("invoices", "customers", "time"):
        assert await told(firm, await compared(firm, name)) == []

    await what_sales_sees_is_written_again(firm)
    await lost_hours_are_posted_again(firm)
    await a_lost_invoice_is_not(firm)
    await clients_are_told_what_their_owner_says(firm, work)


async def what_sales_sees_is_written_again(firm: Firm) -> None:
    await firm.org.update("Isthmus_Invoice__c", shown_to_sales(firm)["Id"], Status__c="paid")
    [invoice] = in_books(firm, "invoice")
    await firm.books.control("pay", {"invoice": invoice["id"], "amount": 452, "date": "2026-08-01"})
    run = await compared(firm, "invoices")
    assert await told(firm, run) == [
        (
            "invoice INV1-00001 of 1,452.00 EUR: status partially_paid / paid; "
            "amount_due 1000 EUR / 1452 EUR (in the ledger / shown to sales)",
            "unexplained",
        )
    ]
    assert await repaired(firm, "invoices") == (
        "invoice INV1-00001 of 1,452.00 EUR will be read from netsuite and written to salesforce"
    )
    assert (shown_to_sales(firm)["Status__c"], shown_to_sales(firm)["Amount_Due__c"]) == (
        "partially_paid", Decimal(1000),
    )  # fmt: skip

    await firm.org.control("delete", {"ids": [shown_to_sales(firm)["Id"]]})
    run = await compared(firm, "invoices")
    assert await told(firm, run) == [
        ("invoice INV1-00001 of 1,452.00 EUR is in the ledger and not shown to sales",
         "unexplained"),
    ]  # fmt: skip
    _, total = await totals(firm, run)
    assert (total.source_count, total.target_count) == (1, 0)
    assert (total.source_amount, total.target_amount, total.matched) == (1452, 0, 0)
    await repaired(firm, "invoices")
    assert await told(firm, await compared(firm, "invoices")) == []
    assert shown_to_sales(firm)["Total__c"] == Decimal(1452)


async def lost_hours_are_posted_again(firm: Firm) -> None:
    [bill_of_hours] = in_books(firm, "timeBill")
    firm.books.simulator.books.delete("timeBill", bill_of_hours["id"])
    assert len(await told(firm, await compared(firm, "time"))) == 1
    await repaired(firm, "time")
    assert await posted(firm) == [("2026-07-06", Decimal(8), 150)]
    assert await entries(firm) == {"invoiced": 1}, "it stays on its invoice"
    assert await told(firm, await compared(firm, "time")) == []


async def a_lost_invoice_is_not(firm: Firm) -> None:
    [booked] = in_books(firm, "invoice")
    firm.books.simulator.books.delete("invoice", booked["id"])
    run = await compared(firm, "invoices")
    assert [finding for finding, _ in await told(firm, run)] == [
        "invoice INV1-00001 of 1,200.00 EUR is billed here and not in the ledger",
        "invoice INV1-00001 of 1,452.00 EUR is shown to sales and not in the ledger",
    ]
    billed, _ = await breaks(firm, run)
    await ask_repair(firm.app.engine, billed.code, FIXER)
    await firm.settle()
    assert in_books(firm, "invoice") == [], "a document is not posted behind an accountant's back"
    assert [(h.code, h.amount) for h in await firm.open_holds()] == [("reconciled_missing", 1200)]
    put_in_books(firm, "invoice", booked)
    assert await told(firm, await compared(firm, "invoices")) == []


async def clients_are_told_what_their_owner_says(firm: Firm, work: Work) -> None:
    [client] = in_books(firm, "customer")
    account = work.firm.org.row("Opportunity", work.deal)["AccountId"]
    await firm.org.update("Account", account, Payment_Terms__c="Net 60")
    put_in_books(firm, "customer", client, companyName="Harbor Works")
    stranger = {"companyName": "Unknown Ltd", "subsidiary": {"externalId": "EA-NL"},
                "isPerson": False}  # fmt: skip
    run = await compared(firm, "customers")
    assert await told(firm, run) == [
        (
            "client Harbour Works: name Harbour Works / Harbor Works; payment_terms Net 60 / "
            "Net 30 (in the CRM / in the ledger)",
            "unexplained",
        )
    ]
    assert await repaired(firm, "customers") == (
        "name, payment_terms of client Harbour Works will be written to netsuite or salesforce, "
        "from the system that owns it"
    )
    assert in_books(firm, "customer")[0]["companyName"] == "Harbour Works", "sales names a client"
    assert firm.org.row("Account", account)["Payment_Terms__c"] == "Net 30", "the ledger's terms"
    [before] = await breaks(firm, run)
    await firm.books.control("seed", {"customer": [stranger]})
    [(finding, _)] = await told(firm, await compared(firm, "customers"))
    assert finding == "client Unknown Ltd is in the ledger and not in the CRM"
    assert (await known(firm, before.code)).cause == "repaired"

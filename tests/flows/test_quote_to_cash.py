"""One deal through all systems, to the cent."""

from datetime import date
from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff, win

from isthmus.flows.contract_to_invoice import request_billing

pytestmark = pytest.mark.anyio


async def test_a_won_deal_is_paid(firm: Firm) -> None:
    account = await an_account(firm)
    deal = await a_deal(firm, account)
    await firm.read()
    assert firm.org.rows("pse__Proj__c")[0]["Name"] == "Advisory template"

    await win(firm, deal)
    assert await firm.holds() == []
    project = project_of(firm, deal)
    assert project["Name"] == "Harbour redesign"
    assert firm.org.row("Opportunity", deal)["Delivery_Status__c"] == "project opened"
    assert firm.org.row("Opportunity", deal)["PSA_Project_Id__c"] == project["Id"]
    [customer] = await firm.books.rows("customer")
    assert customer["companyName"] == "Harbour Works"
    [job] = await firm.books.rows("job")
    assert job["companyName"] == "Harbour redesign"
    [demand] = firm.org.rows("pse__Resource_Request__c")
    assert demand["pse__SOW_Hours__c"] == Decimal(100)

    assignment = await staff(firm, project)
    await log_week(firm, project, assignment, "2026-07-06", ["8", "7.5", "8", "8", "4"])
    await log_week(firm, project, assignment, "2026-07-13", ["8"], approved=False)
    await firm.read()
    assert await firm.holds() == []
    bills = await firm.books.rows("timeBill")
    assert [(b["tranDate"], b["hours"], b["rate"]) for b in bills] == [
        ("2026-07-06", "8", Decimal(150)),
        ("2026-07-07", "7.5", Decimal(150)),
        ("2026-07-08", "8", Decimal(150)),
        ("2026-07-09", "8", Decimal(150)),
        ("2026-07-10", "4", Decimal(150)),
    ]

    assert await request_billing(firm.app.engine, date(2026, 7, 31), "person@firm.example") == 1
    await firm.settle()
    assert await firm.holds() == []
    [invoice] = await firm.books.rows("invoice")
    assert (invoice["subtotal"], invoice["taxTotal"], invoice["total"]) == (
        Decimal("5325.00"), Decimal("1118.25"), Decimal("6443.25"),
    )  # fmt: skip
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Total__c"]) == ("posted", Decimal("6443.25"))

    await firm.books.control("pay", {"invoice": str(invoice["id"]), "amount": 1000,
                                     "date": "2026-08-10"})  # fmt: skip
    await firm.read("netsuite")
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Amount_Due__c"]) == ("partially_paid", Decimal("5443.25"))
    await firm.books.control("pay", {"invoice": str(invoice["id"]), "date": "2026-08-20"})
    await firm.read("netsuite")
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Amount_Due__c"]) == ("paid", Decimal(0))
    [split] = [s for s in firm.org.rows("pse__Timecard__c") if s["pse__Invoiced__c"]]
    assert split["pse__Invoice_Number__c"] == invoice["tranId"]

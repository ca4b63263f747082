"""The command line on an expense: explained, told, counted."""

import json

import pytest
from tests.cli.conftest import Isthmus
from tests.firm import Firm
from tests.flows.expenses import spend
from tests.flows.work import under_way

pytestmark = pytest.mark.anyio


async def test_an_expense_is_explained_from_its_receipt(firm: Firm, isthmus: Isthmus) -> None:
    work = await under_way(firm)
    line = await spend(work, "121.00")
    await spend(work, "15.00", pse__Billable__c=False)
    await spend(work, "60.00", pse__Lost_Receipt__c=True)
    await firm.read()
    assert (await isthmus("bill", "--up-to", "2026-07-31")).code == 0
    await firm.settle()
    [invoice] = await firm.books.rows("invoice")

    explained = (await isthmus("explain", "EXP-1")).out
    for part in (
        "expense EXP-1  invoiced  Consultant One, Taxi 121.00 EUR on 2026-07-06",
        "project Harbour redesign, approved, the client pays it, the employee gets it back",
        f"certinia: {line}",
        "2026-07-06  Consultant One  Taxi x 121.00 EUR = 121.00 EUR",
        "looked for 121.00 EUR on the receipt, found billed at 121.00 EUR",
        f"invoice {invoice['tranId']}",
        "cost in no ledger",
        "deal Harbour redesign",
    ):
        assert part in explained
    held = json.loads((await isthmus("explain", "EXP-3", "--json")).out)
    assert (held["kind"], held["state"], held["facts"]) == ("expense_entry", "held", [])
    [hold] = held["holds"]
    shown = (await isthmus("explain", invoice["tranId"])).out
    assert "expense: 1 x 121.00 EUR" in shown
    assert "= sum of 1 facts, difference 0" in shown

    project = json.loads((await isthmus("explain", work.project["Id"], "--json")).out)
    assert project["expenses"] == {"held": 1, "invoiced": 1, "unbillable": 1}
    assert [h["label"] for h in project["holds"]] == [hold["label"]]
    told = await isthmus("explain", work.project["Id"])
    assert "expenses: 1 held, 1 invoiced, 1 unbillable" in told.out

    status = json.loads((await isthmus("status", "--json")).out)
    assert [(e["state"], e["entries"], e["value"]) for e in status["expenses"]] == [
        ("held", 1, "60.00"), ("invoiced", 1, "121.00"),
    ]  # fmt: skip
    journey = (await isthmus("journey", held["id"])).out
    assert hold["label"] in journey
    assert (await isthmus("hold", "fix", hold["label"], "has_receipt=true")).code == 0
    replayed = await isthmus("hold", "replay", hold["label"])
    assert "the expense entry is in a new batch and is rated again" in replayed.out
    await firm.settle()
    assert await firm.holds() == []

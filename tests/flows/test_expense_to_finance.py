"""C4: an approved expense is billed to the cent, apart from the work; a bad one is held alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from tests.firm import Firm
from tests.flows.deals import staff
from tests.flows.expenses import (
    APPROVED,
    LINE,
    a_report,
    add_line,
    agree,
    approve,
    edit_line,
    expenses,
    facts,
    said,
    spend,
)
from tests.flows.work import Work, bill, entries, ledger, replay_all, under_way
from tests.sampled import sampled

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.terms import CategoryRule
from isthmus.flows.explain import explain_expense, explain_invoice
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio

Act = Callable[[Work], Awaitable[Any]]


async def test_time_and_expenses_are_billed_on_one_invoice(firm: Firm) -> None:
    work = await under_way(firm)
    await agree(firm, markup_percent=Decimal(10))
    await work.log(["8"])
    report = await a_report(work)
    taxi = await add_line(
        work, report, "121.00", "2026-07-07", pse__Incurred_Tax__c=Decimal(21),
        pse__Incurred_Tax_Non_Billable__c=True,
    )  # fmt: skip
    own = await add_line(work, report, "15.00", "2026-07-08", pse__Billable__c=False)
    late = await add_line(work, report, "80.00", "2026-08-03", pse__Type__c="Airfare")
    await approve(work, report)
    await firm.read()
    assert await firm.open_holds() == []
    assert await expenses(firm) == {"posted": 2, "unbillable": 1}
    assert await said(firm, "rate_expenses") == {"rated": 2, "held": 0, "unbillable": 1}
    assert await said(firm, "post_expenses") == {
        "posted": 2, "unbillable": 1, "costs_not_booked": ["netsuite"],
    }  # fmt: skip

    assert await bill(firm) == 1
    assert await firm.open_holds() == []
    [invoice] = await firm.books.rows("invoice")
    assert (invoice["subtotal"], invoice["taxTotal"], invoice["total"]) == (
        Decimal("1310.00"), Decimal("275.10"), Decimal("1585.10"),
    )  # fmt: skip
    items = {i["id"]: i["itemId"] for i in await firm.books.rows("serviceSaleItem")}
    assert [
        (items[n["item"]["id"]], n["quantity"], n["amount"], n["description"])
        for n in invoice["item"]["items"]
    ] == [
        ("Consulting", Decimal(8), Decimal("1200.00"),
         "Consultant, Consultant One, 2026-07-06 to 2026-07-06"),
        ("Expenses", Decimal(1), Decimal("110.00"), "Taxi, Consultant One, 2026-07-07"),
    ]  # fmt: skip
    assert await expenses(firm) == {"invoiced": 1, "posted": 1, "unbillable": 1}
    assert await entries(firm) == {"invoiced": 1}
    marks = {line: firm.org.row(LINE, line) for line in (taxi, own, late)}
    assert (marks[taxi]["pse__Invoice_Number__c"], marks[taxi]["pse__Invoice_Date__c"]) == (
        invoice["tranId"], "2026-07-31",
    )  # fmt: skip
    assert [marks[line]["pse__Invoiced__c"] for line in (taxi, own, late)] == [True, False, False]
    await firm.read()
    assert await firm.open_holds() == [], "our own marks are no change"
    await _explained(firm, taxi, invoice["tranId"])


async def _explained(firm: Firm, line: str, number: str) -> None:
    async with firm.app.database.begin() as tx:
        [named] = await tx.lookup.named("EXP-1")
        assert await tx.lookup.named(line) == [
            type(named)("expense_entry", named.id, "id in certinia")
        ]
        found = await explain_expense(tx, named.id)
        [invoice] = await tx.lookup.named(number)
        lines = (await explain_invoice(tx, invoice.id)).lines
    assert (found.number, found.person, found.category, found.amount, found.invoice) == (
        "EXP-1", "Consultant One", "Taxi", Money.of("121.00", "EUR"), number,
    )  # fmt: skip
    assert [f.trail for f in found.facts] == [[{
        "scope": "expense terms of the contract",
        "looked_for": "121.00 EUR on the receipt, 21.00 EUR of it tax that we recover",
        "found": "billed at 110.00 EUR",
    }]]  # fmt: skip
    assert [(n.kind, n.difference, [f.systems for f in n.facts]) for n in lines[1:]] == [
        ("expense", Money.zero("EUR"), [{"certinia": line}])
    ]


class Bad(NamedTuple):
    """An expense that cannot pass as it was entered, and the edit that mends it."""

    code: str
    owner: str
    reason: str
    amount: str
    day: str
    spoiled: dict[str, Any]
    mended: dict[str, Any]


BAD = [
    Bad("receipt_missing", "pmo", "the receipt for Taxi of 25.01 EUR is lost", "25.01",
        "2026-07-06", {"pse__Lost_Receipt__c": True}, {"pse__Lost_Receipt__c": False}),
    Bad("over_limit", "finance", "passes the limit of 200.00 EUR in contract", "260.00",
        "2026-07-07", {"pse__Type__c": "Airfare"},
        {"pse__Non_Billable_Incurred_Amount__c": Decimal(60)}),
    Bad("currency_differs", "finance", "50.00 USD was spent, and contract", "50.00",
        "2026-07-08", {"CurrencyIsoCode": "USD"}, {"CurrencyIsoCode": "EUR"}),
    Bad("amount_invalid", "pmo", "tax of 40.01 EUR is no part of the 40.00 EUR", "40.00",
        "2026-07-09", {"pse__Incurred_Tax__c": Decimal("40.01")},
        {"pse__Incurred_Tax__c": Decimal("6.67")}),
    Bad("outside_contract", "finance", "covers 2026-06-01 to 2026-08-31", "30.00",
        "2026-09-01", {}, {"pse__Expense_Date__c": "2026-08-31"}),
    Bad("period_missing", "finance", "no accounting period that covers 2026-06-30", "20.00",
        "2026-06-30", {}, {"pse__Expense_Date__c": "2026-07-10"}),
]  # fmt: skip


async def test_bad_expenses_are_held_while_the_others_go_on(firm: Firm) -> None:
    work = await under_way(firm, Work_Starts_On__c="2026-06-01", Work_Ends_On__c="2026-08-31")
    await agree(
        firm, receipt_above=Money.of(25, "EUR"),
        categories=(CategoryRule(category="Airfare", limit=Money.of(200, "EUR")),),
    )  # fmt: skip
    report = await a_report(work)
    await add_line(work, report, "25.00", "2026-07-06", pse__Lost_Receipt__c=True)
    lines = [await add_line(work, report, b.amount, b.day, **b.spoiled) for b in BAD]
    await approve(work, report)
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal("25.00"), 1)]
    async with firm.app.database.begin() as tx:
        known = await tx.expenses.by_external("certinia", lines)
    held = {h.object_id: h for h in await firm.open_holds()}
    for line, bad in zip(lines, BAD, strict=True):
        hold = held.pop(known[line].entry.id)
        assert (hold.code, hold.owner) == (bad.code, bad.owner)
        assert bad.reason in hold.reason
        assert (hold.state, hold.amount, hold.customer) == (
            "held", Decimal(bad.amount), "Harbour Works",
        )  # fmt: skip
        assert "Consultant One on Harbour redesign" in hold.reason
        assert hold.object_kind == "expense_entry"
    assert held == {}

    for line, bad in zip(lines, BAD, strict=True):
        await edit_line(work, line, **bad.mended)
    await firm.read()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal("390.01"), 7)]


PLACES: dict[str, tuple[str, Act, Act]] = {
    "project_closed": (
        "pmo",
        lambda w: w.set_project(pse__Closed_for_Expense_Entry__c=True),
        lambda w: w.set_project(pse__Closed_for_Expense_Entry__c=False),
    ),
    "cost_centre_missing": (
        "finance",
        lambda w: w.firm.org.update("Contact", w.firm.org.ids["E001"], Cost_Centre__c="CC-99"),
        lambda w: w.firm.org.update("Contact", w.firm.org.ids["E001"], Cost_Centre__c="CC-10"),
    ),
    "profit_centre_missing": (
        "finance",
        lambda w: w.set_project(Profit_Centre__c=None),
        lambda w: w.set_project(Profit_Centre__c="PC-A"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("code", sampled(PLACES, 1))
async def test_an_expense_without_a_place_is_held_and_mended(firm: Firm, code: str) -> None:
    owner, spoil, mend = PLACES[code]
    work = await under_way(firm)
    await spend(work, "121.00")
    await spoil(work)
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.amount) == (code, owner, Decimal("121.00"))
    assert await ledger(firm) == []
    await mend(work)
    await firm.read()
    await replay_all(firm)
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal("121.00"), 1)]


@pytest.mark.slow
async def test_an_unapproved_expense_never_passes(firm: Firm) -> None:
    work = await under_way(firm)
    drafts, said_so = await a_report(work), await a_report(work, pse__Status__c="Approved")
    await add_line(work, drafts, "10.00", "2026-07-06")
    await add_line(work, drafts, "20.00", "2026-07-06", **APPROVED)
    await add_line(work, said_so, "30.00", "2026-07-06", pse__Status__c="Approved")
    await firm.read()
    assert await expenses(firm) == {"unapproved": 3}
    assert await facts(firm) == []
    assert await firm.runs("expense_to_finance") == []
    assert await bill(firm) == 0
    await approve(work, said_so)
    await firm.read()
    assert await expenses(firm) == {"unapproved": 2, "posted": 1}
    assert await ledger(firm) == [("posted", "EUR", Decimal("30.00"), 1)]


@pytest.mark.slow
async def test_what_is_read_twice_is_billed_once(firm: Firm) -> None:
    work = await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    certinia = firm.app.connected["certinia"]
    again = await certinia.system.get(ExpenseEntry, line)
    assert again is not None
    await firm.app.ingest.take(certinia, [again, again])
    await firm.read()
    assert await firm.runs("expense_to_finance") == [("succeeded", 1)]
    assert [f.amount for f in await facts(firm)] == [Decimal("121.00")]


@pytest.mark.slow
async def test_a_closed_period_is_waited_for(firm: Firm) -> None:
    work = await under_way(firm)
    await firm.books.control("periods", {"period": "Aug 2026", "closed": True})
    await spend(work, "121.00")
    await spend(work, "60.00", "2026-08-03")
    await firm.read()
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("waiting_period", "period_closed", "finance")
    assert (hold.period, hold.amount, hold.system) == ("Aug 2026", Decimal("60.00"), "netsuite")
    assert await ledger(firm) == [("posted", "EUR", Decimal("121.00"), 1)]
    await firm.books.control("periods", {"period": "Aug 2026", "closed": False})
    await firm.read("netsuite")
    await firm.wake()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal("181.00"), 2)]


@pytest.mark.slow
async def test_a_lost_answer_makes_no_second_line(firm: Firm) -> None:
    work = await under_way(firm)
    await spend(work, "121.00")
    await firm.read()
    await firm.books.control(
        "faults",
        {"kind": "timeout_after_commit", "path": "/record/v1/invoice", "method": "PUT",
         "times": 1, "seconds": 0.2},
    )  # fmt: skip
    assert await bill(firm) == 1
    [invoice] = await firm.books.rows("invoice")
    assert [n["amount"] for n in invoice["item"]["items"]] == [Decimal("121.00")]
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("121.00"), 1)]


@pytest.mark.slow
async def test_expenses_use_nothing_of_the_cap_of_the_work(firm: Firm) -> None:
    work = await under_way(firm, Cap_Amount__c=Decimal(1200))
    await spend(work, "500.00")
    await firm.read()
    await work.log(["8"])
    await firm.read()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [
        ("posted", "EUR", Decimal("500.00"), 1), ("posted", "EUR", Decimal("1200.00"), 1),
    ]  # fmt: skip


@pytest.mark.slow
async def test_expenses_of_a_fixed_fee_come_on_its_next_invoice(firm: Firm) -> None:
    work = await under_way(
        firm, Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal("12000.00"), "2026-07-31")],
    )  # fmt: skip
    await spend(work, "121.00")
    await firm.read()
    [stone] = firm.org.rows("pse__Milestone__c")
    await firm.org.update(
        "pse__Milestone__c", stone["Id"], pse__Status__c="Approved", pse__Approved__c=True,
        pse__Actual_Date__c="2026-07-20", pse__Include_In_Financials__c=True,
        pse__Approved_for_Billing__c=True,
    )  # fmt: skip
    await firm.read()
    [invoice] = await firm.books.rows("invoice")
    assert [n["amount"] for n in invoice["item"]["items"]] == [
        Decimal("12000.00"), Decimal("121.00"),
    ]  # fmt: skip


@pytest.mark.slow
async def test_an_internal_project_is_billed_to_nobody(firm: Firm) -> None:
    work = await under_way(firm)
    account = firm.org.row("Opportunity", work.deal)["AccountId"]
    id = await firm.org.seed(
        "pse__Proj__c", Name="Training", pse__Account__c=account, pse__Is_Active__c=True,
        pse__Stage__c="In Progress", CurrencyIsoCode="EUR",
    )  # fmt: skip
    project = firm.org.row("pse__Proj__c", id)
    inside = work._replace(project=project, assignment=await staff(firm, project))
    await spend(inside, "121.00", pse__Lost_Receipt__c=True)
    await firm.read()
    assert await firm.open_holds() == []
    assert await expenses(firm) == {"unbillable": 1}
    assert await facts(firm) == []

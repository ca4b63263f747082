"""Expenses as the PSA says them, and invoice marks on them, against the simulated org."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.connectors.certinia.engagement import APPROVED, Engagement, an_engagement
from tests.platforms.salesforce.world import World, read_all

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.expense_entry import DistanceUnit
from isthmus.canonical.time_entry import Approval
from isthmus.connect import Change, Conflict, Invalid, Outgoing, Receipt, Refused, Watermark
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio

REPORT, LINE = "pse__Expense_Report__c", "pse__Expense__c"


async def a_report(work: Engagement, **values: Any) -> str:
    [made] = await work.world.seed(
        REPORT,
        {
            "Name": "July", "pse__Project__c": work.project, "pse__Resource__c": work.resource,
            "pse__Assignment__c": work.assignment, "pse__Billable__c": True,
            "pse__Status__c": "Draft", "CurrencyIsoCode": "EUR", **values,
        },
    )  # fmt: skip
    return made


async def a_line(work: Engagement, report: str | None, **values: Any) -> str:
    own = {} if report else {"pse__Project__c": work.project, "pse__Resource__c": work.resource,
                             "pse__Assignment__c": work.assignment}  # fmt: skip
    [made] = await work.world.seed(
        LINE,
        {
            "pse__Expense_Report__c": report, "pse__Type__c": "Taxi", "pse__Amount__c": 121,
            "pse__Expense_Date__c": "2026-07-06", "pse__Billable__c": True,
            "CurrencyIsoCode": "EUR", **own, **values,
        },
    )  # fmt: skip
    return made


async def read(world: World, line: str) -> Change:
    found = await world.psa.get(ExpenseEntry, line)
    assert found is not None
    return found


async def test_an_expense_is_read_whole(world: World) -> None:
    work = await an_engagement(world)
    report = await a_report(work)
    line = await a_line(
        work, report, pse__Type__c="Auto Mileage", pse__Incurred_Tax__c=21,
        pse__Incurred_Tax_Non_Billable__c=True, pse__Non_Billable_Incurred_Amount__c=10.5,
        pse__Distance__c=240.25, pse__Rate_Unit__c="Kilometer", pse__Non_Reimbursible__c=True,
        pse__Lost_Receipt__c=True, pse__Description__c="To the client and back",
    )  # fmt: skip
    await world.update(REPORT, report, **APPROVED)
    [change], _ = await read_all(world.psa, ExpenseEntry, Watermark())
    assert (change.external_id, change.problems) == (line, ())
    assert change.attributes == {
        "number": "EXP-1",
        "resource": work.resource,
        "project": work.project,
        "category": "Auto Mileage",
        "spent_on": date(2026, 7, 6),
        "amount": Money.of("121.00", "EUR"),
        "tax": Money.of("21.00", "EUR"),
        "tax_recovered_percent": Decimal(100),
        "non_billable_amount": Money.of("10.50", "EUR"),
        "quantity": Decimal("240.25"),
        "distance_unit": DistanceUnit.KILOMETRE,
        "is_billable": True,
        "is_reimbursable": False,
        "has_receipt": False,
        "approval": Approval.APPROVED,
        "note": "To the client and back",
    }


@pytest.mark.parametrize(
    ("on_report", "on_line", "approval"),
    [
        ({}, {}, Approval.DRAFT),
        ({"pse__Status__c": "Submitted", "pse__Submitted__c": True}, {}, Approval.SUBMITTED),
        ({"pse__Status__c": "Approved"}, {}, Approval.SUBMITTED),
        ({**APPROVED, "pse__Include_In_Financials__c": False}, {}, Approval.SUBMITTED),
        ({"pse__Status__c": "Rejected"}, {}, Approval.REJECTED),
        (APPROVED, {}, Approval.APPROVED),
        ({}, APPROVED, Approval.SUBMITTED),
        (APPROVED, {"pse__Approved__c": False}, Approval.SUBMITTED),
    ],
)
async def test_report_and_line_must_both_be_approved(
    world: World, on_report: dict[str, Any], on_line: dict[str, Any], approval: Approval
) -> None:
    work = await an_engagement(world)
    report = await a_report(work)
    line = await a_line(work, report, pse__Status__c="Draft")
    await world.update(REPORT, report, **on_report)
    if on_line:
        edit = {"pse__Admin_Global_Edit__c": True, "pse__Audit_Notes__c": "corrected"}
        await world.update(LINE, line, **on_line, **edit)
    assert (await read(world, line)).attributes["approval"] is approval


async def test_a_line_without_a_report_is_approved_by_nobody(world: World) -> None:
    line = await a_line(await an_engagement(world), None, **APPROVED)
    assert (await read(world, line)).attributes["approval"] is Approval.SUBMITTED


@pytest.mark.parametrize("flag", ["pse__Exclude_from_Billing__c", "pse__Billing_Hold__c"])
async def test_what_is_kept_from_billing_is_not_billable(world: World, flag: str) -> None:
    work = await an_engagement(world)
    line = await a_line(work, await a_report(work), **{flag: True})
    assert (await read(world, line)).attributes["is_billable"] is False


async def test_a_report_kept_from_billing_keeps_its_lines_from_it(world: World) -> None:
    work = await an_engagement(world)
    line = await a_line(work, await a_report(work, pse__Exclude_from_Billing__c=True))
    assert (await read(world, line)).attributes["is_billable"] is False


async def test_an_expense_without_a_type_is_a_problem(world: World) -> None:
    work = await an_engagement(world)
    line = await a_line(work, await a_report(work), pse__Type__c=None)
    [problem] = (await read(world, line)).problems
    assert (problem.field, problem.remedy) == ("pse__Type__c", "Fill it in.")


async def test_changes_come_alone_and_so_does_a_deletion(world: World) -> None:
    work = await an_engagement(world)
    report = await a_report(work)
    first, second = await a_line(work, report), await a_line(work, report)
    _, mark = await read_all(world.psa, ExpenseEntry, Watermark())
    assert (await read_all(world.psa, ExpenseEntry, mark))[0] == []
    await world.update(LINE, first, pse__Amount__c=99)
    changes, mark = await read_all(world.psa, ExpenseEntry, mark)
    assert [(c.external_id, c.attributes["amount"]) for c in changes] == [
        (first, Money.of("99.00", "EUR"))
    ]
    await world.control("delete", {"ids": [second]})
    changes, _ = await read_all(world.psa, ExpenseEntry, mark)
    assert [(c.external_id, c.deleted) for c in changes] == [(second, True)]


async def test_an_approval_brings_every_line(world: World) -> None:
    work = await an_engagement(world)
    report = await a_report(work)
    lines = [await a_line(work, report), await a_line(work, report)]
    _, mark = await read_all(world.psa, ExpenseEntry, Watermark())
    await world.update(REPORT, report, **APPROVED)
    changes, _ = await read_all(world.psa, ExpenseEntry, mark)
    assert sorted(c.external_id for c in changes) == sorted(lines)
    assert {c.attributes["approval"] for c in changes} == {Approval.APPROVED}


def billed(work: Engagement, line: str | None, number: str | None = "INV-1") -> Outgoing:
    expense = ExpenseEntry(
        id=new_id(), resource=work.resource, project=work.project, category="Taxi",
        spent_on=date(2026, 7, 6), amount=Money.of(121, "EUR"), invoice_number=number,
        invoiced_on=date(2026, 7, 31),
    )  # fmt: skip
    only = frozenset({"invoice_number", "invoiced_on"})
    return Outgoing(expense, f"k{line}", external_id=line, only=only)


async def test_a_billed_expense_carries_its_invoice(world: World) -> None:
    work = await an_engagement(world)
    report = await a_report(work)
    line = await a_line(work, report)
    await world.update(REPORT, report, **APPROVED)
    before = (await read(world, line)).attributes
    results = await world.psa.put_many([billed(work, line)] * 2)
    assert [(r.external_id, r.created) for r in results if isinstance(r, Receipt)] == [
        (line, False)
    ] * 2
    row = world.row(LINE, line)
    assert (row["pse__Invoice_Number__c"], row["pse__Invoice_Date__c"]) == ("INV-1", "2026-07-31")
    assert (row["pse__Invoiced__c"], row["pse__Billed__c"]) == (True, True)
    assert row["pse__Amount__c"] == Decimal("121.00")
    assert world.row(REPORT, report)["pse__Invoiced__c"] is True
    assert (await read(world, line)).attributes == before


async def test_each_expense_that_cannot_be_marked_says_why(world: World) -> None:
    work = await an_engagement(world)
    line = await a_line(work, await a_report(work))
    results = await world.psa.put_many(
        [billed(work, line, None), billed(work, "a0E000000000999AAA"), billed(work, None),
         billed(work, line)]
    )  # fmt: skip
    assert [type(r) for r in results] == [Invalid, Conflict, Refused, Receipt]

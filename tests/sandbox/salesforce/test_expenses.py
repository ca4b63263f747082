"""Expense reports and their lines: approval, locks, amounts, billing."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.sandbox.salesforce.client import Client, V

pytestmark = pytest.mark.anyio

REPORT, LINE = "pse__Expense_Report__c", "pse__Expense__c"
APPROVAL = {
    "pse__Status__c": "Approved",
    "pse__Submitted__c": True,
    "pse__Approved__c": True,
    "pse__Include_In_Financials__c": True,
}


@dataclass
class Trip:
    sf: Client
    project: str
    resource: str
    assignment: str
    report: str

    def ticket(self, **changed: Any) -> dict[str, Any]:
        return {
            "pse__Expense_Report__c": self.report,
            "pse__Type__c": "Taxi",
            "pse__Expense_Date__c": "2026-07-06",
            "pse__Amount__c": 121,
            **changed,
        }

    async def spend(self, **changed: Any) -> str:
        return await self.sf.create(LINE, **self.ticket(**changed))

    async def refused(self, **changed: Any) -> Any:
        answer = await self.sf.http.post(f"{V}/sobjects/{LINE}", json=self.ticket(**changed))
        assert answer.status_code == 400, answer.text
        return answer.json()[0]

    async def approve(self) -> None:
        assert (await self.sf.patch(REPORT, self.report, **APPROVAL)).status_code == 204

    async def eligible(self, line: str) -> Any:
        return (await self.sf.read(LINE, line))["pse__Eligible_for_Billing__c"]


@pytest.fixture
async def trip(sf: Client) -> Trip:
    account = await sf.create("Account", Name="Acme")
    project = await sf.create(
        "pse__Proj__c", Name="Rollout", pse__Account__c=account, pse__Is_Billable__c=True,
        pse__Is_Active__c=True, CurrencyIsoCode="EUR",
    )  # fmt: skip
    resource = await sf.create("Contact", LastName="Ode", pse__Is_Resource__c=True)
    assignment = await sf.create(
        "pse__Assignment__c", Name="Lead", pse__Project__c=project, pse__Resource__c=resource
    )
    placed = {"pse__Project__c": project, "pse__Resource__c": resource}
    report = await sf.create(
        REPORT, Name="July", pse__Assignment__c=assignment, pse__Billable__c=True, **placed
    )
    return Trip(sf, project, resource, assignment, report)


async def test_a_line_takes_its_place_from_its_report(trip: Trip) -> None:
    row = await trip.sf.read(LINE, await trip.spend())
    assert (row["pse__Project__c"], row["pse__Resource__c"], row["pse__Assignment__c"]) == (
        trip.project, trip.resource, trip.assignment,
    )  # fmt: skip
    assert (row["Name"], row["pse__Billable__c"], row["CurrencyIsoCode"]) == ("EXP-1", True, "EUR")


async def test_a_report_is_approved_with_its_lines(trip: Trip) -> None:
    line = await trip.spend()
    await trip.sf.patch(REPORT, trip.report, pse__Status__c="Submitted", pse__Submitted__c=True)
    row = await trip.sf.read(LINE, line)
    assert (row["pse__Status__c"], row["pse__Approved__c"]) == ("Submitted", False)
    assert await trip.eligible(line) == "false"
    await trip.approve()
    row = await trip.sf.read(LINE, line)
    assert {name: row[name] for name in APPROVAL} == APPROVAL
    assert await trip.eligible(line) == "true"


async def test_what_is_in_financials_needs_admin_edit_and_notes(trip: Trip) -> None:
    line = await trip.spend()
    await trip.approve()

    async def edit(**values: Any) -> int:
        return (await trip.sf.patch(LINE, line, pse__Amount__c=99, **values)).status_code

    assert [await edit(), await edit(pse__Admin_Global_Edit__c=True)] == [400, 400]
    assert (await trip.sf.read(LINE, line))["pse__Amount__c"] == 121.0
    assert await edit(pse__Admin_Global_Edit__c=True, pse__Audit_Notes__c="typing error") == 204
    row = await trip.sf.read(LINE, line)
    assert (row["pse__Amount__c"], row["pse__Admin_Global_Edit__c"]) == (99.0, False)
    assert row["pse__Audit_Notes_History__c"].endswith(": typing error")
    hold = await trip.sf.patch(LINE, line, pse__Billing_Hold__c=True)
    assert (hold.status_code, await trip.eligible(line)) == (204, "false")


async def test_billing_and_reimbursement_are_two_amounts(trip: Trip) -> None:
    line = await trip.spend(
        pse__Incurred_Tax__c=21, pse__Incurred_Tax_Non_Billable__c=True,
        pse__Non_Billable_Incurred_Amount__c=10, pse__Billable_Fee_Percentage__c=7.5,
        pse__Billable_Fee_Flat_Amount__c=2,
    )  # fmt: skip
    row = await trip.sf.read(LINE, line)
    assert (row["pse__Billable_Amount__c"], row["pse__Non_Billable_Amount__c"]) == (90.0, 31.0)
    assert row["pse__Billing_Amount__c"] == 98.75
    assert row["pse__Reimbursement_Amount__c"] == 121.0
    own = await trip.spend(pse__Billable__c=False, pse__Non_Reimbursible__c=True)
    row = await trip.sf.read(LINE, own)
    assert (row["pse__Billable_Amount__c"], row["pse__Non_Billable_Amount__c"]) == (0.0, 121.0)
    assert (row["pse__Billing_Amount__c"], row["pse__Reimbursement_Amount__c"]) == (0.0, 0.0)
    assert await trip.eligible(own) == "false"


async def test_a_report_sums_up_its_lines(trip: Trip) -> None:
    first = await trip.spend()
    second = await trip.spend(pse__Amount__c=30.5, pse__Expense_Date__c="2026-07-09",
                              pse__Billable__c=False)  # fmt: skip
    report = await trip.sf.read(REPORT, trip.report)
    assert (report["pse__First_Expense_Date__c"], report["pse__Last_Expense_Date__c"]) == (
        "2026-07-06", "2026-07-09",
    )  # fmt: skip
    assert (
        report["pse__Total_Billable_Amount__c"],
        report["pse__Total_Non_Billable_Amount__c"],
        report["pse__Total_Reimbursement_Amount__c"],
    ) == (121.0, 30.5, 151.5)
    await trip.sf.http.delete(f"{V}/sobjects/{LINE}/{second}")
    marks = {"pse__Billed__c": True, "pse__Invoiced__c": True, "pse__Invoice_Number__c": "INV-1"}
    await trip.sf.patch(LINE, first, **marks)
    report = await trip.sf.read(REPORT, trip.report)
    assert report["pse__Total_Reimbursement_Amount__c"] == 121.0
    assert (report["pse__Billed__c"], report["pse__Invoiced__c"]) == (True, True)


@pytest.mark.parametrize(
    ("kind", "which"), [("pse__Proj__c", "project"), ("pse__Assignment__c", "assignment")]
)
async def test_closed_for_expense_entry(trip: Trip, kind: str, which: str) -> None:
    await trip.spend()
    await trip.sf.patch(kind, getattr(trip, which), pse__Closed_for_Expense_Entry__c=True)
    assert "is closed for expense entry" in (await trip.refused())["message"]
    await trip.approve()


async def test_an_assignment_is_needed_unless_the_project_says_otherwise(trip: Trip) -> None:
    loose = {"pse__Assignment__c": None}
    assert (await trip.refused(**loose))["fields"] == ["pse__Assignment__c"]
    await trip.sf.patch(
        "pse__Proj__c", trip.project, pse__Allow_Expenses_Without_Assignment__c=True
    )
    row = await trip.sf.read(LINE, await trip.spend(**loose))
    assert row["pse__Project__c"] == trip.project


async def test_an_amount_and_a_known_unit_are_asked_for(trip: Trip) -> None:
    assert (await trip.refused(pse__Amount__c=None))["fields"] == ["pse__Amount__c"]
    body = trip.ticket(pse__Expense_Report__c=None)
    answer = await trip.sf.http.post(f"{V}/sobjects/{LINE}", json=body)
    assert answer.json()[0]["fields"] == ["pse__Resource__c"]


async def test_an_expense_in_a_billing_event_is_billed_once(trip: Trip) -> None:
    sf, line = trip.sf, await trip.spend()
    await trip.approve()
    event = await sf.create("pse__Billing_Event__c", pse__Project__c=trip.project)
    item = {
        "pse__Billing_Event__c": event, "pse__Expense__c": line, "pse__Object_Id__c": line,
        "pse__Category__c": "Expense", "pse__Amount__c": 121,
    }  # fmt: skip
    await sf.create("pse__Billing_Event_Item__c", **item)
    twice = await sf.http.post(f"{V}/sobjects/pse__Billing_Event_Item__c", json=item)
    assert twice.json()[0]["fields"] == ["pse__Expense__c"]
    assert await trip.eligible(line) == "false"
    await sf.patch("pse__Billing_Event__c", event, pse__Is_Released__c=True,
                   pse__Invoiced__c=True, pse__Invoice_Number__c="INV-1")  # fmt: skip
    row = await sf.read(LINE, line)
    assert (row["pse__Billed__c"], row["pse__Invoiced__c"]) == (True, True)
    assert (row["pse__Invoice_Number__c"], row["pse__Billing_Event_Status__c"]) == (
        "INV-1", "Completed",
    )  # fmt: skip

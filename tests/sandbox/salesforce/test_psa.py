from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from tests.sandbox.salesforce.client import Client, V

pytestmark = pytest.mark.anyio

HEADER = "pse__Timecard_Header__c"
APPROVAL = {
    "pse__Status__c": "Approved",
    "pse__Submitted__c": True,
    "pse__Approved__c": True,
    "pse__Include_In_Financials__c": True,
}


@dataclass
class Engagement:
    sf: Client
    account: str
    project: str
    resource: str
    assignment: str

    def week(self, **changed: Any) -> dict[str, Any]:
        """Monday 29 June to Sunday 5 July 2026: a month ends on its Tuesday."""
        return {
            "pse__Project__c": self.project,
            "pse__Resource__c": self.resource,
            "pse__Assignment__c": self.assignment,
            "pse__Start_Date__c": "2026-06-29",
            "pse__End_Date__c": "2026-07-05",
            "pse__Monday_Hours__c": 7.5,
            "pse__Tuesday_Hours__c": 8,
            "pse__Wednesday_Hours__c": 6.25,
            "pse__Wednesday_Notes__c": "Workshop",
            "pse__Status__c": "Saved",
            **changed,
        }

    async def timecard(self, **changed: Any) -> str:
        return await self.sf.create(HEADER, **self.week(**changed))

    async def refused(self, **changed: Any) -> Any:
        answer = await self.sf.http.post(f"{V}/sobjects/{HEADER}", json=self.week(**changed))
        assert answer.status_code == 400, answer.text
        return answer.json()[0]

    async def splits(self, header: str) -> list[Any]:
        body = await self.sf.query(
            "SELECT Id, Name, pse__Start_Date__c, pse__End_Date__c, pse__Total_Hours__c,"
            " pse__Total_Billable_Amount__c, pse__Monday_Hours__c, pse__Wednesday_Notes__c,"
            " pse__Eligible_for_Billing__c, pse__Billed__c, pse__Invoiced__c,"
            " pse__Invoice_Number__c, CurrencyIsoCode FROM pse__Timecard__c"
            f" WHERE pse__Timecard_Header__c = '{header}' ORDER BY pse__Start_Date__c"
        )
        return list(body["records"])


@pytest.fixture
async def job(sf: Client) -> Engagement:
    account = await sf.create("Account", Name="Acme")
    project = await sf.create(
        "pse__Proj__c",
        Name="Rollout",
        pse__Account__c=account,
        pse__Is_Billable__c=True,
        pse__Is_Active__c=True,
        CurrencyIsoCode="EUR",
    )
    resource = await sf.create("Contact", LastName="Ode", pse__Is_Resource__c=True)
    schedule = await sf.create(
        "pse__Schedule__c",
        pse__Start_Date__c="2026-06-01",
        pse__End_Date__c="2026-06-30",
        pse__Monday_Hours__c=8,
    )
    assignment = await sf.create(
        "pse__Assignment__c",
        Name="Lead",
        pse__Project__c=project,
        pse__Resource__c=resource,
        pse__Schedule__c=schedule,
        pse__Bill_Rate__c=123.4567,
        pse__Is_Billable__c=True,
        pse__Planned_Hours__c=40,
        pse__Planned_Bill_Rate__c=100,
    )
    return Engagement(sf, account, project, resource, assignment)


async def test_the_assignments_dates_are_its_schedules(job: Engagement) -> None:
    row = await job.sf.read("pse__Assignment__c", job.assignment)
    assert (row["pse__Start_Date__c"], row["pse__End_Date__c"]) == ("2026-06-01", "2026-06-30")
    assert row["pse__Scheduled_Hours__c"] == 40.0
    assert row["pse__Planned_Revenue__c"] == 4000.0
    assert row["CurrencyIsoCode"] == "EUR"
    answer = await job.sf.patch(
        "pse__Assignment__c", job.assignment, pse__Start_Date__c="2026-01-01"
    )
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


async def test_the_rate_is_copied_from_the_assignment(job: Engagement) -> None:
    card = await job.timecard()
    await job.sf.patch("pse__Assignment__c", job.assignment, pse__Bill_Rate__c=999)
    row = await job.sf.read(HEADER, card)
    assert (row["pse__Bill_Rate__c"], row["pse__Billable__c"]) == (123.4567, True)
    assert (row["pse__Total_Hours__c"], row["CurrencyIsoCode"]) == (21.75, "EUR")
    assert row["pse__Total_Billable_Amount__c"] == 2685.18
    own = await job.timecard(pse__Bill_Rate__c=50)
    assert (await job.sf.read(HEADER, own))["pse__Total_Billable_Amount__c"] == 1087.5


async def test_a_week_across_a_month_end_makes_two_splits(job: Engagement) -> None:
    card = await job.timecard()
    assert await job.splits(card) == []
    assert (await job.sf.patch(HEADER, card, pse__Status__c="Approved")).status_code == 204
    assert await job.splits(card) == [], "the status text alone does nothing"
    assert (await job.sf.patch(HEADER, card, **APPROVAL)).status_code == 204
    june, july = await job.splits(card)
    assert (june["pse__Start_Date__c"], june["pse__End_Date__c"]) == ("2026-06-29", "2026-06-30")
    assert (july["pse__Start_Date__c"], july["pse__End_Date__c"]) == ("2026-07-01", "2026-07-05")
    assert (june["pse__Total_Hours__c"], july["pse__Total_Hours__c"]) == (15.5, 6.25)
    assert june["pse__Total_Billable_Amount__c"] == 1913.58
    assert july["pse__Total_Billable_Amount__c"] == 771.6
    assert (june["pse__Monday_Hours__c"], july["pse__Monday_Hours__c"]) == (7.5, 0.0)
    assert (june["pse__Wednesday_Notes__c"], july["pse__Wednesday_Notes__c"]) == (None, "Workshop")
    assert {june["pse__Eligible_for_Billing__c"], june["CurrencyIsoCode"]} == {"true", "EUR"}


async def test_a_rejection_takes_the_splits_away(job: Engagement) -> None:
    card = await job.timecard(pse__Approved__c=True, pse__Status__c="Approved")
    assert len(await job.splits(card)) == 2
    await job.sf.patch(HEADER, card, pse__Approved__c=False, pse__Status__c="Rejected")
    assert await job.splits(card) == []


async def test_splits_are_made_by_the_package_only(job: Engagement) -> None:
    card = await job.timecard()
    answer = await job.sf.http.post(
        f"{V}/sobjects/pse__Timecard__c", json={"pse__Timecard_Header__c": card}
    )
    assert answer.json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


async def test_what_is_in_financials_needs_admin_edit_and_notes(job: Engagement) -> None:
    card = await job.timecard(**APPROVAL)

    async def edit(**values: Any) -> httpx2.Response:
        return await job.sf.patch(HEADER, card, pse__Monday_Hours__c=4, **values)

    for answer in (await edit(), await edit(pse__Admin_Global_Edit__c=True)):
        assert answer.status_code == 400
        assert answer.json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert [row["pse__Total_Hours__c"] for row in await job.splits(card)] == [15.5, 6.25]
    done = await edit(pse__Admin_Global_Edit__c=True, pse__Audit_Notes__c="typing error")
    assert done.status_code == 204
    row = await job.sf.read(HEADER, card)
    assert row["pse__Admin_Global_Edit__c"] is False
    assert row["pse__Audit_Notes_History__c"].endswith(": typing error")
    assert [row["pse__Total_Hours__c"] for row in await job.splits(card)] == [12.0, 6.25]
    again = await job.sf.patch(HEADER, card, pse__Monday_Hours__c=5)
    assert again.status_code == 400


@pytest.mark.parametrize(
    ("kind", "which"), [("pse__Proj__c", "project"), ("pse__Assignment__c", "assignment")]
)
async def test_closed_for_time_entry(job: Engagement, kind: str, which: str) -> None:
    card = await job.timecard()
    await job.sf.patch(kind, getattr(job, which), pse__Closed_for_Time_Entry__c=True)
    refused = await job.refused()
    assert refused["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert "is closed for time entry" in refused["message"]
    late = await job.sf.patch(HEADER, card, pse__Friday_Hours__c=1)
    assert late.status_code == 400
    assert (await job.sf.patch(HEADER, card, **APPROVAL)).status_code == 204


async def test_an_assignment_is_needed_unless_the_project_says_otherwise(job: Engagement) -> None:
    refused = await job.refused(pse__Assignment__c=None)
    assert refused["fields"] == ["pse__Assignment__c"]
    await job.sf.patch("pse__Proj__c", job.project, pse__Allow_Timecards_Without_Assignment__c=True)
    card = await job.timecard(pse__Assignment__c=None)
    row = await job.sf.read(HEADER, card)
    assert (row["pse__Bill_Rate__c"], row["pse__Billable__c"]) == (0.0, True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"pse__End_Date__c": "2026-07-06"}, "pse__End_Date__c"),
        ({"pse__End_Date__c": "2026-06-30"}, "pse__Wednesday_Hours__c"),
        ({"pse__Friday_Hours__c": 25}, "pse__Friday_Hours__c"),
        ({"pse__Resource__c": None}, "pse__Resource__c"),
    ],
)
async def test_weeks_that_cannot_be(job: Engagement, changed: dict[str, Any], field: str) -> None:
    assert (await job.refused(**changed))["fields"] == [field]


async def test_an_assignment_of_another_project(job: Engagement) -> None:
    other = await job.sf.create(
        "pse__Proj__c", Name="Other", pse__Allow_Timecards_Without_Assignment__c=True
    )
    assert (await job.refused(pse__Project__c=other))["fields"] == ["pse__Assignment__c"]


async def test_a_daily_rate_counts_days(job: Engagement) -> None:
    card = await job.timecard(pse__Daily_Bill_Rate__c=True, pse__Bill_Rate__c=1000)
    assert (await job.sf.read(HEADER, card))["pse__Total_Billable_Amount__c"] == 3000.0


async def test_billing_event_from_item_to_invoice(job: Engagement) -> None:
    sf = job.sf
    card = await job.timecard(**APPROVAL)
    june, july = await job.splits(card)
    event = await sf.create("pse__Billing_Event__c", pse__Project__c=job.project)
    item = {
        "pse__Billing_Event__c": event,
        "pse__Timecard_Split__c": june["Id"],
        "pse__Object_Id__c": june["Id"],
        "pse__Category__c": "Timecard",
        "pse__Amount__c": june["pse__Total_Billable_Amount__c"],
    }
    made = await sf.create("pse__Billing_Event_Item__c", **item)
    twice = await sf.http.post(f"{V}/sobjects/pse__Billing_Event_Item__c", json=item)
    assert twice.json()[0]["fields"] == ["pse__Timecard_Split__c"]
    assert (await sf.read("pse__Billing_Event__c", event))["pse__Summary_Amount__c"] == 1913.58
    eligible = [row["pse__Eligible_for_Billing__c"] for row in await job.splits(card)]
    assert eligible == ["false", "true"]

    await sf.patch("pse__Billing_Event__c", event, pse__Is_Released__c=True)
    soql = (
        "SELECT Id, pse__Invoiced__c, pse__Is_Released__c, pse__Billing_Event__r.pse__Status__c"
        " FROM pse__Billing_Event_Item__c WHERE pse__Billing_Event__r.pse__Is_Released__c = true"
        " AND pse__Billing_Event__r.pse__Invoiced__c = false"
    )
    ready = (await sf.query(soql))["records"]
    assert [row["Id"] for row in ready] == [made]
    assert (ready[0]["pse__Is_Released__c"], ready[0]["pse__Invoiced__c"]) == ("true", "false")
    assert ready[0]["pse__Billing_Event__r"]["pse__Status__c"] == "Completed"

    invoice = {"pse__Invoiced__c": True, "pse__Invoice_Number__c": "INV-1"}
    await sf.patch("pse__Billing_Event__c", event, **invoice)
    assert (await sf.query(soql))["totalSize"] == 0
    june, july = await job.splits(card)
    assert (june["pse__Billed__c"], june["pse__Invoiced__c"]) == (True, True)
    assert (june["pse__Invoice_Number__c"], july["pse__Invoice_Number__c"]) == ("INV-1", None)


async def test_a_removed_item_is_eligible_again(job: Engagement) -> None:
    sf = job.sf
    milestone = await sf.create(
        "pse__Milestone__c",
        Name="Kick-off",
        pse__Project__c=job.project,
        pse__Target_Date__c="2026-07-01",
        pse__Status__c="Approved",
        pse__Approved__c=True,
        pse__Include_In_Financials__c=True,
        pse__Milestone_Amount__c=5000,
    )
    event = await sf.create("pse__Billing_Event__c", pse__Project__c=job.project)
    item = await sf.create(
        "pse__Billing_Event_Item__c",
        pse__Billing_Event__c=event,
        pse__Milestone__c=milestone,
        pse__Object_Id__c=milestone,
        pse__Category__c="Milestone",
        pse__Amount__c=5000,
    )

    async def eligible() -> Any:
        return (await sf.read("pse__Milestone__c", milestone))["pse__Eligible_for_Billing__c"]

    assert await eligible() == "false"
    await sf.http.delete(f"{V}/sobjects/pse__Billing_Event_Item__c/{item}")
    assert await eligible() == "true"
    await sf.patch("pse__Proj__c", job.project, pse__Exclude_From_Billing__c=True)
    assert await eligible() == "false"
    late = await sf.patch("pse__Milestone__c", milestone, pse__Milestone_Amount__c=1)
    assert late.json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


async def test_task_status_sets_its_flags(job: Engagement) -> None:
    task = await job.sf.create("pse__Project_Task__c", Name="T", pse__Project__c=job.project)
    await job.sf.patch("pse__Project_Task__c", task, pse__Status__c="Complete")
    row = await job.sf.read("pse__Project_Task__c", task)
    assert (row["pse__Started__c"], row["pse__Completed__c"]) == (True, True)
    answer = await job.sf.patch("pse__Project_Task__c", task, pse__Status__c="Nearly")
    assert answer.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


async def test_rate_cards_are_numbered_and_complete(job: Engagement) -> None:
    card = await job.sf.create(
        "pse__Rate_Card__c",
        pse__Role__c="Data Engineer",
        pse__Suggested_Bill_Rate__c=187.1234,
        pse__Average_Cost_Rate__c=90,
        pse__Start_Date__c="2026-01-01",
    )
    row = await job.sf.read("pse__Rate_Card__c", card)
    assert (row["Name"], row["pse__Suggested_Bill_Rate__c"]) == ("RC-1", 187.1234)
    book = await job.sf.create("pse__Rate_Card_Set__c", Name="2026")
    answer = await job.sf.http.post(
        f"{V}/sobjects/pse__Rate_Card_Set_Junction__c", json={"pse__Rate_Card_Set__c": book}
    )
    assert answer.json()[0]["fields"] == ["pse__Rate_Card__c"]


async def test_billing_may_hold_what_is_in_financials(job: Engagement) -> None:
    milestone = await job.sf.create(
        "pse__Milestone__c",
        Name="Go-live",
        pse__Project__c=job.project,
        pse__Target_Date__c="2026-07-01",
        pse__Include_In_Financials__c=True,
    )
    hold = await job.sf.patch("pse__Milestone__c", milestone, pse__Billing_Hold__c=True)
    assert hold.status_code == 204
    row = await job.sf.read("pse__Milestone__c", milestone)
    assert row["pse__Eligible_for_Billing__c"] == "false"

"""A project with a person on it, as seeded by the tests of time and milestones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.platforms.salesforce.world import World

APPROVED = {
    "pse__Status__c": "Approved",
    "pse__Submitted__c": True,
    "pse__Approved__c": True,
    "pse__Include_In_Financials__c": True,
}


@dataclass
class Engagement:
    world: World
    account: str
    project: str
    resource: str
    assignment: str

    async def timecard(self, **values: Any) -> str:
        """Monday 29 June to Sunday 5 July 2026: a month ends on its Tuesday, so two splits."""
        [made] = await self.world.seed(
            "pse__Timecard_Header__c",
            {
                "pse__Project__c": self.project,
                "pse__Resource__c": self.resource,
                "pse__Assignment__c": self.assignment,
                "pse__Start_Date__c": "2026-06-29",
                "pse__End_Date__c": "2026-07-05",
                "pse__Monday_Hours__c": 7.5,
                "pse__Tuesday_Hours__c": 8,
                "pse__Wednesday_Hours__c": 6.25,
                "pse__Wednesday_Notes__c": "Workshop",
                "pse__Billable__c": True,
                "pse__Bill_Rate__c": 150,
                "CurrencyIsoCode": "EUR",
                **APPROVED,
                **values,
            },
        )
        return made

    def splits(self, header: str) -> list[dict[str, Any]]:
        rows = self.world.rows("pse__Timecard__c")
        mine = [r for r in rows if r["pse__Timecard_Header__c"] == header]
        return sorted(mine, key=lambda r: str(r["pse__Start_Date__c"]))


async def an_engagement(world: World, **assignment: Any) -> Engagement:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    [project] = await world.seed(
        "pse__Proj__c",
        {
            "Name": "Rollout",
            "pse__Account__c": account,
            "pse__Is_Active__c": True,
            "pse__Is_Billable__c": True,
            "pse__Stage__c": "In Progress",
            "pse__Billing_Type__c": "Time and Materials",
            "pse__Start_Date__c": "2026-01-05",
            "CurrencyIsoCode": "EUR",
        },
    )
    [resource] = await world.seed(
        "Contact",
        {
            "LastName": "Lee",
            "FirstName": "Ana",
            "AccountId": account,
            "Email": "ana@firm.example",
            "pse__Is_Resource__c": True,
            "pse__Is_Resource_Active__c": True,
            "pse__Resource_Role__c": "Consultant",
            "pse__Default_Cost_Rate__c": 70,
            "Employee_Number__c": "E-1",
            "Cost_Centre__c": "CC1",
            "Legal_Entity__c": "DE01",
            "CurrencyIsoCode": "EUR",
        },
    )
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    [schedule] = await world.seed(
        "pse__Schedule__c",
        {
            "pse__Start_Date__c": "2026-01-05",
            "pse__End_Date__c": "2026-12-31",
            **{f"pse__{day}_Hours__c": 8 for day in days},
        },
    )
    [made] = await world.seed(
        "pse__Assignment__c",
        {
            "Name": "Ana on Rollout",
            "pse__Project__c": project,
            "pse__Resource__c": resource,
            "pse__Schedule__c": schedule,
            "pse__Bill_Rate__c": 150,
            "pse__Is_Billable__c": True,
            "pse__Role__c": "Consultant",
            "pse__Status__c": "Scheduled",
            "CurrencyIsoCode": "EUR",
            **assignment,
        },
    )
    return Engagement(world, account, project, resource, made)

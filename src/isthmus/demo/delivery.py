"""What happens in the PSA once a project is there: staffing, time, approval, acceptance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from isthmus.demo.deals import FIXED, Deal
from isthmus.demo.firm import Acceptance, Firm
from isthmus.demo.org import Org
from isthmus.demo.timesheets import (
    DELIVERY,
    DISCOVERY,
    DISCOVERY_ENDS,
    WORK,
    Assignment,
    Timecard,
)
from isthmus.demo.vendors import Row

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
APPROVED = {
    "pse__Status__c": "Approved",
    "pse__Approved__c": True,
    "pse__Include_In_Financials__c": True,
}


class Delivery:
    """The project office and the consultants."""

    def __init__(self, org: Org, firm: Firm) -> None:
        self._org, self._firm = org, firm

    async def projects(self) -> dict[str, str]:
        """Deal -> project."""
        deals = await self._org.ids("Opportunity", lambda r: r["Name"])
        by_deal = {
            row["pse__Opportunity__c"]: row["Id"]
            for row in await self._org.control.rows("pse__Proj__c")
        }
        return {name: by_deal[id] for name, id in deals.items() if id in by_deal}

    async def staff(self, deals: Sequence[Deal]) -> None:
        """Under way, with a profit centre, dated phases, and people at the list's rates."""
        projects = await self.projects()
        mine = [d for d in deals if d.name in projects]
        await self._org.update("pse__Proj__c", [_activation(d, projects[d.name]) for d in mine])
        await self._date_phases(mine, projects)
        await self._assign([d.name for d in mine], projects)

    async def _date_phases(self, deals: Sequence[Deal], projects: Mapping[str, str]) -> None:
        by_project = {projects[d.name]: d for d in deals}
        dated = [
            {"Id": row["Id"], **_span(row["Name"], by_project[row["pse__Project__c"]])}
            for row in await self._org.control.rows("pse__Project_Phase__c")
            if row["pse__Project__c"] in by_project
        ]
        await self._org.update("pse__Project_Phase__c", dated)

    async def _assign(self, deals: Sequence[str], projects: Mapping[str, str]) -> None:
        people = await self._org.ids("Contact", lambda r: r.get("Employee_Number__c"))
        new = [a for a in self._firm.assignments if a.deal in deals]
        schedules = [_schedule(a, self._firm.deal(a.deal), projects[a.deal]) for a in new]
        await self._org.ensure("pse__Schedule__c", schedules, lambda r: r["Name"])
        ids = await self._org.ids("pse__Schedule__c", lambda r: r["Name"])
        rows = [
            {
                "Name": f"{a.role} {a.person}",
                "pse__Project__c": projects[a.deal],
                "pse__Resource__c": people[a.person],
                "pse__Role__c": a.role,
                "pse__Schedule__c": ids[schedule["Name"]],
                "pse__Is_Billable__c": a.is_billable,
                "pse__Bill_Rate__c": self._rate(a, self._firm.deal(a.deal).starts_on),
                "pse__Status__c": "Scheduled",
                "CurrencyIsoCode": self._firm.deal(a.deal).currency,
            }
            for a, schedule in zip(new, schedules, strict=True)
        ]
        await self._org.ensure("pse__Assignment__c", rows, _who)

    def _rate(self, assignment: Assignment, day: date) -> Decimal:
        return self._firm.rate_on(assignment, day) if assignment.is_billable else Decimal(0)

    async def reprice(self, day: date) -> None:
        """Assignments carry a copy of the list's price; after a change it is copied again."""
        ids = await self.assignments()
        changed = [
            {"Id": ids[a.deal, a.person], "pse__Bill_Rate__c": self._rate(a, day)}
            for a in self._firm.assignments
            if (a.deal, a.person) in ids and a.is_billable
        ]
        await self._org.update("pse__Assignment__c", changed)

    async def assignments(self) -> dict[tuple[str, str], str]:
        """(deal, person) -> assignment."""
        deals = {project: deal for deal, project in (await self.projects()).items()}
        people = {row["Id"]: row.get("Employee_Number__c") or ""
                  for row in await self._org.control.rows("Contact")}  # fmt: skip
        return {
            (deals[row["pse__Project__c"]], people[row["pse__Resource__c"]]): row["Id"]
            for row in await self._org.control.rows("pse__Assignment__c")
        }

    async def log(self, cards: Sequence[Timecard]) -> None:
        """Timecards are handed in; the PSA stamps each with its assignment's rate."""
        projects, assignments = await self.projects(), await self.assignments()
        people = await self._org.ids("Contact", lambda r: r.get("Employee_Number__c"))
        phases = await self._org.ids(
            "pse__Project_Phase__c", lambda r: (r["pse__Project__c"], r["Name"])
        )
        rows = [
            {
                "pse__Project__c": (project := projects[c.deal]),
                "pse__Resource__c": people[c.person],
                "pse__Assignment__c": assignments[c.deal, c.person],
                "pse__Project_Phase_Object__c": phases[project, c.phase],
                "pse__Start_Date__c": c.starts_on.isoformat(),
                "pse__End_Date__c": c.ends_on.isoformat(),
                "pse__Status__c": "Submitted",
                "pse__Submitted__c": True,
                **_hours(c),
            }
            for c in cards
        ]
        await self._org.ensure("pse__Timecard_Header__c", rows, _week)

    async def approve(self, cards: Sequence[Timecard]) -> None:
        projects = await self.projects()
        people = await self._org.ids("Contact", lambda r: r.get("Employee_Number__c"))
        wanted = {
            (projects[c.deal], people[c.person], c.starts_on.isoformat())
            for c in cards
            if c.is_approved
        }
        rows = await self._org.control.rows("pse__Timecard_Header__c")
        due = [r for r in rows if _week(r) in wanted and not r["pse__Approved__c"]]
        await self._org.update(
            "pse__Timecard_Header__c", [{"Id": r["Id"], **APPROVED} for r in due]
        )

    async def accept(self, acceptances: Sequence[Acceptance]) -> None:
        """Signed off by the client and released for billing."""
        projects = await self.projects()
        wanted = {(projects[a.deal], f"Instalment {a.instalment}"): a for a in acceptances}
        signed = [
            {
                "Id": row["Id"],
                **APPROVED,
                "pse__Approved_for_Billing__c": True,
                "pse__Actual_Date__c": wanted[key].accepted_on,
            }
            for row in await self._org.control.rows("pse__Milestone__c")
            if (key := (row["pse__Project__c"], row["Name"])) in wanted
            and not row["pse__Approved__c"]
        ]
        await self._org.update("pse__Milestone__c", signed)


def _activation(deal: Deal, project: str) -> Row:
    return {
        "Id": project,
        "pse__Stage__c": "In Progress",
        "pse__Is_Active__c": True,
        "pse__Is_Billable__c": True,
        "Profit_Centre__c": "PC-ADV" if deal.model == FIXED else "PC-TECH",
    }


def _span(phase: str, deal: Deal) -> Row:
    starts_on, ends_on = {
        DISCOVERY: (deal.starts_on, DISCOVERY_ENDS),
        DELIVERY: (DISCOVERY_ENDS + timedelta(days=1), deal.ends_on),
        WORK: (deal.starts_on, deal.ends_on),
    }[phase]
    return {"pse__Start_Date__c": starts_on, "pse__End_Date__c": ends_on}


def _schedule(assignment: Assignment, deal: Deal, project: str) -> Row:
    hours = {f"pse__{day}_Hours__c": 4 if n < 5 else 0 for n, day in enumerate(DAYS)}
    return {
        "Name": f"{assignment.person} {project}",
        "pse__Start_Date__c": deal.starts_on,
        "pse__End_Date__c": deal.ends_on,
        **hours,
    }


def _hours(card: Timecard) -> dict[str, Decimal]:
    return {f"pse__{day}_Hours__c": h for day, h in zip(DAYS, card.hours, strict=True) if h}


def _who(row: Row) -> Any:
    return row["pse__Project__c"], row["pse__Resource__c"]


def _week(row: Row) -> Any:
    """A person's week on a project, which a timecard is about."""
    return row["pse__Project__c"], row["pse__Resource__c"], row["pse__Start_Date__c"]

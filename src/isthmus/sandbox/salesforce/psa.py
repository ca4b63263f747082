"""What the Certinia package's triggers and formulas do (certinia_psa reference, sections 8 and 9).

Timecards are in `timecards`, expenses in `expenses`, billing events in `billing`, budgets in
`budgets`; here is the rest.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce import billing, budgets, expenses, timecards
from isthmus.sandbox.salesforce.change import Behaviour, Change, Formula
from isthmus.sandbox.salesforce.errors import validation_failed
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.timecards import DAYS, check_financials_lock, clear_admin_edit
from isthmus.sandbox.salesforce.values import as_decimal


def install(behaviour: Behaviour) -> None:
    behaviour.before |= {
        "pse__Proj__c": [_hierarchy_depth],
        "pse__Project_Task__c": [_task_flags, _currency_of_project],
        "pse__Milestone__c": [check_financials_lock, clear_admin_edit, _currency_of_project],
        "pse__Assignment__c": [_currency_of_project],
        "pse__Schedule__c": [_scheduled_hours],
    }
    behaviour.formulas |= {
        ("pse__Assignment__c", "pse__Start_Date__c"): _of_schedule("pse__Start_Date__c"),
        ("pse__Assignment__c", "pse__End_Date__c"): _of_schedule("pse__End_Date__c"),
        ("pse__Assignment__c", "pse__Scheduled_Hours__c"): _of_schedule("pse__Scheduled_Hours__c"),
        ("pse__Assignment__c", "pse__Planned_Revenue__c"): _planned_revenue,
        ("pse__Schedule__c", "pse__Week_Total_Hours__c"): _week_total,
        ("pse__Project_Task__c", "pse__Start_Date__c"): _day_of("pse__Start_Date_Time__c"),
        ("pse__Project_Task__c", "pse__End_Date__c"): _day_of("pse__End_Date_Time__c"),
    }
    timecards.install(behaviour)
    expenses.install(behaviour)
    billing.install(behaviour)
    budgets.install(behaviour)


def _hierarchy_depth(org: Org, change: Change) -> None:
    parent = org.find("pse__Proj__c", change.new.get("pse__Parent_Project__c"))
    depth = Decimal(0) if parent is None else as_decimal(parent["pse__Hierarchy_Depth__c"]) + 1
    change.new["pse__Hierarchy_Depth__c"] = depth
    starts, ends = change.new.get("pse__Start_Date__c"), change.new.get("pse__End_Date__c")
    if starts and ends and ends < starts:
        raise validation_failed("End Date must be on or after Start Date", "pse__End_Date__c")


def _task_flags(org: Org, change: Change) -> None:
    if not change.moved("pse__Status__c"):
        return
    status = change.new.get("pse__Status__c")
    change.new["pse__Completed__c"] = status == "Complete"
    change.new["pse__Blocked__c"] = status == "Blocked"
    if status in ("Started", "Complete"):
        change.new["pse__Started__c"] = True


def _currency_of_project(org: Org, change: Change) -> None:
    project = org.find("pse__Proj__c", change.new.get("pse__Project__c"))
    if project is not None and change.old is None and "CurrencyIsoCode" not in change.given:
        change.new["CurrencyIsoCode"] = project["CurrencyIsoCode"]


def _scheduled_hours(org: Org, change: Change) -> None:
    new = change.new
    if not (new.get("pse__Start_Date__c") and new.get("pse__End_Date__c")):
        return
    day = date.fromisoformat(new["pse__Start_Date__c"])
    last = date.fromisoformat(new["pse__End_Date__c"])
    if last < day:
        raise validation_failed("End Date must be on or after Start Date", "pse__End_Date__c")
    hours, days = Decimal(0), 0
    while day <= last:
        of_day = as_decimal(new.get(f"pse__{DAYS[day.weekday()]}_Hours__c"))
        hours, days = hours + of_day, days + (of_day > 0)
        day += timedelta(days=1)
    new["pse__Scheduled_Hours__c"], new["pse__Scheduled_Days__c"] = hours, Decimal(days)


def _of_schedule(name: str) -> Formula:
    def formula(org: Org, row: Row) -> Any:
        schedule = org.find("pse__Schedule__c", row.get("pse__Schedule__c"))
        return None if schedule is None else schedule[name]

    return formula


def _planned_revenue(org: Org, row: Row) -> Decimal:
    hours = as_decimal(row.get("pse__Planned_Hours__c"))
    return hours * as_decimal(row.get("pse__Planned_Bill_Rate__c"))


def _week_total(org: Org, row: Row) -> Decimal:
    return sum((as_decimal(row.get(f"pse__{day}_Hours__c")) for day in DAYS), Decimal(0))


def _day_of(name: str) -> Formula:
    def formula(org: Org, row: Row) -> Any:
        return row[name][:10] if row.get(name) else None

    return formula

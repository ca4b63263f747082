"""Budgets: what is sold on a project. Approved ones in financials are the project's bookings.

Which types count, and that expenses count too, is from memory of the package's help.
"""

from decimal import Decimal
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Behaviour, Change
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.timecards import check_financials_lock, clear_admin_edit
from isthmus.sandbox.salesforce.values import as_decimal

BUDGET = "pse__Budget__c"
BOOKED = ("Customer Purchase Order", "Customer Purchase Order Change Request")


def install(behaviour: Behaviour) -> None:
    behaviour.before[BUDGET] = [check_financials_lock, clear_admin_edit]
    behaviour.after[BUDGET] = [_book]
    behaviour.after_delete[BUDGET] = [_book]
    behaviour.formulas[(BUDGET, "pse__Total_Amount__c")] = _total


def _total(org: Org, row: Row) -> Any:
    return as_decimal(row.get("pse__Amount__c")) + as_decimal(row.get("pse__Expense_Amount__c"))


def _book(org: Org, change: Change) -> None:
    for project in {change.new.get("pse__Project__c"), (change.old or {}).get("pse__Project__c")}:
        if org.find("pse__Proj__c", project) is not None:
            booked = sum((_total(org, row) for row in _counted(org, str(project))), Decimal(0))
            org.write_as_package("pse__Proj__c", str(project), pse__Bookings__c=booked)


def _counted(org: Org, project: str) -> list[Row]:
    sobject = org.schema.get(BUDGET)
    rows = org.linked(sobject, sobject.fields["pse__Project__c"], project)
    return [
        row
        for row in rows
        if row["pse__Type__c"] in BOOKED
        and row["pse__Approved__c"]
        and row["pse__Include_In_Financials__c"]
    ]

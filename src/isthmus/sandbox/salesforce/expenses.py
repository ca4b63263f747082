"""Expense reports (what is approved) and their lines (what is billed and given back).

The vendor publishes the fields; that a report's approval reaches its lines, and that its "Lines
Billed" and totals come from them, is our reading of their labels. Rates of exchange are not
simulated: amounts in the project's currency are left at zero for a line in another one.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Behaviour, Change
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.placement import check_assignment, check_open
from isthmus.sandbox.salesforce.timecards import check_financials_lock, clear_admin_edit
from isthmus.sandbox.salesforce.values import as_decimal

REPORT = "pse__Expense_Report__c"
LINE = "pse__Expense__c"
CENT = Decimal("0.01")
_APPROVAL = (
    "pse__Status__c",
    "pse__Submitted__c",
    "pse__Approved__c",
    "pse__Include_In_Financials__c",
)
_INHERITED = (
    "pse__Project__c",
    "pse__Resource__c",
    "pse__Assignment__c",
    "pse__Milestone__c",
    "pse__Billable__c",
)
_ENTERED = ("pse__Amount__c", "pse__Expense_Date__c", "pse__Project__c", "pse__Assignment__c")


def install(behaviour: Behaviour) -> None:
    locks = [check_financials_lock, clear_admin_edit]
    behaviour.before[REPORT] = [*locks, _check_placed]
    behaviour.after[REPORT] = [_approve_lines]
    behaviour.before[LINE] = [*locks, _default_from_report, _check_placed, _check_open, _convert]
    behaviour.after[LINE] = [_roll_up]
    behaviour.after_delete[LINE] = [_roll_up]
    behaviour.formulas |= {
        (LINE, "pse__Billable_Amount__c"): lambda org, row: billable_amount(row),
        (LINE, "pse__Non_Billable_Amount__c"): lambda org, row: _amount(row) - billable_amount(row),
        (LINE, "pse__Non_Billable_Incurred_Subtotal__c"): lambda org, row: _not_billable(row),
    }


def billable_amount(line: Row) -> Decimal:
    """What was spent, less the part that is not billed and less tax flagged as not billed."""
    if not line["pse__Billable__c"]:
        return Decimal("0.00")
    return _amount(line) - _not_billable(line)


def _amount(line: Row) -> Decimal:
    return as_decimal(line.get("pse__Amount__c"))


def _not_billable(line: Row) -> Decimal:
    part = as_decimal(line.get("pse__Non_Billable_Incurred_Amount__c"))
    tax = as_decimal(line.get("pse__Incurred_Tax__c"))
    return part + tax if line["pse__Incurred_Tax_Non_Billable__c"] else part


def _check_placed(org: Org, change: Change) -> None:
    check_assignment(org, change, "expense", "pse__Allow_Expenses_Without_Assignment__c")


def _check_open(org: Org, change: Change) -> None:
    check_open(org, change, _ENTERED, "expense", "pse__Closed_for_Expense_Entry__c")


def _default_from_report(org: Org, change: Change) -> None:
    if change.old is not None:
        return
    new = change.new
    report = org.find(REPORT, new.get("pse__Expense_Report__c"))
    if report is not None:
        new |= {name: report[name] for name in _INHERITED if name not in change.given}
    project = org.find("pse__Proj__c", new.get("pse__Project__c"))
    if project is not None and "CurrencyIsoCode" not in change.given:
        new["CurrencyIsoCode"] = project["CurrencyIsoCode"]


def _convert(org: Org, change: Change) -> None:
    """Billing amount: the billable amount with the fees that the line carries."""
    new = change.new
    project = org.find("pse__Proj__c", new.get("pse__Project__c"))
    billed_in = None if project is None else project["CurrencyIsoCode"]
    new["pse__Billing_Currency__c"] = billed_in
    new["pse__Reimbursement_Currency__c"] = new["CurrencyIsoCode"]
    back = Decimal("0.00") if new["pse__Non_Reimbursible__c"] else _amount(new)
    new["pse__Reimbursement_Amount__c"] = back
    before = billable_amount(new) if billed_in == new["CurrencyIsoCode"] else Decimal("0.00")
    percent = as_decimal(new.get("pse__Billable_Fee_Percentage__c"))
    flat = as_decimal(new.get("pse__Billable_Fee_Flat_Amount__c"))
    fee = (before * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP)
    new["pse__Billing_Amount_Pre_Fee_Subtotal__c"] = before
    new["pse__Billing_Amount__c"] = before + fee + flat if before else before


def _approve_lines(org: Org, change: Change) -> None:
    moved = [name for name in _APPROVAL if change.moved(name)]
    if change.old is None or not moved:
        return
    for line in _lines(org, change.record_id):
        org.write_as_package(LINE, line["Id"], **{name: change.new[name] for name in moved})


def _roll_up(org: Org, change: Change) -> None:
    """Also to the report that the line was on before."""
    link = "pse__Expense_Report__c"
    for report in {change.new.get(link), (change.old or {}).get(link)}:
        if org.find(REPORT, report) is not None:
            org.write_as_package(REPORT, str(report), **_totals(_lines(org, str(report))))


def _totals(lines: list[Row]) -> dict[str, Any]:
    days = sorted(line["pse__Expense_Date__c"] for line in lines)
    billable = [line for line in lines if line["pse__Billable__c"]]
    billed = sum(map(billable_amount, lines), Decimal(0))
    spent = sum(map(_amount, lines), Decimal(0))
    back = sum((as_decimal(line["pse__Reimbursement_Amount__c"]) for line in lines), Decimal(0))
    return {
        "pse__First_Expense_Date__c": days[0] if days else None,
        "pse__Last_Expense_Date__c": days[-1] if days else None,
        "pse__Total_Billable_Amount__c": billed,
        "pse__Total_Non_Billable_Amount__c": spent - billed,
        "pse__Total_Reimbursement_Amount__c": back,
        "pse__Billed__c": bool(billable) and all(n["pse__Billed__c"] for n in billable),
        "pse__Invoiced__c": bool(billable) and all(n["pse__Invoiced__c"] for n in billable),
    }


def _lines(org: Org, report_id: str) -> list[Row]:
    sobject = org.schema.get(LINE)
    return org.linked(sobject, sobject.fields["pse__Expense_Report__c"], report_id)

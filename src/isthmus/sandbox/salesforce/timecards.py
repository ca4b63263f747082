"""Timecard headers (what people edit, one week) and splits (what is billed, within one month)."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Behaviour, Change, Writer
from isthmus.sandbox.salesforce.errors import validation_failed
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.placement import check_assignment, check_open
from isthmus.sandbox.salesforce.values import as_decimal

HEADER = "pse__Timecard_Header__c"
SPLIT = "pse__Timecard__c"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"pse__{day}_Hours__c" for day in DAYS)
CENT = Decimal("0.01")
MOST_HOURS_A_DAY = 24
_COPIED = (
    "pse__Project__c",
    "pse__Assignment__c",
    "pse__Resource__c",
    "pse__Milestone__c",
    "pse__Billable__c",
    "pse__Status__c",
    "pse__Submitted__c",
    "pse__Approved__c",
    "pse__Include_In_Financials__c",
    "pse__Exclude_from_Billing__c",
    "pse__Time_Credited__c",
    "pse__Time_Excluded__c",
    "pse__External_Resource__c",
    "pse__Timecard_Notes__c",
    "CurrencyIsoCode",
)
# What billing itself decides after a row is in financials, so the lock cannot be meant for it.
_OF_BILLING = frozenset(
    {
        "pse__Approved_for_Billing__c",
        "pse__Bill_Date__c",
        "pse__Billed__c",
        "pse__Billing_Hold__c",
        "pse__Exclude_from_Billing__c",
        "pse__Invoiced__c",
        "pse__Invoice_Date__c",
        "pse__Invoice_Number__c",
    }
)


def install(behaviour: Behaviour) -> None:
    behaviour.before[HEADER] = [
        check_financials_lock,
        clear_admin_edit,
        _check_week,
        _check_placed,
        _check_open,
        _default_from_assignment,
    ]
    behaviour.after[HEADER] = [_keep_splits]
    behaviour.before[SPLIT] = [_only_the_package_inserts]
    behaviour.formulas |= {
        (HEADER, "pse__Total_Hours__c"): lambda org, row: total_hours(row),
        (HEADER, "pse__Total_Billable_Amount__c"): lambda org, row: billable_amount(row, row),
    }


def check_financials_lock(org: Org, change: Change) -> None:
    """What is in financials is edited only by Admin Global Edit with Audit Notes, both in the
    update that makes the change. Billing's fields and the customer's own stay free (our reading:
    the help names the rule, not the fields).
    """
    if change.old is None or not change.old["pse__Include_In_Financials__c"]:
        return
    if change.writer.kind == "package" or not any(_is_locked(change, n) for n in change.given):
        return
    if not change.new.get("pse__Admin_Global_Edit__c"):
        raise validation_failed(
            "This record is included in financials. Set Admin Global Edit and enter Audit Notes"
            " in the same update to change it.",
            "pse__Admin_Global_Edit__c",
        )
    if "pse__Audit_Notes__c" not in change.given or not change.new["pse__Audit_Notes__c"]:
        raise validation_failed(
            "Audit Notes are required when Admin Global Edit is set.", "pse__Audit_Notes__c"
        )


def _is_locked(change: Change, name: str) -> bool:
    return name.startswith("pse__") and name not in _OF_BILLING and change.moved(name)


def clear_admin_edit(org: Org, change: Change) -> None:
    """The flag opens one update; the note stays in the history where the object has one."""
    if not change.new.get("pse__Admin_Global_Edit__c"):
        return
    change.new["pse__Admin_Global_Edit__c"] = False
    notes = change.new.get("pse__Audit_Notes__c")
    if notes and "pse__Audit_Notes_History__c" in change.sobject.fields:
        before = change.new.get("pse__Audit_Notes_History__c")
        line = f"{org.now()}: {notes}"
        change.new["pse__Audit_Notes_History__c"] = f"{before}\n{line}" if before else line


def _check_week(org: Org, change: Change) -> None:
    new = change.new
    starts, ends = new.get("pse__Start_Date__c"), new.get("pse__End_Date__c")
    if not (starts and ends):
        return
    first, last = date.fromisoformat(starts), date.fromisoformat(ends)
    if not first <= last <= first + timedelta(days=6):
        raise validation_failed(
            "A timecard covers at most one week: End Date must be 0 to 6 days after Start Date.",
            "pse__End_Date__c",
        )
    worked = {HOURS[day.weekday()] for day in _days(first, last)}
    for name in HOURS:
        hours = as_decimal(new.get(name))
        if not 0 <= hours <= MOST_HOURS_A_DAY:
            raise validation_failed("Hours of a day must be between 0 and 24.", name)
        if hours and name not in worked:
            raise validation_failed("Hours on a day outside Start Date to End Date.", name)


def _check_placed(org: Org, change: Change) -> None:
    check_assignment(org, change, "timecard", "pse__Allow_Timecards_Without_Assignment__c")


def _check_open(org: Org, change: Change) -> None:
    entered = ("pse__Start_Date__c", "pse__End_Date__c", "pse__Project__c", "pse__Assignment__c")
    check_open(org, change, (*HOURS, *entered), "time", "pse__Closed_for_Time_Entry__c")


def _default_from_assignment(org: Org, change: Change) -> None:
    """The rate is the assignment's, copied: a later change there does not move this timecard."""
    new = change.new
    if change.old is not None:
        return
    project = org.find("pse__Proj__c", new["pse__Project__c"])
    assignment = org.find("pse__Assignment__c", new.get("pse__Assignment__c"))
    if project is not None:
        _default(change, "CurrencyIsoCode", project["CurrencyIsoCode"])
        if assignment is None:
            _default(change, "pse__Billable__c", project["pse__Is_Billable__c"])
    if assignment is not None:
        for name, source in (
            ("pse__Billable__c", "pse__Is_Billable__c"),
            ("pse__Daily_Bill_Rate__c", "pse__Daily_Bill_Rate__c"),
            ("pse__Cost_Rate_Amount__c", "pse__Cost_Rate_Amount__c"),
            ("pse__Cost_Rate_Currency_Code__c", "pse__Cost_Rate_Currency_Code__c"),
            ("pse__Milestone__c", "pse__Milestone__c"),
        ):
            _default(change, name, assignment[source])
        if "pse__Bill_Rate__c" not in change.given or new["pse__Bill_Rate__c"] is None:
            new["pse__Bill_Rate__c"] = assignment["pse__Bill_Rate__c"]


def _default(change: Change, name: str, value: object) -> None:
    if name not in change.given:
        change.new[name] = value


def _only_the_package_inserts(org: Org, change: Change) -> None:
    if change.old is None and change.writer.kind != "package":
        raise validation_failed("Timecard splits are created from an approved timecard only.")


def total_hours(row: Row) -> Decimal:
    return sum((as_decimal(row.get(name)) for name in HOURS), Decimal(0))


def billable_amount(header: Row, worked: Row) -> Decimal:
    """Hours (or days, for a daily rate) of `worked` at the header's rate; zero unless billable."""
    if not header["pse__Billable__c"]:
        return Decimal("0.00")
    units = _days_worked(worked) if header["pse__Daily_Bill_Rate__c"] else total_hours(worked)
    amount = units * as_decimal(header.get("pse__Bill_Rate__c"))
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _days_worked(row: Row) -> Decimal:
    return Decimal(sum(1 for name in HOURS if as_decimal(row.get(name)) > 0))


def _keep_splits(org: Org, change: Change) -> None:
    """One split per calendar month of the week, from approval on; gone again when approval is."""
    header = change.new
    sobject = org.schema.get(SPLIT)
    existing = org.linked(sobject, sobject.fields["pse__Timecard_Header__c"], header["Id"])
    by_start = {row["pse__Start_Date__c"]: row for row in existing}
    writer = Writer(change.writer.user_id, "package")
    if header["pse__Approved__c"] or header["pse__Include_In_Financials__c"]:
        for part in _parts(header):
            known = by_start.pop(part["pse__Start_Date__c"], None)
            if known is None:
                part["pse__Timecard_Header__c"] = header["Id"]
                org.insert(sobject, part, writer)
            elif any(known.get(name) != value for name, value in part.items()):
                org.update(sobject, known["Id"], part, writer)
    for surplus in by_start.values():
        if surplus["pse__Billing_Event_Item__c"] is not None:
            raise validation_failed("A split of this timecard is in a billing event.")
        org.delete(sobject, surplus["Id"], writer)


def _parts(header: Row) -> Iterator[Row]:
    first = date.fromisoformat(header["pse__Start_Date__c"])
    last = date.fromisoformat(header["pse__End_Date__c"])
    months: dict[tuple[int, int], list[date]] = {}
    for day in _days(first, last):
        months.setdefault((day.year, day.month), []).append(day)
    for days in months.values():
        yield _part(header, days)


def _part(header: Row, days: list[date]) -> Row:
    part: Row = {name: header.get(name) for name in _COPIED}
    weekdays = {day.weekday() for day in days}
    for at, day in enumerate(DAYS):
        mine = at in weekdays
        hours = as_decimal(header.get(HOURS[at])) if mine else Decimal(0)
        part[HOURS[at]] = hours.quantize(CENT)
        part[f"pse__{day}_Notes__c"] = header.get(f"pse__{day}_Notes__c") if mine else None
    hours = total_hours(part)
    cost = hours * as_decimal(header.get("pse__Cost_Rate_Amount__c"))
    return {
        **part,
        "pse__Start_Date__c": days[0].isoformat(),
        "pse__End_Date__c": days[-1].isoformat(),
        "pse__Total_Hours__c": hours,
        "pse__Total_Billable_Amount__c": billable_amount(header, part),
        "pse__Total_Cost__c": cost.quantize(CENT, rounding=ROUND_HALF_UP),
    }


def _days(first: date, last: date) -> Iterator[date]:
    for count in range((last - first).days + 1):
        yield first + timedelta(days=count)

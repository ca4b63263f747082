"""Time entries. `hours` is text, as hours and minutes or as a decimal (vendor page, section 9)."""

import re
from decimal import Decimal

from isthmus.sandbox.netsuite.books import Books, Row, user_error
from isthmus.sandbox.netsuite.periods import check_time_day

HOURS = re.compile(r"(\d+):([0-5]\d)|(\d+(?:\.\d+)?)")
CLOSED = "1"


def hours_of(text: str) -> Decimal:
    match = HOURS.fullmatch(text)
    if match is None:
        raise user_error(f"Invalid time '{text}': use hours as 1:30 or 1.5.", "hours")
    if match[3]:
        return Decimal(match[3])
    return (Decimal(match[1]) + Decimal(match[2]) / 60).quantize(Decimal("0.0001"))


def write_time(books: Books, row: Row) -> Row:
    if hours_of(row["hours"]) == 0:
        raise user_error("Please enter value(s) for: Duration.", "hours")
    employee = books.get("employee", row["employee"]["id"])
    defaults: Row = {"tranDate": books.today().isoformat(), "timeType": {"id": "A"}}
    row = defaults | row
    if "subsidiary" not in row and "subsidiary" in employee:
        row = row | {"subsidiary": employee["subsidiary"]}
    check_time_day(books, row["tranDate"])
    if "customer" in row:
        _check_project(books, row)
    return row


def _check_project(books: Books, row: Row) -> None:
    job = books.find("job", row["customer"]["id"])
    if job is None:
        return
    if job.get("entityStatus", {}).get("id") == CLOSED or job.get("allowTime") is False:
        raise user_error(
            f"You cannot enter time for project {job['entityId']}: it is closed for time.",
            "customer",
        )
    if row.get("isBillable") and "item" not in row:
        raise user_error("Please enter value(s) for: Service Item.", "item")

"""Customers, projects and people: defaults, parentage and the entity name that must be unique."""

from isthmus.sandbox.netsuite.books import Books, Row, ref_id, user_error
from isthmus.sandbox.netsuite.sales import check_subsidiary
from isthmus.sandbox.netsuite.wire import NetSuiteError


def write_customer(books: Books, row: Row) -> Row:
    subsidiary = books.get("subsidiary", row["subsidiary"]["id"])
    if row.get("parent") == {"id": row["id"]}:
        raise user_error("A record cannot be its own parent.", "parent")
    if "currency" not in row and "currency" in subsidiary:
        row = row | {"currency": subsidiary["currency"]}
    return named(books, "customer", row)


def write_job(books: Books, row: Row) -> Row:
    customer = books.get("customer", row["parent"]["id"])
    subsidiary = ref_id(row, "subsidiary") or customer["subsidiary"]["id"]
    check_subsidiary(books, customer, subsidiary)
    row = row | {"subsidiary": {"id": subsidiary}, "customer": row["parent"]}
    if "currency" not in row and "currency" in customer:
        row = row | {"currency": customer["currency"]}
    start, end = row.get("startDate"), row.get("scheduledEndDate")
    if start and end and end < start:
        raise user_error("The end date must not be before the start date.", "scheduledEndDate")
    return named(books, "job", {"entityStatus": {"id": "2"}} | row)


def named(books: Books, record: str, row: Row) -> Row:
    """`entityId` is the company's name when not given (auto-numbering off), and unique."""
    person = f"{row.get('firstName', '')} {row.get('lastName', '')}".strip()
    row = {"entityId": row.get("companyName") or person} | row
    taken = books.store.find(record, "entityId", row["entityId"])
    if any(other["id"] != row["id"] for other in taken):
        raise NetSuiteError(
            "DUP_ENTITY",
            f"Error while accessing a resource. A {record} record with this ID already exists. "
            f"You must enter a unique {record} ID for each record you create.",
            path="entityId",
        )
    return row

"""Create, change, upsert and delete, for every record type, with each type's own rules."""

from dataclasses import dataclass, field
from decimal import Decimal

from isthmus.sandbox.netsuite.body import Checks, Reader, check_external_id, merge
from isthmus.sandbox.netsuite.books import Books, Row, lines, missing, user_error
from isthmus.sandbox.netsuite.entities import named, write_customer, write_job
from isthmus.sandbox.netsuite.fields import RecordType
from isthmus.sandbox.netsuite.journals import reversing, write_journal
from isthmus.sandbox.netsuite.payments import (
    apply_money,
    credit_status,
    settled,
    take_back,
    write_payment,
)
from isthmus.sandbox.netsuite.periods import check_time_day
from isthmus.sandbox.netsuite.sales import JOURNALS, guard_change, mark_sent, write_sale
from isthmus.sandbox.netsuite.schema import RECORDS
from isthmus.sandbox.netsuite.time_bills import write_time
from isthmus.sandbox.netsuite.wire import NetSuiteError

POSTED = frozenset({"invoice", "creditMemo", "customerPayment"}) | JOURNALS
REFERRERS = {
    "customer": (
        ("invoice", "entity"),
        ("creditMemo", "entity"),
        ("customerPayment", "customer"),
        ("job", "parent"),
        ("timeBill", "customer"),
    ),
    "job": (("invoice", "entity"), ("timeBill", "customer"), ("projectTask", "company")),
    "employee": (("timeBill", "employee"),),
    "accountingPeriod": tuple((record, "postingPeriod") for record in sorted(POSTED)),
}


def record_type(name: str) -> RecordType:
    try:
        return RECORDS[name]
    except KeyError:
        raise NetSuiteError(
            "INVALID_RCRD_TYPE", f"The record type '{name}' does not exist.", status=404
        ) from None


@dataclass(frozen=True)
class Write:
    """How a body is taken: the validation headers and the sublists to replace."""

    checks: Checks = field(default_factory=Checks)
    replace: frozenset[str] = frozenset()


def find_by_key(books: Books, record: RecordType, key: str) -> Row:
    """The row by internal id, or by `eid:` external id."""
    if key.startswith("eid:"):
        row = books.by_external_id(record.name, key.removeprefix("eid:"))
    else:
        row = books.find(record.name, key)
    if row is None:
        raise missing(record.name, key)
    return row


def create(books: Books, record: RecordType, body: Row, write: Write) -> Row:
    with books.transaction():
        changes = Reader(books, record, write.checks).read(body)
        return _save(books, record, {"id": books.new_id(record.name)}, changes, write)


def update(books: Books, record: RecordType, key: str, body: Row, write: Write) -> Row:
    with books.transaction():
        row = find_by_key(books, record, key)
        changes = Reader(books, record, write.checks).read(body)
        if record.name in POSTED:
            guard_change(books, record.name, row, changes)
        return _save(books, record, row, changes, write)


def upsert(books: Books, record: RecordType, external_id: str, body: Row, write: Write) -> Row:
    """PUT by external id: the one write that may be repeated without making a second record."""
    check_external_id(external_id)
    body = body | {"externalId": external_id}
    if books.by_external_id(record.name, external_id) is None:
        return create(books, record, body, write)
    return update(books, record, f"eid:{external_id}", body, write)


def delete(books: Books, record: RecordType, key: str) -> None:
    with books.transaction():
        row = find_by_key(books, record, key)
        _check_unused(books, record.name, row)
        if record.name in POSTED:
            guard_change(books, record.name, row, None)
        if record.name == "timeBill":
            check_time_day(books, row["tranDate"])
        if record.name in ("creditMemo", "customerPayment"):
            take_back(books, row)
        books.delete(record.name, row["id"])


def _check_unused(books: Books, record: str, row: Row) -> None:
    here = {"id": row["id"]}
    users = (
        name
        for name, field in REFERRERS.get(record, ())
        if any(other.get(field) == here for other in books.all(name))
    )
    if (user := next(users, None)) is not None or row.get("_applied"):
        raise user_error(
            f"This {record} cannot be deleted because it has dependent records"
            f" ({user or 'customerPayment'})."
        )


def _save(books: Books, record: RecordType, before: Row, changes: Row, write: Write) -> Row:
    if record.name in ("invoice", "creditMemo"):
        changes = mark_sent(changes)
    row = merge(record, before, changes, write.replace)
    if "_appliedBefore" not in row and record.name in ("creditMemo", "customerPayment"):
        row["_appliedBefore"] = before.get("apply", {"items": []})
    _check_required(record, row)
    _check_external_id_free(books, record, row)
    return books.put(record.name, _ruled(books, record.name, row, changes))


def _check_required(record: RecordType, row: Row) -> None:
    required = record.required
    if row.get("isPerson"):
        required = tuple("lastName" if name == "companyName" else name for name in required)
    absent = [name for name in required if row.get(name) in (None, "")]
    if absent:
        raise user_error(f"Please enter value(s) for: {', '.join(absent)}.", absent[0])


def _check_external_id_free(books: Books, record: RecordType, row: Row) -> None:
    if row.get("externalId") is None:
        return
    other = books.by_external_id(record.name, row["externalId"])
    if other is not None and other["id"] != row["id"]:
        raise NetSuiteError(
            "DUP_RCRD",
            "Error while accessing a resource. This record already exists: external ID "
            f"{row['externalId']} is used by {record.name} {other['id']}.",
            path="externalId",
        )


def _ruled(books: Books, record: str, row: Row, changes: Row) -> Row:
    stamp = books.stamp()
    if record in POSTED:
        return _ruled_document(books, record, row, changes)
    match record:
        case "customer":
            return {"dateCreated": stamp} | write_customer(books, row)
        case "job":
            return {"dateCreated": stamp} | write_job(books, row)
        case "employee":
            return named(books, record, row)
        case "timeBill":
            return write_time(books, row)
        case "accountingPeriod":
            return _written_period(books, row)
        case "currency":
            return {"exchangeRate": Decimal(1)} | row
        case _:
            return row


def _ruled_document(books: Books, record: str, row: Row, changes: Row) -> Row:
    made: Row = {"createdDate": books.stamp()}
    match record:
        case "invoice":
            _check_no_costs(row)
            sale = write_sale(books, record, row, changes)
            return settled(made | {"approvalStatus": {"id": "2"}} | sale)
        case "creditMemo":
            sale = write_sale(books, record, row, changes)
            customer = books.customer_of(sale["entity"]["id"])["id"]
            applied = apply_money(books, sale, customer, sale["total"])
            return made | credit_status(applied)
        case "customerPayment":
            paid = write_payment(books, row, changes)
            return made | apply_money(books, paid, paid["customer"]["id"], paid["payment"])
        case _:
            return _reversed(books, record, made | write_journal(books, record, row, changes))


def _reversed(books: Books, record: str, row: Row) -> Row:
    """A reversal date makes the opposite entry at once, dated that day."""
    opposite = reversing(books, record, row)
    if opposite is None:
        return row
    books.put(record, opposite)
    return row | {"reversalEntry": opposite["tranId"]}


def _check_no_costs(row: Row) -> None:
    """Billing of costs by reference is not simulated; silence would lose money."""
    for name in ("time", "expCost", "itemCost"):
        if any(line.get("apply", True) for line in lines(row, name)):
            raise user_error("Invoicing by cost reference is not available in the sandbox.", name)


PERIOD_FLAGS = (
    "closed",
    "allLocked",
    "arLocked",
    "apLocked",
    "payrollLocked",
    "isQuarter",
    "isYear",
    "isAdjust",
    "allowNonGLChanges",
)


def _written_period(books: Books, row: Row) -> Row:
    if row["endDate"] < row["startDate"]:
        raise user_error("The end date must not be before the start date.", "endDate")
    row = dict.fromkeys(PERIOD_FLAGS, False) | {"isPosting": True} | row
    if row["closed"] and "closedOnDate" not in row:
        return row | {"closedOnDate": books.today().isoformat()}
    return row

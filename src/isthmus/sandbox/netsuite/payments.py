"""Customer payments and credits against invoices.

An invoice keeps under `_applied` how much of each payment or credit it has received; what is paid,
what remains and the status follow from that.
"""

from decimal import Decimal

from isthmus.sandbox.netsuite.books import Books, Row, lines, ref_id, rounded, user_error
from isthmus.sandbox.netsuite.periods import posting_period
from isthmus.sandbox.netsuite.sales import (
    APPLIED,
    OPEN,
    PAID,
    VOIDED,
    check_currency,
    check_subsidiary,
    next_number,
)

ZERO = Decimal(0)


def settled(invoice: Row) -> Row:
    """The invoice with paid, remaining and status brought in line with what was applied."""
    paid = sum(invoice.get("_applied", {}).values(), ZERO)
    remaining = invoice["total"] - paid
    if remaining < 0:
        raise user_error(
            f"The total {invoice['total']} would be less than the {paid} already applied.", "item"
        )
    status = invoice.get("status")
    if status != VOIDED:
        status = OPEN if remaining else PAID
    return invoice | {
        "amountPaid": rounded(paid, invoice["total"]),
        "amountRemaining": remaining,
        "status": status,
    }


def write_payment(books: Books, row: Row, changes: Row) -> Row:
    customer = books.get("customer", row["customer"]["id"])
    subsidiary = ref_id(row, "subsidiary") or customer["subsidiary"]["id"]
    check_subsidiary(books, customer, subsidiary)
    default = customer.get("currency") or books.get("subsidiary", subsidiary)["currency"]
    currency = row.get("currency") or default
    check_currency(customer, default, currency["id"])
    if row["payment"] <= 0:
        raise user_error("The payment amount must be greater than zero.", "payment")
    defaults: Row = {"tranDate": books.today().isoformat(), "exchangeRate": Decimal(1)}
    row = defaults | row
    row = row | {
        "subsidiary": {"id": subsidiary},
        "currency": currency,
        "payment": rounded(row["payment"], books.minor_unit(currency["id"])),
        "status": {"id": "Not Deposited"},
    }
    was_sent = changes.get("postingPeriod") is not None
    if was_sent or "postingPeriod" not in row or "tranDate" in changes:
        period = posting_period(books, row, was_sent=was_sent)
        row = row | {"postingPeriod": {"id": period}}
    return {"tranId": next_number(books, "customerPayment", row)} | row


def apply_money(books: Books, row: Row, customer_id: str, available: Decimal) -> Row:
    """Take back what this payment or credit had applied, then apply its lines afresh."""
    before = {str(line["doc"]["id"]) for line in lines(row, "_appliedBefore")}
    left = available
    kept: list[Row] = []
    touched: dict[str, Row] = {
        doc: _without(books.get("invoice", doc), row["id"]) for doc in sorted(before)
    }
    for at, line in enumerate(lines(row, "apply")):
        if not line.get("apply", True):
            continue
        invoice = _target(books, row, customer_id, line, at, touched)
        amount = _amount(row, line, at, invoice, left)
        left -= amount
        touched[invoice["id"]] = _with(invoice, row["id"], amount)
        kept.append({"line": at, "apply": True} | line | _shown(invoice, amount))
    for doc, invoice in touched.items():
        _store_if_changed(books, doc, invoice)
    unused = {key: value for key, value in row.items() if key != "_appliedBefore"}
    return unused | {"apply": {"items": kept}, "applied": available - left, "unapplied": left}


def _store_if_changed(books: Books, doc: str, invoice: Row) -> None:
    if settled(invoice) != books.get("invoice", doc):
        books.put("invoice", settled(invoice))


def _shown(invoice: Row, amount: Decimal) -> Row:
    return {"amount": amount, "due": invoice["amountRemaining"], "total": invoice["total"]}


def _with(invoice: Row, source: str, amount: Decimal) -> Row:
    already = invoice.get("_applied", {})
    total = already.get(source, ZERO) + amount
    return settled(invoice | {"_applied": already | {source: total}})


def _without(invoice: Row, source: str) -> Row:
    applied = {key: value for key, value in invoice.get("_applied", {}).items() if key != source}
    return settled(invoice | {"_applied": applied})


def _target(
    books: Books, row: Row, customer_id: str, line: Row, at: int, touched: dict[str, Row]
) -> Row:
    path = f"apply.items[{at}].doc"
    doc = ref_id(line, "doc")
    if doc is None:
        raise user_error("Please enter value(s) for: Doc.", path)
    invoice = touched.get(doc) or books.get("invoice", doc)
    is_foreign = (
        books.customer_of(invoice["entity"]["id"])["id"] != customer_id
        or invoice["currency"] != row["currency"]
        or invoice["subsidiary"] != row["subsidiary"]
        or invoice["status"] == VOIDED
    )
    if is_foreign:
        raise user_error(
            f"Invalid apply reference key {doc}: the invoice is of another customer, currency or "
            "subsidiary, or is voided.",
            path,
        )
    return invoice


def _amount(row: Row, line: Row, at: int, invoice: Row, left: Decimal) -> Decimal:
    due = invoice["amountRemaining"]
    amount = rounded(Decimal(line.get("amount", min(due, left))), invoice["total"])
    path = f"apply.items[{at}].amount"
    if amount <= 0:
        raise user_error("The amount to apply must be greater than zero.", path)
    if amount > due:
        raise user_error(
            f"The amount {amount} applied to {invoice['tranId']} exceeds the amount due {due}.",
            path,
        )
    if amount > left:
        raise user_error(f"You cannot apply {amount}: only {left} is left to apply.", path)
    return amount


def take_back(books: Books, row: Row) -> None:
    """Before a payment or credit is deleted: its invoices owe the money again."""
    for line in lines(row, "apply"):
        invoice = books.get("invoice", str(line["doc"]["id"]))
        books.put("invoice", _without(invoice, row["id"]))


def credit_status(row: Row) -> Row:
    left = row["unapplied"]
    return row | {"amountRemaining": left, "status": OPEN if left else APPLIED}

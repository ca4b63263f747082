"""Invoices and credit memos: what the account fills in, computes and refuses."""

from decimal import Decimal

from isthmus.sandbox.netsuite.books import Books, Row, lines, ref_id, rounded, user_error
from isthmus.sandbox.netsuite.periods import (
    GENERAL,
    RECEIVABLES,
    check_open,
    due_date,
    posting_period,
)
from isthmus.sandbox.netsuite.tax import Tax, tax_for, tax_item

PREFIX = {
    "invoice": "INV",
    "creditMemo": "CM",
    "customerPayment": "PYMT",
    "journalEntry": "JE",
    "advIntercompanyJournalEntry": "ICJE",
}
JOURNALS = frozenset({"journalEntry", "advIntercompanyJournalEntry"})
NON_GL = frozenset({"memo", "otherRefNum", "externalId", "email", "toBeEmailed", "toBePrinted"})
OPEN, PAID, VOIDED = {"id": "Open"}, {"id": "Paid In Full"}, {"id": "Voided"}
APPLIED = {"id": "Fully Applied"}


def write_sale(books: Books, record: str, row: Row, changes: Row) -> Row:
    """The invoice or credit memo as it is stored, from what was sent."""
    customer = books.customer_of(row["entity"]["id"])
    row = {"tranDate": books.today().isoformat()} | row
    row = row | _parties(books, customer, row)
    row = row | {"postingPeriod": {"id": _period(books, row, changes)}}
    if record == "invoice":
        row = _with_due_date(books, customer, row, changes)
    row = _with_amounts(books, customer, row)
    return {"tranId": next_number(books, record, row)} | row


def mark_sent(changes: Row) -> Row:
    """Remember on each line what the caller fixed, so a later write does not recompute it."""
    if "item" not in changes:
        return changes
    return changes | {"item": {"items": [_marked(line) for line in changes["item"]["items"]]}}


def _marked(line: Row) -> Row:
    if "taxCode" in line:
        line = line | {"_taxCodeSent": line["taxCode"] is not None}
    if "amount" in line:
        return line | {"_amountSent": line["amount"] is not None}
    return line | {"_amountSent": False} if {"rate", "quantity"} & line.keys() else line


def guard_change(books: Books, record: str, row: Row, changes: Row | None) -> None:
    """A posted document in a locked period keeps its ledger fields; `None` means deletion."""
    period = books.get("accountingPeriod", row["postingPeriod"]["id"])
    if changes is not None and changes.keys() <= NON_GL and period.get("allowNonGLChanges"):
        return
    check_open(books, period, GENERAL if record in JOURNALS else RECEIVABLES)
    if row.get("status") == VOIDED:
        raise user_error(f"{row['tranId']} is voided and cannot be changed.")


def next_number(books: Books, record: str, row: Row) -> str:
    """Numbers run per subsidiary."""
    subsidiary = row["subsidiary"]["id"]
    number = books.store.next(f"tranId:{record}:{subsidiary}")
    return f"{PREFIX[record]}{subsidiary}-{number:05d}"


def _period(books: Books, row: Row, changes: Row) -> str:
    was_sent = changes.get("postingPeriod") is not None
    if not was_sent and "postingPeriod" in row and "tranDate" not in changes:
        return str(row["postingPeriod"]["id"])
    return posting_period(books, row, was_sent=was_sent)


def _parties(books: Books, customer: Row, row: Row) -> Row:
    """Subsidiary and currency, defaulted from the customer and checked against it."""
    subsidiary = ref_id(row, "subsidiary") or customer["subsidiary"]["id"]
    check_subsidiary(books, customer, subsidiary)
    base = books.get("subsidiary", subsidiary).get("currency")
    default = customer.get("currency") or base
    currency = row.get("currency") or default
    if currency is None:
        raise user_error("Please enter value(s) for: Currency.", "currency")
    check_currency(customer, default, currency["id"])
    rate = row.get("exchangeRate") or exchange_rate(books, base, currency)
    return {"subsidiary": {"id": subsidiary}, "currency": currency, "exchangeRate": rate}


def check_subsidiary(books: Books, customer: Row, subsidiary: str) -> None:
    allowed = {customer["subsidiary"]["id"]} | {
        str(ref_id(row, "subsidiary"))
        for row in books.all("customerSubsidiaryRelationship")
        if ref_id(row, "entity") == customer["id"]
    }
    if subsidiary not in allowed:
        raise user_error(
            f"Invalid entity reference key {customer['id']} for subsidiary {subsidiary}.", "entity"
        )


def check_currency(customer: Row, default: Row | None, currency: str) -> None:
    listed = {ref_id(line, "currency") for line in lines(customer, "currencyList")}
    if currency not in listed and (default is None or currency != default["id"]):
        raise user_error(
            f"Invalid currency reference key {currency} for entity {customer['id']}.", "currency"
        )


def exchange_rate(books: Books, base: Row | None, currency: Row) -> Decimal:
    """Units of the subsidiary's currency for one of the transaction's."""
    if base is None or base["id"] == currency["id"]:
        return Decimal(1)
    here = books.get("currency", base["id"]).get("exchangeRate", Decimal(1))
    there = books.get("currency", currency["id"]).get("exchangeRate", Decimal(1))
    return (Decimal(there) / Decimal(here)).quantize(Decimal("0.000001"))


def _with_due_date(books: Books, customer: Row, row: Row, changes: Row) -> Row:
    terms = row.get("terms") or customer.get("terms")
    if terms is None:
        return {"dueDate": row["tranDate"]} | row
    if changes.get("dueDate") is None and (
        changes.keys() & {"tranDate", "terms", "entity"} or "dueDate" not in row
    ):
        days = int(books.get("term", terms["id"]).get("daysUntilNetDue", 0))
        row = row | {"dueDate": due_date(row["tranDate"], days)}
    return row | {"terms": terms}


def _with_amounts(books: Books, customer: Row, row: Row) -> Row:
    items = lines(row, "item")
    if not items:
        raise user_error("You must enter at least one line item for this transaction.", "item")
    unit = books.minor_unit(row["currency"]["id"])
    priced = [_priced(line, at, unit) for at, line in enumerate(items)]
    tax = tax_for(books, customer, row["subsidiary"]["id"])
    taxes = [_tax_line(books, line, tax, unit) for line in priced]
    subtotal = sum((line["amount"] for line in priced), Decimal(0))
    tax_total = sum((line["taxAmount"] for line in taxes), Decimal(0))
    return row | {
        "item": {"items": _with_tax(priced, taxes)},
        "taxDetails": {"items": taxes},
        "subtotal": rounded(subtotal, unit),
        "taxTotal": rounded(tax_total, unit),
        "total": rounded(subtotal + tax_total, unit),
    }


def _priced(line: Row, at: int, unit: Decimal) -> Row:
    """Amount is quantity times rate; an amount that was sent stands, as in the vendor's form."""
    if "item" not in line:
        raise user_error("Please enter value(s) for: Item.", f"item.items[{at}].item")
    line = {"quantity": Decimal(1)} | line
    if "rate" in line and not line.get("_amountSent"):
        amount = line["quantity"] * line["rate"]
    elif "amount" in line:
        amount = line["amount"]
    else:
        raise user_error("Please enter value(s) for: Amount.", f"item.items[{at}].amount")
    return line | {
        "amount": rounded(Decimal(amount), unit),
        "taxDetailsReference": line.get("taxDetailsReference", f"line-{line['line']}"),
    }


def _tax_line(books: Books, line: Row, tax: Tax, unit: Decimal) -> Row:
    code = ref_id(line, "taxCode") if line.get("_taxCodeSent") else None
    item = books.get("salesTaxItem", code) if code else tax_item(books, tax)
    rate = Decimal(item.get("rate", 0))
    return {
        "taxDetailsReference": line["taxDetailsReference"],
        "taxCode": {"id": item["id"]},
        "taxRate": rate,
        "taxBasis": line["amount"],
        "taxAmount": rounded(line["amount"] * rate / 100, unit),
    }


def _with_tax(priced: list[Row], taxes: list[Row]) -> list[Row]:
    return [
        line
        | {
            "taxCode": tax["taxCode"],
            "tax1Amt": tax["taxAmount"],
            "grossAmt": line["amount"] + tax["taxAmount"],
        }
        for line, tax in zip(priced, taxes, strict=True)
    ]

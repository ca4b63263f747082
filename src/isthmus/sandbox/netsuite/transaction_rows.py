"""Invoices, credit memos, payments and journal entries as rows of SuiteQL's transaction tables.

Signs follow the ledger: an invoice's main line is positive, its item lines negative (unverified).
"""

from collections.abc import Iterator

from isthmus.sandbox.netsuite.books import Books, Row, lines
from isthmus.sandbox.netsuite.journals import journal_head, journal_lines
from isthmus.sandbox.netsuite.sales import JOURNALS

TYPES = {
    "invoice": "CustInvc",
    "creditMemo": "CustCred",
    "customerPayment": "CustPymt",
    "journalEntry": "Journal",
    "advIntercompanyJournalEntry": "Journal",
}
STATUS = {
    ("invoice", "Open"): "A",
    ("invoice", "Paid In Full"): "B",
    ("invoice", "Voided"): "V",
    ("creditMemo", "Open"): "A",
    ("creditMemo", "Fully Applied"): "B",
    ("creditMemo", "Voided"): "V",
    ("customerPayment", "Not Deposited"): "B",
    **{(record, "Pending Approval"): "A" for record in JOURNALS},
    **{(record, "Approved for Posting"): "B" for record in JOURNALS},
}
STATUS_NAMES = {f"{TYPES[record]}:{letter}": name for (record, name), letter in STATUS.items()}


def transaction(books: Books, record: str, row: Row) -> Iterator[Row]:
    if record in JOURNALS:
        yield journal_head(row) | {
            "recordtype": record.lower(),
            "type": TYPES[record],
            "status": STATUS[record, row["status"]["id"]],
        }
        return
    total = row["payment"] if record == "customerPayment" else row["total"]
    sign = 1 if record == "invoice" else -1
    paid = row["amountPaid"] if record == "invoice" else row["applied"]
    yield row | {
        "recordtype": record.lower(),
        "type": TYPES[record],
        "entity": row.get("entity") or row["customer"],
        "status": STATUS[record, row["status"]["id"]],
        "foreigntotal": sign * total,
        "foreignamountpaid": paid,
        "foreignamountunpaid": total - paid,
        "voided": row["status"]["id"] == "Voided",
        "posting": True,
        "createdDate": row["createdDate"],
    }


def transaction_lines(books: Books, record: str, row: Row) -> Iterator[Row]:
    if record in JOURNALS:
        yield from journal_lines(row)
        return
    total = row["payment"] if record == "customerPayment" else row["total"]
    sign = 1 if record == "invoice" else -1
    entity = row.get("entity") or row["customer"]
    common = {"transaction": row["id"], "subsidiary": row["subsidiary"], "entity": entity}
    main = {"id": 0, "mainline": True, "taxline": False, "foreignamount": sign * total}
    yield common | main | {"memo": row.get("memo")}
    for line in lines(row, "item"):
        amounts = {
            "foreignamount": -sign * line["amount"],
            "quantity": -sign * line["quantity"],
            "memo": line.get("description"),
        }
        yield line | common | amounts | {"id": line["line"], "mainline": False, "taxline": False}
    last = max((line["line"] for line in lines(row, "item")), default=0)
    for at, tax in enumerate(lines(row, "taxDetails"), start=last + 1):
        shown = {"id": at, "mainline": False, "taxline": True}
        yield common | shown | {"foreignamount": -sign * tax["taxAmount"], "item": tax["taxCode"]}


def transaction_links(books: Books, record: str, row: Row) -> Iterator[Row]:
    """Money and credits that an invoice has taken are `Payment`; a credit memo that was made from
    an invoice is a `SaleRet` of it too.
    """
    common = {"id": row["id"], "previoustype": "CustInvc", "nexttype": TYPES[record],
              "nextdoc": row["id"]}  # fmt: skip
    for line in lines(row, "apply"):
        applied = {"previousdoc": line["doc"], "foreignamount": line["amount"]}
        yield common | applied | {"linktype": "Payment"}
    if "createdFrom" in row:
        made = {"previousdoc": row["createdFrom"], "foreignamount": row["total"]}
        yield common | made | {"linktype": "SaleRet"}

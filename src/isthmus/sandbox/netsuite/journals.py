"""Journal entries: what the account fills in, and refuses.

An entry balances in every subsidiary that it posts to; only the advanced intercompany entry posts
to several. Pages seen: the record's field list; the rules are those of the product's form.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from isthmus.sandbox.netsuite.books import Books, Row, lines, ref_id, rounded, user_error
from isthmus.sandbox.netsuite.periods import GENERAL, posting_period
from isthmus.sandbox.netsuite.sales import exchange_rate, next_number

PENDING, APPROVED = {"id": "Pending Approval"}, {"id": "Approved for Posting"}
ZERO = Decimal(0)


def write_journal(books: Books, record: str, row: Row, changes: Row) -> Row:
    """The journal entry as it is stored, from what was sent."""
    base = books.get("subsidiary", row["subsidiary"]["id"]).get("currency")
    currency = row.get("currency") or base
    if currency is None:
        raise user_error("Please enter value(s) for: Currency.", "currency")
    defaults: Row = {
        "tranDate": books.today().isoformat(),
        "exchangeRate": exchange_rate(books, base, currency),
        "approved": True,
    }
    row = defaults | row | {"currency": currency}
    row = row | {"postingPeriod": {"id": _period(books, row, changes)}}
    row = row | {"line": {"items": _checked_lines(books, row)}}
    row = row | {"status": APPROVED if row["approved"] else PENDING}
    return {"tranId": next_number(books, record, row)} | row


def reversing(books: Books, record: str, row: Row) -> Row | None:
    """The entry that takes another one back on its reversal date; None when there is none to
    make.
    """
    if "reversalDate" not in row or "reversalEntry" in row:
        return None
    kept = {k: v for k, v in row.items() if k not in ("id", "externalId", "tranId", "reversalDate")}
    turned = [_turned(line) for line in lines(row, "line")]
    opposite = kept | {"tranDate": row["reversalDate"], "line": {"items": turned}}
    opposite.pop("postingPeriod")
    opposite = {"id": books.new_id(record), "isReversal": True} | opposite
    return write_journal(books, record, opposite, {"tranDate": row["reversalDate"]})


def journal_head(row: Row) -> Row:
    """What SuiteQL's `transaction` shows beside the record's own fields."""
    return row | {
        "foreigntotal": sum(line.get("debit", 0) for line in lines(row, "line")),
        "voided": False,
        "posting": row["status"] == APPROVED,
    }


def journal_lines(row: Row) -> Iterator[Row]:
    """As SuiteQL's `transactionline`: a debit is positive."""
    for line in lines(row, "line"):
        yield line | {
            "id": line["line"],
            "transaction": row["id"],
            "subsidiary": line.get("lineSubsidiary", row["subsidiary"]),
            "foreignamount": line.get("debit", 0) - line.get("credit", 0),
            "mainline": False,
            "taxline": False,
        }


def _turned(line: Row) -> Row:
    sides = {"debit": "credit", "credit": "debit"}
    return {sides.get(name, name): value for name, value in line.items()}


def _period(books: Books, row: Row, changes: Row) -> str:
    was_sent = changes.get("postingPeriod") is not None
    if not was_sent and "postingPeriod" in row and "tranDate" not in changes:
        return str(row["postingPeriod"]["id"])
    return posting_period(books, row, was_sent=was_sent, locks=GENERAL)


def _checked_lines(books: Books, row: Row) -> list[Row]:
    unit = books.minor_unit(row["currency"]["id"])
    items = [_line(line, at, unit) for at, line in enumerate(lines(row, "line"))]
    if not items:
        raise user_error("You must enter at least one line item for this transaction.", "line")
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for line in items:
        subsidiary = ref_id(line, "lineSubsidiary") or row["subsidiary"]["id"]
        balances[subsidiary] += line.get("debit", ZERO) - line.get("credit", ZERO)
    for subsidiary, balance in balances.items():
        if balance:
            name = books.display(("subsidiary",), subsidiary)
            raise user_error(
                "The amounts in a journal entry must balance: debits less credits of "
                f"{name} are {balance}.",
                "line",
            )
    return items


def _line(line: Row, at: int, unit: Decimal) -> Row:
    place = f"line.items[{at}]"
    if "account" not in line:
        raise user_error("Please enter value(s) for: Account.", f"{place}.account")
    sides = [side for side in ("debit", "credit") if line.get(side)]
    if len(sides) != 1:
        raise user_error("Enter a debit or a credit amount, and only one of them.", place)
    [side] = sides
    if line[side] < 0:
        raise user_error("Amounts must be positive.", f"{place}.{side}")
    return line | {side: rounded(Decimal(line[side]), unit)}

"""What transactions share: rows of SuiteQL's `transaction` with their lines and links."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from isthmus.canonical.invoice import InvoiceLine
from isthmus.connect.errors import PeriodClosed
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.client import PAGE, NetSuiteClient
from isthmus.connectors.netsuite.lists import Lists
from isthmus.connectors.netsuite.reading import Desk
from isthmus.connectors.netsuite.writing import missing

LINES_PER_PAGE = 250
"""Transactions per reading, so that the question about their lines stays under 1000 rows."""


async def named_period(lists: Lists, closed: PeriodClosed, period: str | None) -> PeriodClosed:
    """The period that we asked for, by its name; NetSuite's text may leave it out."""
    name = await lists.periods.name(period)
    return PeriodClosed(
        closed.system, closed.message, code=closed.code, period=name or closed.period
    )


def ids(rows: Iterable[dict[str, Any]]) -> str:
    return ", ".join(wire.number(str(r["id"])) for r in rows)


async def add_line_sums(client: NetSuiteClient, rows: list[dict[str, Any]]) -> None:
    """Subsidiary, net and tax, which the header does not have.

    Sales lines credit income, so their amounts are negative; the sums are turned round.
    """
    by_id = {str(r["id"]): r for r in rows}
    if not by_id:
        return
    sums = await client.suiteql(
        "SELECT transaction, mainline, taxline, MIN(subsidiary) AS subsidiary, "
        "SUM(foreignamount) AS amount FROM transactionline "
        f"WHERE transaction IN ({ids(rows)}) GROUP BY transaction, mainline, taxline"
    )
    for row in rows:
        row["subtotal"] = row["taxtotal"] = "0"
    for part in sums:
        row = by_id[str(part["transaction"])]
        if wire.flag(part.get("mainline")):
            row["subsidiary"] = part.get("subsidiary")
        else:
            name = "taxtotal" if wire.flag(part.get("taxline")) else "subtotal"
            amount = -Decimal(str(part.get("amount") or 0))
            row[name] = format(amount + 0, "f")


async def applications(
    client: NetSuiteClient, rows: list[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """What each payment pays: links of type Payment from the invoice to it."""
    found: dict[str, list[dict[str, Any]]] = {str(r["id"]): [] for r in rows}
    if not rows:
        return found
    after = ""
    while True:
        links = await client.suiteql(
            "SELECT nextdoc, previousdoc, SUM(foreignamount) AS amount "
            "FROM nexttransactionlinelink "
            f"WHERE linktype = 'Payment' AND nextdoc IN ({ids(rows)}){after} "
            "GROUP BY nextdoc, previousdoc ORDER BY nextdoc, previousdoc"
        )
        for link in links:
            found[str(link["nextdoc"])].append(link)
        if len(links) < PAGE:
            return found
        after = _after(links[-1])


def _after(link: dict[str, Any]) -> str:
    payment, invoice = (wire.number(str(link[c])) for c in ("nextdoc", "previousdoc"))
    return f" AND (nextdoc > {payment} OR (nextdoc = {payment} AND previousdoc > {invoice}))"


async def credits_taken(client: NetSuiteClient, rows: list[dict[str, Any]]) -> dict[str, str]:
    """What each invoice has taken of credit memos, as text. Those that took none are left out."""
    if not rows:
        return {}
    sums = await client.suiteql(
        "SELECT previousdoc, SUM(foreignamount) AS amount FROM nexttransactionlinelink "
        f"WHERE linktype = 'Payment' AND nexttype = 'CustCred' AND previousdoc IN ({ids(rows)}) "
        "GROUP BY previousdoc ORDER BY previousdoc"
    )
    return {str(r["previousdoc"]): format(abs(Decimal(str(r["amount"]))), "f") for r in sums}


def sale_line(desk: Desk, record: str, line: InvoiceLine) -> dict[str, Any]:
    """A line of an invoice or a credit memo; NetSuite has both positive."""
    item = desk.config.items.get(line.kind)
    if item is None:
        raise missing(
            desk,
            record,
            "item.items.item",
            f"no NetSuite item is set for lines of kind {line.kind.value}",
            f"Add items.{line.kind.value} (the item's external id) to the connection.",
        )
    return wire.without_nulls(
        {
            "item": {"externalId": item},
            "quantity": line.quantity,
            "rate": line.unit_price.amount,
            "amount": line.amount.amount,
            "description": line.description,
            "department": wire.ref(line.cost_centre),
            "class": wire.ref(line.profit_centre),
            "job": wire.ref(line.project),
        }
    )

"""Numbers follow dates: Tryton numbers no invoice dated before the last one of its sequence."""

from __future__ import annotations

from datetime import date

from isthmus.canonical.invoice import Invoice
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.wire import Record


async def dates_in_order(client: TrytonClient, invoice: Invoice) -> Record:
    """For an invoice that comes late: the date of the last number, so that it can be numbered, and
    its own date as the accounting date, which keeps it in its period. Else nothing.
    """
    later = await client.call(
        "account.invoice", "search_read",
        [["sequence", "=", await _sequence(client, invoice)],
         ["invoice_date", ">", invoice.issued_on]],
        0, 1, [["invoice_date", "DESC"]], ["invoice_date"],
    )  # fmt: skip
    if not later:
        return {}
    return {"invoice_date": later[0]["invoice_date"], "accounting_date": invoice.issued_on}


async def _sequence(client: TrytonClient, invoice: Invoice) -> int:
    """That the number will come from: the period's own, else the fiscal year's; 0 for none."""
    company = client.record_id(invoice.legal_entity, "legal entity")
    kind = "credit_note" if invoice.lines_total().amount < 0 else "invoice"
    field = f"out_{kind}_sequence"
    found = await client.search_read(
        "account.fiscalyear.invoice_sequence",
        [
            ["company", "=", company],
            ["fiscalyear.start_date", "<=", invoice.issued_on],
            ["fiscalyear.end_date", ">=", invoice.issued_on],
        ],
        [field, "period.start_date", "period.end_date"],
    )
    own = [s for s in found if s["period"] and _covers(s["period"], invoice.issued_on)]
    general = [s for s in found if not s["period"]]
    return next((int(s[field]) for s in [*own, *general]), 0)


def _covers(period: Record, day: date) -> bool:
    return bool(period["start_date"] <= day <= period["end_date"])

"""NetSuite `invoice`: written once with exact lines, read back with what the ledger made of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.connect import Capability, Outgoing, Receipt
from isthmus.connect.errors import PeriodClosed
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk, Reading
from isthmus.connectors.netsuite.subsidiaries import SubsidiaryLinks
from isthmus.connectors.netsuite.transactions import (
    LINES_PER_PAGE,
    add_line_sums,
    credits_taken,
    named_period,
    sale_line,
)
from isthmus.connectors.netsuite.writing import known_record, store

RECORD = "invoice"


class Invoices(Reading):
    model = Invoice
    table = "transaction"
    mapping_name = "invoice"
    condition = "type = 'CustInvc'"
    dates = frozenset({"trandate", "duedate"})
    completed = frozenset({"subsidiary", "subtotal", "taxtotal", "credited"})
    day = "trandate"
    page = LINES_PER_PAGE
    capability = Capability(reads=True, writes=True)

    def __init__(self, desk: Desk, links: SubsidiaryLinks) -> None:
        super().__init__(desk)
        self._links = links

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        await add_line_sums(self.client, rows)
        credited = await credits_taken(self.client, rows)
        for row in rows:
            row["credited"] = credited.get(str(row["id"]), "0")
            row["currency"] = {"symbol": await self.lists.currencies.name(row.get("currency"))}
            row["terms"] = {"name": await self.lists.terms.name(row.get("terms"))}
            row.setdefault("foreignamountunpaid", "0")
            row["status"] = str(row.get("status") or "").rsplit(":", 1)[-1].strip()

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """NetSuite keeps a partly paid invoice Open, and calls a credited one paid; the amounts
        tell.
        """
        status = self.mapping.attributes["status"].values.get(row["status"])
        total, due = (
            Decimal(str(row.get(c) or 0)) for c in ("foreigntotal", "foreignamountunpaid")
        )
        if total and Decimal(row["credited"]) == total and status in ("posted", "paid"):
            return {"status": InvoiceStatus.CREDITED}
        if status == "posted" and 0 < due < total - Decimal(row["credited"]):
            return {"status": InvoiceStatus.PARTIALLY_PAID}
        return {}

    async def put(self, outgoing: Outgoing) -> Receipt:
        """An invoice that is there is never written again: it may be posted or paid by now."""
        invoice: Invoice = outgoing.obj  # type: ignore[assignment] # dispatched by model
        known = await known_record(self.desk, RECORD, outgoing)
        if known is not None:
            return await self._receipt(str(known["id"]), created=False)
        body = await self._body(invoice)
        await self._links.ensure(invoice.customer, invoice.legal_entity)
        try:
            internal_id = await store(self.desk, RECORD, outgoing, body, None)
        except PeriodClosed as closed:
            raise await named_period(self.lists, closed, invoice.period) from closed
        return await self._receipt(internal_id, created=True)

    async def _receipt(self, internal_id: str, *, created: bool) -> Receipt:
        now = await self.get(internal_id)
        return Receipt(internal_id, created, dict(now.attributes) if now else {})

    async def _body(self, invoice: Invoice) -> dict[str, Any]:
        terms = None
        if invoice.payment_terms:
            terms = await self.lists.terms.id(invoice.payment_terms, RECORD, "terms")
        return {
            "entity": wire.ref(invoice.customer),
            "subsidiary": wire.ref(invoice.legal_entity),
            "currency": wire.ref(
                await self.lists.currencies.id(invoice.currency, RECORD, "currency")
            ),
            "tranDate": invoice.issued_on.isoformat(),
            "postingPeriod": wire.ref(invoice.period),
            "terms": wire.ref(terms),
            "otherRefNum": invoice.purchase_order,
            "item": {"items": [sale_line(self.desk, RECORD, line) for line in invoice.lines]},
        }

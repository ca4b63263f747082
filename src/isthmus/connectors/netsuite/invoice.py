"""NetSuite `invoice`: written once with exact lines, read back with what the ledger made of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceLine, InvoiceStatus
from isthmus.connect import Capability, Outgoing, Receipt
from isthmus.connect.errors import PeriodClosed
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk, Reading
from isthmus.connectors.netsuite.subsidiaries import SubsidiaryLinks
from isthmus.connectors.netsuite.transactions import LINES_PER_PAGE, add_line_sums
from isthmus.connectors.netsuite.writing import known_record, missing, store

RECORD = "invoice"


class Invoices(Reading):
    model = Invoice
    table = "transaction"
    mapping_name = "invoice"
    condition = "type = 'CustInvc'"
    dates = frozenset({"trandate", "duedate"})
    completed = frozenset({"subsidiary", "subtotal", "taxtotal"})
    page = LINES_PER_PAGE
    capability = Capability(reads=True, writes=True)

    def __init__(self, desk: Desk, links: SubsidiaryLinks) -> None:
        super().__init__(desk)
        self._links = links

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        await add_line_sums(self.client, rows)
        for row in rows:
            row["currency"] = {"symbol": await self.lists.currencies.name(row.get("currency"))}
            row["terms"] = {"name": await self.lists.terms.name(row.get("terms"))}
            row.setdefault("foreignamountunpaid", "0")
            row["status"] = str(row.get("status") or "").rsplit(":", 1)[-1].strip()

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """NetSuite keeps a partly paid invoice Open; the amounts tell."""
        posted = self.mapping.attributes["status"].values.get(row["status"]) == "posted"
        total = Decimal(str(row.get("foreigntotal") or 0))
        if posted and 0 < Decimal(str(row["foreignamountunpaid"])) < total:
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
            raise await self._named(closed, invoice) from closed
        return await self._receipt(internal_id, created=True)

    async def _receipt(self, internal_id: str, *, created: bool) -> Receipt:
        now = await self.get(internal_id)
        return Receipt(internal_id, created, dict(now.attributes) if now else {})

    async def _named(self, closed: PeriodClosed, invoice: Invoice) -> PeriodClosed:
        """The period that we asked for, by its name; NetSuite's text may leave it out."""
        name = await self.lists.periods.name(invoice.period)
        return PeriodClosed(
            closed.system, closed.message, code=closed.code, period=name or closed.period
        )

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
            "item": {"items": [self._line(line) for line in invoice.lines]},
        }

    def _line(self, line: InvoiceLine) -> dict[str, Any]:
        return wire.without_nulls(
            {
                "item": {"externalId": self._item(line)},
                "quantity": line.quantity,
                "rate": line.unit_price.amount,
                "amount": line.amount.amount,
                "description": line.description,
                "department": wire.ref(line.cost_centre),
                "class": wire.ref(line.profit_centre),
                "job": wire.ref(line.project),
            }
        )

    def _item(self, line: InvoiceLine) -> str:
        item = self.desk.config.items.get(line.kind)
        if item is None:
            raise missing(
                self.desk,
                RECORD,
                "item.items.item",
                f"no NetSuite item is set for lines of kind {line.kind.value}",
                f"Add items.{line.kind.value} (the item's external id) to the connection.",
            )
        return item

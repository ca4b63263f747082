"""NetSuite `creditMemo`: made from its invoice, applied to what is still due on it, read back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from isthmus.canonical import CreditMemo
from isthmus.canonical.credit_memo import CreditMemoStatus
from isthmus.connect import Capability, Outgoing, Receipt
from isthmus.connect.errors import PeriodClosed
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Reading
from isthmus.connectors.netsuite.transactions import (
    LINES_PER_PAGE,
    add_line_sums,
    named_period,
    sale_line,
)
from isthmus.connectors.netsuite.writing import known_record, store

RECORD = "creditMemo"
SIGNED = ("subtotal", "taxtotal", "foreigntotal")
"""The ledger's signs turn a credit's amounts negative; ours are positive."""


class CreditMemos(Reading):
    model = CreditMemo
    table = "transaction"
    mapping_name = "credit_memo"
    condition = "type = 'CustCred' AND externalid IS NOT NULL"
    completed = frozenset({"subsidiary", "subtotal", "taxtotal"})
    page = LINES_PER_PAGE
    ours_alone = True
    capability = Capability(reads=True, writes=True)

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        await add_line_sums(self.client, rows)
        for row in rows:
            row["currency"] = {"symbol": await self.lists.currencies.name(row.get("currency"))}
            row["status"] = str(row.get("status") or "").rsplit(":", 1)[-1].strip()
            row.setdefault("foreignamountunpaid", "0")
            for name in SIGNED:
                row[name] = str(row.get(name) or "0").removeprefix("-")

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Open as long as a part of it is left."""
        left = Decimal(str(row["foreignamountunpaid"]))
        known = self.mapping.attributes["status"].values.get(row["status"])
        return {"status": CreditMemoStatus.POSTED} if left and known == "applied" else {}

    async def put(self, outgoing: Outgoing) -> Receipt:
        """A memo that is there is never written again: it has been applied by now."""
        memo: CreditMemo = outgoing.obj  # type: ignore[assignment] # dispatched by model
        known = await known_record(self.desk, RECORD, outgoing)
        if known is not None:
            return await self._receipt(str(known["id"]), created=False)
        body = await self._body(memo)
        try:
            internal_id = await store(self.desk, RECORD, outgoing, body, None)
        except PeriodClosed as closed:
            raise await named_period(self.lists, closed, memo.period) from closed
        return await self._receipt(internal_id, created=True)

    async def _receipt(self, internal_id: str, *, created: bool) -> Receipt:
        now = await self.get(internal_id)
        return Receipt(internal_id, created, dict(now.attributes) if now else {})

    async def _body(self, memo: CreditMemo) -> dict[str, Any]:
        currency = await self.lists.currencies.id(memo.currency, RECORD, "currency")
        body: dict[str, Any] = {
            "entity": wire.ref(memo.customer),
            "subsidiary": wire.ref(memo.legal_entity),
            "createdFrom": wire.ref(memo.invoice),
            "currency": wire.ref(currency),
            "tranDate": memo.issued_on.isoformat(),
            "postingPeriod": wire.ref(memo.period),
            "otherRefNum": memo.reference,
            "memo": memo.reason,
            "item": {"items": [sale_line(self.desk, RECORD, line) for line in memo.lines]},
        }
        if await self._is_due(memo.invoice):
            # Without an amount NetSuite applies what it can: the memo, or what is due if less.
            body["apply"] = {"items": [{"doc": wire.ref(memo.invoice), "apply": True}]}
        return body

    async def _is_due(self, invoice: str) -> bool:
        """A paid invoice takes no credit; the memo stays open then, to be refunded or used."""
        rows = await self.client.suiteql(
            f"SELECT id, foreignamountunpaid FROM transaction WHERE id = {wire.number(invoice)}"
        )
        return bool(rows) and Decimal(str(rows[0].get("foreignamountunpaid") or 0)) > 0

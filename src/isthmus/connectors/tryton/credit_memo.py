"""A credit note: an `account.invoice` of type out whose total is negative.

It is drafted and posted as an invoice is, with our lines turned negative; Tryton's wizard credits
whole invoices only. Then its receivable line is put among the payments of the invoice that it
corrects, and what is settled by that is reconciled.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

from isthmus.canonical.base import CanonicalObject
from isthmus.canonical.credit_memo import CreditMemo, CreditMemoStatus
from isthmus.canonical.invoice import Invoice, InvoiceLine
from isthmus.connect.errors import Unavailable
from isthmus.connect.mapping import Translated
from isthmus.connect.system import Outgoing, Receipt
from isthmus.connectors.tryton.invoice import DRAFTS, INVOICE, Invoices
from isthmus.connectors.tryton.table import Table
from isthmus.connectors.tryton.wire import Record
from isthmus.kit.money import Money

AMOUNTS = {"subtotal": "untaxed_amount", "tax_total": "tax_amount", "total": "total_amount"}
MOVE_LINE = "account.move.line"


class CreditMemos(Invoices):
    model: ClassVar[type[CanonicalObject]] = CreditMemo
    mapping_name = "credit_memo"
    also = (
        "state", "reference", "lines.note", "lines_to_pay.invoice_payment.id", "amount_to_pay",
        *AMOUNTS.values(),
    )  # fmt: skip
    finds_by: ClassVar = {}

    def wanted(self, record: Record) -> bool:
        """Ours alone: a credit note that a bookkeeper wrote shows on its invoice as credited."""
        posted = record["state"] not in (*DRAFTS, "cancelled")
        return posted and bool(record["total_amount"] < 0) and self.key_in(record) is not None

    def is_theirs(self, record: Record) -> bool:
        return bool(record["total_amount"] >= 0)

    def translate(self, record: Record) -> Translated:
        found = Table.translate(self, record)
        currency = record["currency"]["code"]
        given = {n: Money(amount=-record[f], currency=currency) for n, f in AMOUNTS.items()}
        applied = record["state"] == "paid" or _payments(record) != {None}
        left = Decimal(0) if applied else -record["total_amount"]
        attributes = {
            **found.attributes,
            **given,
            "unapplied": Money(amount=left, currency=currency),
            "status": CreditMemoStatus.APPLIED if applied else CreditMemoStatus.POSTED,
        }
        return replace(found, attributes=attributes)

    async def put(self, outgoing: Outgoing) -> Receipt:
        memo = outgoing.obj
        if not isinstance(memo, CreditMemo):
            raise TypeError(f"{memo.kind} is no credit memo")
        posted, created = await self.posted_once(as_invoice(memo), outgoing.external_id)
        await self._apply(memo, int(posted["id"]))
        change = await self.get(str(posted["id"]))
        if change is None:
            raise Unavailable(self.client.system, f"note {posted['id']} cannot be read back")
        return Receipt(change.external_id, created, change.attributes)

    async def _apply(self, memo: CreditMemo, note: int) -> None:
        """Each half is left out where it was done: the answer to the first may have been lost.

        Tryton applies a line whole or not at all, so a note above what is due stays open.
        """
        invoice = self.client.record_id(memo.invoice, "invoice")
        company = {"company": self.client.record_id(memo.legal_entity, "legal entity")}
        lines = await self._open_lines(note)
        before = await self._standing(invoice)
        credit = -(await self._standing(note))["total_amount"]
        if lines and before["state"] == "posted" and credit <= before["amount_to_pay"]:
            payment = {"payment_lines": [["add", lines]]}
            await self.client.write(INVOICE, invoice, payment, **company)
        after = await self._standing(invoice)
        if after["state"] == "posted" and not after["amount_to_pay"]:
            settled = [*after["lines_to_pay"], *after["payment_lines"]]
            await self.client.wizard(
                "account.move.reconcile_lines", "start", context=company, model=MOVE_LINE,
                ids=settled,
            )  # fmt: skip

    async def _open_lines(self, note: int) -> list[int]:
        found = await self.client.search_read(
            INVOICE, [["id", "=", note]], ["lines_to_pay.invoice_payment"]
        )
        lines = found[0]["lines_to_pay"]
        return [int(line["id"]) for line in lines if line["invoice_payment"] is None]

    async def _standing(self, invoice: int) -> Record:
        fields = ["state", "amount_to_pay", "total_amount", "lines_to_pay", "payment_lines"]
        [found] = await self.client.search_read(INVOICE, [["id", "=", invoice]], fields)
        return found


def as_invoice(memo: CreditMemo) -> Invoice:
    """What Tryton keeps for a credit memo: an invoice with quantities below zero."""
    return Invoice(
        id=memo.id,
        reference=memo.reference,
        customer=memo.customer,
        legal_entity=memo.legal_entity,
        currency=memo.currency,
        issued_on=memo.issued_on,
        lines=tuple(_turned(line, memo.reason) for line in memo.lines),
    )


def _turned(line: InvoiceLine, reason: str) -> InvoiceLine:
    """Where a part of a line is not quantity x price to the cent, it is one unit at its amount."""
    whole = line.unit_price.times(line.quantity).rounded() == line.amount
    return line.model_copy(
        update={
            "quantity": -line.quantity if whole else Decimal(-1),
            "unit_price": line.unit_price if whole else line.amount,
            "amount": -line.amount,
            "description": f"{line.description}: {reason}",
        }
    )


def _payments(record: Record) -> set[str | None]:
    """Invoices that the note's lines pay; None for a line that pays none."""
    paid = (line["invoice_payment"] for line in record["lines_to_pay"])
    return {invoice["id"] if invoice else None for invoice in paid}

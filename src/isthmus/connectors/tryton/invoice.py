"""`account.invoice` of type out and our Invoice.

`reference` carries our reference, and the note of the first line, which is not printed, our id.
But Tryton lets two invoices share both. What keeps a posted invoice
single is the order of the steps: a draft has no effect, every draft with the reference is looked
up again before posting, one of them is chosen by rule, and posting the same draft twice is refused
by Tryton. A draft left over by a lost call is deleted when it is seen.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from isthmus.canonical.base import CanonicalObject
from isthmus.canonical.invoice import Invoice, InvoiceStatus
from isthmus.connect.errors import (
    ConnectError,
    Duplicate,
    FieldProblem,
    Invalid,
    Refused,
    Unavailable,
)
from isthmus.connect.mapping import Translated
from isthmus.connect.system import Outgoing, Receipt
from isthmus.connectors.tryton.catalogue import Catalogue
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.draft import invoice_values
from isthmus.connectors.tryton.numbering import dates_in_order
from isthmus.connectors.tryton.party import KEY
from isthmus.connectors.tryton.periods import check_period
from isthmus.connectors.tryton.table import Overlays, Table, as_uuid
from isthmus.connectors.tryton.wire import Domain, Record
from isthmus.kit.money import Money

INVOICE = "account.invoice"
CONFIRMED = ("invoice_payment_term", "invoice_taxes")
"""Warnings that are ours to confirm: a past due date (work is billed in arrears) and taxes other
than the product's (the landscape's rules chose them). A date in the future is not: its number
would block every invoice until that day.
"""
DRAFTS = ("draft", "validated")
STATUS = {
    "draft": InvoiceStatus.DRAFT,
    "validated": InvoiceStatus.DRAFT,
    "posted": InvoiceStatus.POSTED,
    "paid": InvoiceStatus.PAID,
    "cancelled": InvoiceStatus.VOID,
}


class Invoices(Table):
    model: ClassVar[type[CanonicalObject]] = Invoice
    mapping_name = "invoice"
    writes = True
    also: ClassVar[tuple[str, ...]] = (
        "state", "reference", "invoice_date", "payment_lines.date", "lines_to_pay.maturity_date",
        "reconciliation_lines.date", "lines.note", "payment_lines.move_origin",
        "payment_lines.credit", "payment_lines.debit", "payment_lines.amount_second_currency",
        "payment_lines.second_currency.code",
    )  # fmt: skip
    finds_by: ClassVar = {"reference": "reference", "number": "number"}

    def __init__(self, client: TrytonClient, overlays: Overlays, catalogue: Catalogue) -> None:
        super().__init__(client, overlays)
        self._catalogue = catalogue
        self._numbering = asyncio.Lock()

    async def domain(self) -> Domain:
        return [["type", "=", "out"]]

    def wanted(self, record: Record) -> bool:
        """An out invoice with a negative total is a credit note. A draft of ours is on its way to
        be posted, or is left over from a lost call and will be deleted.
        """
        if record["state"] in DRAFTS and self.key_in(record):
            return False
        return bool(record["total_amount"] is None or record["total_amount"] >= 0)

    def key_in(self, record: Record) -> str | None:
        notes = [line["note"] for line in record["lines"] if line["note"]]
        keys = [note.removeprefix(KEY) for note in notes if note.startswith(KEY)]
        return as_uuid(keys[0] if keys else record["reference"])

    def translate(self, record: Record) -> Translated:
        found = super().translate(record)
        credited = _credited(record)
        attributes = {
            **found.attributes,
            "status": _status(record, credited),
            "credited": Money(amount=credited, currency=record["currency"]["code"]),
        }
        for name, value in (
            ("reference", record["reference"]),
            ("issued_on", record["invoice_date"]),
            ("due_on", _latest(record["lines_to_pay"], "maturity_date")),
            ("paid_on", _paid_on(record, credited)),
        ):
            if value:
                attributes[name] = value
        return replace(found, attributes=attributes)

    def is_theirs(self, record: Record) -> bool:
        """A record that another kind has: credit notes may share the reference of an invoice."""
        return bool(record["total_amount"] < 0)

    async def put(self, outgoing: Outgoing) -> Receipt:
        invoice = outgoing.obj
        if not isinstance(invoice, Invoice):
            raise TypeError(f"{invoice.kind} is no invoice")
        posted, created = await self.posted_once(invoice, outgoing.external_id)
        return await self._receipt(posted, invoice, created=created)

    async def posted_once(self, invoice: Invoice, external_id: str | None) -> tuple[Record, bool]:
        """The posted record under our key, and whether this call posted it."""
        known = await self._known(invoice, external_id)
        if done := self._finished(known):
            return done, False
        await check_period(
            self.client, invoice.legal_entity, invoice.issued_on, f"invoice {invoice.reference}",
            "invoice_date",
        )  # fmt: skip
        values = await invoice_values(self._catalogue, invoice)
        await self._draft(invoice, values, known)
        number = await self._only_draft(invoice)
        if number is not None:
            await self._post(invoice, number)
        posted = self._finished(await self._known(invoice))
        if posted is None:
            raise Refused(
                self.client.system,
                f"invoice {invoice.reference} did not post and gave no reason; "
                "post its draft in Tryton to see why",
            )
        return posted, True

    def _drafts(self, known: list[Record]) -> list[Record]:
        return [r for r in known if r["state"] in DRAFTS and not self.is_theirs(r)]

    def _finished(self, known: list[Record]) -> Record | None:
        """The one that left the draft states."""
        left = (r for r in known if r["state"] not in DRAFTS and not self.is_theirs(r))
        return next(left, None)

    async def _known(self, invoice: Invoice, external_id: str | None = None) -> list[Record]:
        """Every invoice of the company with our reference, oldest first, and the one we know."""
        company = self.client.record_id(invoice.legal_entity, "legal entity")
        number = self.client.record_id(external_id or "0", "invoice")
        return await self.client.search_read(
            INVOICE,
            [
                ["type", "=", "out"],
                ["OR", ["reference", "=", invoice.reference], ["id", "=", number]],
                ["company", "=", company],
            ],
            ["state", "untaxed_amount", "total_amount", "lines"],
        )

    async def _draft(self, invoice: Invoice, values: Record, known: list[Record]) -> None:
        """Create the draft, or bring one from an earlier try up to date."""
        company = {"company": values["company"]}
        try:
            if drafts := self._drafts(known):
                old = [["delete", drafts[0]["lines"]]] if drafts[0]["lines"] else []
                fresh = {**values, "lines": [*old, *values["lines"]]}
                await self.client.write(INVOICE, int(drafts[0]["id"]), fresh, **company)
            else:
                await self.client.create(INVOICE, values, **company)
        except Unavailable as error:
            if not error.outcome_unknown or not await self._known(invoice):
                raise

    async def _only_draft(self, invoice: Invoice) -> int | None:
        """The draft to post: the oldest, once its amount is right; None when one is posted.

        The others came from calls whose answer was lost and that were slower than their repetition.
        """
        known = await self._known(invoice)
        drafts = self._drafts(known)
        if self._finished(known) is not None or not drafts:
            return None
        first, *others = drafts
        if others:
            await self.client.call(INVOICE, "delete", [record["id"] for record in others])
        expected = invoice.lines_total().amount
        if first["untaxed_amount"] != expected:
            problem = FieldProblem(
                INVOICE, "untaxed_amount", str(first["untaxed_amount"]),
                f"Tryton adds the lines up to this, we to {expected}",
                "Compare quantities and rates; the draft was not posted.",
            )  # fmt: skip
            raise Invalid(self.client.system, f"invoice {invoice.reference}", fields=(problem,))
        return int(first["id"])

    async def _post(self, invoice: Invoice, number: int) -> None:
        """An error counts only when the invoice did not post: its answer may have been lost."""
        try:
            await self._press_post(invoice, number)
        except ConnectError as error:
            if isinstance(error, Unavailable) and not error.outcome_unknown:
                raise
            if self._finished(await self._known(invoice)) is None:
                raise

    async def _press_post(self, invoice: Invoice, number: int) -> None:
        """One at a time: numbers come from a gapless sequence that the server locks anyway, and
        that SQLite does not lock.
        """
        context = {"company": self.client.record_id(invoice.legal_entity, "legal entity")}
        for _ in range(len(CONFIRMED) + 1):
            try:
                async with self._numbering:
                    if dates := await dates_in_order(self.client, invoice):
                        await self.client.write(INVOICE, number, dates)
                    await self.client.call(INVOICE, "post", [number], context=context)
            except Refused as warning:
                if (warning.code or "").rpartition(".")[2] not in CONFIRMED:
                    raise
                await self.client.call("res.user.warning", "skip", warning.code, False)
            else:
                return

    async def _receipt(self, record: Record, invoice: Invoice, *, created: bool) -> Receipt:
        expected = invoice.lines_total().amount
        if record["untaxed_amount"] != expected:
            raise Duplicate(
                self.client.system,
                f"an invoice with reference {invoice.reference} is posted with "
                f"{record['untaxed_amount']} before tax instead of {expected}",
                existing_id=str(record["id"]),
            )
        change = await self.get(str(record["id"]))
        if change is None:
            raise Unavailable(self.client.system, f"invoice {record['id']} cannot be read back")
        return Receipt(change.external_id, created, change.attributes)


def _status(record: Record, credited: Decimal) -> InvoiceStatus:
    status = STATUS[record["state"]]
    due, total = record["amount_to_pay"], record["total_amount"]
    if status in (InvoiceStatus.POSTED, InvoiceStatus.PAID) and credited and credited == total:
        return InvoiceStatus.CREDITED
    if status is InvoiceStatus.POSTED and due is not None and Decimal(0) < due < total - credited:
        return InvoiceStatus.PARTIALLY_PAID
    return status


def _credited(record: Record) -> Decimal:
    """What credit notes paid: their lines stand among the payments."""
    return sum(
        (taken_by(n) for n in record["payment_lines"] if is_credit(n, record["id"])), Decimal(0)
    )


def is_credit(line: Record, invoice: int | str) -> bool:
    """Money's move has the invoice that it pays as its origin, a credit note's has the note."""
    model, _, origin = str(line["move_origin"] or "").partition(",")
    return model == INVOICE and origin != str(invoice)


def taken_by(line: Record) -> Decimal:
    """In the currency of the invoice. A receivable is paid on the credit side."""
    second: Decimal | None = line["amount_second_currency"] if line["second_currency"] else None
    own: Decimal = line["credit"] - line["debit"]
    return own if second is None else -second


def _paid_on(record: Record, credited: Decimal) -> date | None:
    if record["state"] == "cancelled":
        return None
    payments = [line for line in record["payment_lines"] if not is_credit(line, record["id"])]
    paid: date | None = _latest(payments, "date")
    settled: date | None = None if credited else _latest(record["reconciliation_lines"], "date")
    return paid or settled


def _latest(lines: list[Record] | None, field: str) -> Any:
    return max((line[field] for line in lines or [] if line[field]), default=None)

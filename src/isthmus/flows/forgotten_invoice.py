"""Invoices that the ledger has under our key and this database does not know the lines of.

A database that is restored from a dump has forgotten what was invoiced since. The ledger's invoice
is read under its own id again, without its lines. The same facts make the same id, and take the
invoice up; other facts of that client wait until a person has compared.
"""

from __future__ import annotations

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.engine import Hold
from isthmus.kit.ids import is_derived
from isthmus.store.database import Transaction

_OVER = (InvoiceStatus.VOID, InvoiceStatus.CREDITED)
_OURS = (
    "reference", "customer", "legal_entity", "project", "opportunity", "currency", "issued_on",
    "period", "purchase_order", "payment_terms", "lines",
)  # fmt: skip


async def ensure_none_is_forgotten(tx: Transaction, planned: Invoice) -> None:
    """Raises Hold while the client has an invoice whose lines are not known here."""
    forgotten = [i for i in await _without_lines(tx, planned.customer) if i.id != planned.id]
    if not forgotten:
        return
    names = ", ".join(f"{i.number or i.reference} ({i.subtotal})" for i in forgotten)
    raise Hold(
        f"the ledger has invoices of ours that this database does not know: {names}",
        code="invoice_forgotten", owner="finance",
        fix="The database was restored from before them. Compare their lines with what is to be "
        "billed; void or credit in the ledger what is to be billed again, then replay.",
    )  # fmt: skip


async def with_what_the_ledger_says(tx: Transaction, planned: Invoice) -> Invoice:
    """Number, status and amounts of an invoice that the ledger turns out to have already."""
    known = await tx.records.find(Invoice, planned.id)
    if known is None:
        return planned
    taken_up: Invoice = known.changed(**{name: getattr(planned, name) for name in _OURS})
    return taken_up


async def _without_lines(tx: Transaction, customer: str) -> list[Invoice]:
    """Each invoice that is drafted here has a period; one that a person made in the ledger has an
    id that is not derived.
    """
    found = await tx.records.list(Invoice, customer=customer, period=None)
    return [i for i in found if not i.lines and i.status not in _OVER and is_derived(i.id)]

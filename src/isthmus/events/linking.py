"""An object and its id in a system: once they are linked, what named it so names it by our id.

Only payments keep a system's own id in a place where an object is named: of an invoice that is not
known here, or not yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from isthmus.canonical import Invoice, Payment
from isthmus.connect import Change
from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.events.pointing import pointed_at, translated
from isthmus.store.database import Transaction


async def link(
    tx: Transaction, outbox: Outbox, kind: str, canonical_id: str, space: str, external_id: str
) -> None:
    """Link once. Raises XrefConflict."""
    if kind == Invoice.kind:
        await tx.lock(_of_invoices(space))
    is_new = await tx.xref.link(kind, canonical_id, space, external_id)
    if is_new and kind == Invoice.kind:
        await _name_paid(tx, outbox, space, {(kind, external_id): canonical_id})


async def parts_resolved(tx: Transaction, space: str, change: Change) -> Mapping[str, Any]:
    """Attributes whose parts point at objects, with canonical ids where these are known."""
    lists = {name: v for name, v in change.attributes.items() if _has_parts(v)}
    wanted = pointed_at([part for parts in lists.values() for part in parts])
    if not wanted:
        return {}
    known = await tx.xref.canonical_of(space, wanted)
    if change.model is Payment and len(known) < len(wanted[Invoice.kind]):
        # An invoice that is being linked is waited for; who links it later finds this payment.
        name = _of_invoices(space)
        await tx.lock_all([name], shared={name})
        known = await tx.xref.canonical_of(space, wanted)
    return {name: tuple(translated(p, known) for p in parts) for name, parts in lists.items()}


def _has_parts(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], BaseModel)


def _of_invoices(space: str) -> str:
    return f"invoice-links:{space}"


async def _name_paid(
    tx: Transaction, outbox: Outbox, space: str, known: Mapping[tuple[str, str], str]
) -> None:
    for _, external_id in known:
        naming = await tx.records.list(Payment, applications=[{"invoice": external_id}])
        theirs = await tx.xref.external_many(Payment.kind, space, [p.id for p in naming])
        for id in sorted(theirs):
            await tx.records.lock(Payment, id)
            payment = await tx.records.get(Payment, id)
            named = tuple(translated(each, known) for each in payment.applications)
            version = await tx.records.save(payment.with_values({"applications": named}))
            await outbox.emit(tx, _changed(payment, version, space))


def _changed(payment: Payment, version: int, space: str) -> Event:
    return Event(
        type="payment.changed", source=space, subject=payment.id, correlation_id=payment.id,
        data={"version": version, "attributes": ["applications"], "connection": space},
    )  # fmt: skip

"""Invoices: here and in the ledger with the same amount before tax, and shown to sales as the
ledger has them, with number, status, days and amounts.

Of the ledger's invoices those are compared that we made for a deal which the CRM knows; what
accountants bill by themselves is not told to sales. A draft is not told either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from isthmus.canonical import Invoice, LegalEntity
from isthmus.canonical.base import Role
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.connect import Change
from isthmus.connect.listing import can_list, listing
from isthmus.kit.money import Money
from isthmus.reconcile.known import canonical_ids, entity_codes, named
from isthmus.reconcile.promise import Leg, Promise, Scope, Side, told
from isthmus.reconcile.repairs import HOLD_FOR_FINANCE, TELL_AGAIN
from isthmus.store.database import Transaction
from isthmus.store.reconciliation_staging import Staged

COMPARED = ("number", "status", "issued_on", "due_on", "total", "credited", "amount_due")


async def billed_here(scope: Scope) -> Side:
    around = scope.around
    async with scope.engine.database.begin() as tx:
        async for page in tx.our_side.invoices(around.first, around.last):
            async with scope.engine.database.begin() as aside:
                codes = await _companies(aside, [invoice.legal_entity for invoice, _ in page])
            rows = [_billed(invoice, at, codes) for invoice, at in page]
            yield [row for row in rows if scope.covers(row.entity)]


def _billed(invoice: Invoice, at: datetime, codes: dict[str, str]) -> Staged:
    return _document(
        invoice.id, invoice.id, invoice.number or invoice.reference, invoice.lines_total(),
        codes.get(invoice.legal_entity), invoice.issued_on, at,
    )  # fmt: skip


async def booked_in_erp(scope: Scope) -> Side:
    """Documents that are ours; others are the accountants' own."""
    erp = scope.plan.source
    async for page in listing(scope.system(erp), Invoice, scope.around):
        async with scope.engine.database.begin() as tx:
            ids = await canonical_ids(tx, scope, erp, page)
            codes = await _codes(tx, scope, page)
        rows = [_booked(c, ids[c.external_id], codes) for c in page if c.external_id in ids]
        yield [row for row in rows if scope.covers(row.entity)]


def _booked(change: Change, canonical: str, codes: dict[str, str]) -> Staged:
    said = change.attributes
    return _document(
        canonical, change.external_id, str(said.get("number") or change.external_id),
        said.get("subtotal"), codes.get(str(said.get("legal_entity"))), said.get("issued_on"),
        change.modified_at,
    )  # fmt: skip


def _document(
    key: str,
    external_id: str,
    number: str,
    subtotal: Money | None,
    entity: str | None,
    issued_on: date | None,
    at: datetime,
) -> Staged:
    return Staged(
        key, key, external_id, f"invoice {number}" + (f" of {subtotal}" if subtotal else ""),
        told(subtotal=subtotal), entity, issued_on, subtotal.currency if subtotal else None,
        Decimal(0), subtotal.amount if subtotal else Decimal(0), at=at,
    )  # fmt: skip


async def invoices_in_erp(scope: Scope) -> Side:
    erp = scope.plan.source
    async for page in listing(scope.system(erp), Invoice, scope.around):
        posted = [c for c in page if c.attributes.get("status") != InvoiceStatus.DRAFT]
        async with scope.engine.database.begin() as tx:
            ids = await canonical_ids(tx, scope, erp, posted)
            of_deals = await _of_known_deals(tx, scope, list(ids.values()))
            codes = await _codes(tx, scope, posted)
        yield [
            row
            for change in posted
            if (id := ids.get(change.external_id)) in of_deals
            and scope.covers((row := _staged(erp, change, id, codes)).entity)
        ]


async def _codes(tx: Transaction, scope: Scope, changes: Sequence[Change]) -> dict[str, str]:
    companies = [c.attributes.get("legal_entity") for c in changes]
    return await entity_codes(tx, scope, scope.plan.source, companies)


async def _of_known_deals(tx: Transaction, scope: Scope, ids: Sequence[str]) -> set[str]:
    found = (await tx.records.many(Invoice, ids)).values()
    deals = [invoice.opportunity for invoice in found if invoice.opportunity]
    known = await tx.xref.external_many("opportunity", scope.space(scope.plan.target), deals)
    return {invoice.id for invoice in found if invoice.opportunity in known}


async def invoices_in_crm(scope: Scope) -> Side:
    crm = scope.plan.target
    async for page in listing(scope.system(crm), Invoice, scope.around):
        async with scope.engine.database.begin() as tx:
            ids = await canonical_ids(tx, scope, crm, page)
            found = await tx.records.many(Invoice, ids.values())
            entities = await _companies(tx, [i.legal_entity for i in found.values()])
        codes = {id: entities.get(invoice.legal_entity) for id, invoice in found.items()}
        rows = [
            _staged(crm, c, ids.get(c.external_id), {}, codes.get(ids.get(c.external_id, "")))
            for c in page
        ]
        yield [row for row in rows if scope.covers(row.entity)]


async def _companies(tx: Transaction, ids: Sequence[str]) -> dict[str, str]:
    return {id: e.code for id, e in (await tx.records.many(LegalEntity, ids)).items()}


def _staged(
    connection: str,
    change: Change,
    canonical: str | None,
    codes: dict[str, str],
    entity: str | None = None,
) -> Staged:
    said = change.attributes
    total: Money | None = said.get("total")
    number = said.get("number") or change.external_id
    return Staged(
        named(canonical, connection, change.external_id), canonical, change.external_id,
        f"invoice {number}" + (f" of {total}" if total else ""),
        told(**{name: _value(said.get(name)) for name in COMPARED}),
        entity or codes.get(str(said.get("legal_entity"))), said.get("issued_on"),
        total.currency if total else said.get("currency"), Decimal(0),
        total.amount if total else Decimal(0), at=change.modified_at,
    )  # fmt: skip


def _value(value: object) -> object:
    """No amount is an amount of nothing: a system may keep either."""
    return None if isinstance(value, Money) and not value else value


def _erp_lists(scope: Scope) -> bool:
    return can_list(scope.system(scope.plan.source), Invoice)


def _both_list(scope: Scope) -> bool:
    sides = (scope.plan.source, scope.plan.target)
    return all(can_list(scope.system(side), Invoice) for side in sides)


INVOICES_TO_CRM = Promise(
    "invoices", "Sales sees what the ledger says of an invoice", (Role.ERP, Role.CRM),
    (
        Leg("billed", "billed here", "in the ledger", Invoice, billed_here, booked_in_erp,
            dict.fromkeys(("missing", "different", "extra"), HOLD_FOR_FINANCE), _erp_lists),
        Leg("told", "in the ledger", "shown to sales", Invoice, invoices_in_erp, invoices_in_crm,
            {"missing": TELL_AGAIN, "different": TELL_AGAIN, "extra": HOLD_FOR_FINANCE},
            _both_list),
    ),
)  # fmt: skip

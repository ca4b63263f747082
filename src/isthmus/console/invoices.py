"""`/billing/invoices`: what was invoiced, and one invoice explained to the hour and the price."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Request, Response

from isthmus.access import Principal
from isthmus.app import App
from isthmus.canonical import Contract, Invoice, LegalEntity
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.console.billing import AT_ONCE, PAGE, Reader, router
from isthmus.console.billing_choice import entities_of, name_hider, number_of, periods_of
from isthmus.console.billing_run import INVOICES, under_way
from isthmus.console.invoice_lines import lines_told
from isthmus.console.view import is_fragment, live, show
from isthmus.console.words import summed
from isthmus.flows.explain import explain_invoice
from isthmus.store.database import Transaction
from isthmus.store.invoices import InvoiceFilter
from isthmus.web.context import Running

FILTERS = ("entity", "client", "status", "period")


@router.get(INVOICES)
async def invoices(request: Request, who: Reader, app: Running) -> Response:
    query = request.query_params
    chosen = {name: query.get(name, "").strip().replace("\0", "") for name in FILTERS}
    after = number_of(query.get("after"))
    async with app.database.begin() as tx:
        narrow = await _narrowed(tx, who, chosen)
        rows = await tx.invoices.list(narrow, limit=AT_ONCE, after=after)
        facts: dict[str, Any] = {
            "rows": rows,
            "sums": await tx.invoices.sums(narrow),
            "making": await _making(tx, who),
        }
        links: dict[str, Any] = {"chosen": chosen, "after": after, "at_once": AT_ONCE}
        if is_fragment(request):
            return live(request, who, "billing/invoices_live.html", facts, **links)
        links |= {
            "entities": await entities_of(tx, who),
            "clients": await tx.invoices.clients(who.entities(PAGE.permission)),
            "periods": [period.name for period in await periods_of(tx, who)],
        }
    return show(request, who, "billing/invoices.html", title="Invoices", seen="",
                statuses=[status.value for status in InvoiceStatus], **facts, **links)  # fmt: skip


async def _narrowed(tx: Transaction, who: Principal, chosen: dict[str, str]) -> InvoiceFilter:
    named = {period.name: period for period in await periods_of(tx, who)}
    period, entities = named.get(chosen["period"]), who.entities(PAGE.permission)
    if chosen["entity"]:
        one = frozenset([chosen["entity"]])
        entities = one if entities is None else one & entities
    return InvoiceFilter(
        entities, chosen["client"] or None, chosen["status"] or None,
        period.starts_on if period else None, period.ends_on if period else None,
    )  # fmt: skip


async def _making(tx: Transaction, who: Principal) -> list[dict[str, Any]]:
    """Runs of billing that have not ended, with the number of their contract."""
    runs = await under_way(tx, who)
    contracts = await tx.records.many(Contract, runs)
    return [
        {"run": run, "contract": contracts[id].number if id in contracts else id}
        for id, run in runs.items()
    ]


@router.get(INVOICES + "/{id}")
async def invoice_page(request: Request, who: Reader, app: Running, id: str) -> Response:
    invoice = await _named(app, who, id)
    async with app.database.begin() as tx:
        found = await explain_invoice(tx, invoice.id)
        hide = await name_hider(tx, who)
    return show(
        request, who, "billing/invoice.html", title=found.number or found.reference,
        found=found, invoice=invoice, lines=lines_told(found, hide), hide=hide,
        credited=summed(memo.lines_total for memo in found.credits),
    )  # fmt: skip


async def _named(app: App, who: Principal, id: str) -> Invoice:
    """By its number, our reference or any id. Raises 404, also for one of a company that the
    reader may not see.
    """
    async with app.database.begin() as tx:
        known = await tx.lookup.named(id.replace("\0", "")[:300])
        ids = [one.id for one in known if one.kind == Invoice.kind]
        entities = who.entities(PAGE.permission)
        if len(ids) == 1:
            invoice = await tx.records.get(Invoice, ids[0])
            company = await tx.records.find(LegalEntity, invoice.legal_entity)
            if entities is None or (company is not None and company.code in entities):
                return invoice
    raise HTTPException(404, f"there is no invoice {id} that you may see")

"""`/billing/dry-run`: the invoices that would be made up to a day, and asking for them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.billing import PAGE, STATES, Reader, desk_of, figures, router
from isthmus.console.billing_choice import Choice, billing_choice, entities_of, name_hider
from isthmus.console.route import form
from isthmus.console.view import go, show
from isthmus.console.words import plural, summed
from isthmus.engine.refused import ActionRefused
from isthmus.flows.billing_desk import BillingDesk
from isthmus.flows.billing_request import request_invoices
from isthmus.store.database import Transaction
from isthmus.web.caller import requires
from isthmus.web.context import Running

DRY_RUN = PAGE.path + "/dry-run"
INVOICES = PAGE.path + "/invoices"
SHOWN = 50
ENDED = ("succeeded", "skipped")
Biller = Annotated[Principal, Depends(requires(Permission.BILLING_RUN))]


@router.get(DRY_RUN)
async def dry_run(request: Request, who: Reader, app: Running) -> Response:
    return await _page(request, who, app, billing_choice(request.query_params))


@router.post(DRY_RUN)
async def ask(request: Request, who: Biller, app: Running) -> Response:
    """Ask for the invoices of a dry run; `seen` names the amounts that the caller saw."""
    sent = await form(request)
    choice = billing_choice(sent)
    if choice.wrong:
        return await _page(request, who, app, choice)
    if choice.entity:
        who.ensure(Permission.BILLING_RUN, choice.entity)
    entities = who.entities(Permission.BILLING_RUN)
    try:
        desk = await request_invoices(
            app.engine, choice.asked(), sent.get("seen", ""), who.id, entities
        )
    except ActionRefused as refused:
        return await _page(request, who, app, choice, refused)
    return go(choice.address(INVOICES, through="", project=""), _told(desk))


def _told(desk: BillingDesk) -> str:
    total = " and ".join(map(str, summed(invoice.total for invoice in desk.invoices)))
    number = plural(len(desk.invoices), "invoice is", "invoices are")
    return f"{number} asked for, {total} before tax; they appear below as workers make them"


async def _page(
    request: Request, who: Principal, app: App, choice: Choice,
    refused: ActionRefused | None = None,
) -> Response:  # fmt: skip
    async with app.database.begin() as tx:
        desk = await desk_of(tx, app, who, choice)
        facts = {
            "entities": await entities_of(tx, who), "under_way": await under_way(tx, who),
            "hide": await name_hider(tx, who),
        }  # fmt: skip
    return show(
        request, who, "billing/dry_run.html", 422 if refused or choice.wrong else 200,
        title="Dry run of billing", choice=choice, desk=desk, refused=refused,
        planned=[p for p in desk.projects if p.planned is not None],
        without=[p for p in desk.projects if p.planned is None],
        sums=figures(desk)["invoices"], waiting=[i for i in desk.invoices if i.stops],
        may_ask=_may_ask(who, desk), systems=_systems(app, desk), states=STATES, shown=SHOWN,
        **facts,
    )  # fmt: skip


def _may_ask(who: Principal, desk: BillingDesk) -> bool:
    """Every invoice that is shown is of a company where the caller may bill."""
    companies = {invoice.legal_entity for invoice in desk.invoices}
    return all(who.may(Permission.BILLING_RUN, company) for company in companies)


def _systems(app: App, desk: BillingDesk) -> list[str]:
    """Names of the ledgers that would be written to."""
    companies = {invoice.legal_entity for invoice in desk.invoices}
    return sorted({app.engine.links.erp(company).name for company in companies})


async def under_way(tx: Transaction, who: Principal) -> dict[str, Any]:
    """Contract -> its youngest run of billing that has not ended."""
    runs = await tx.listings.runs(
        flow="contract_to_invoice", state=None, subject=None, correlation_id=None, after=None,
        entities=who.entities(PAGE.permission), limit=200,
    )  # fmt: skip
    return {run.subject: run for run in reversed(runs) if run.state not in ENDED}

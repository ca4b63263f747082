"""`/billing`: what can be invoiced, what is in the way of the rest, and how old it is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.billing_choice import Choice, billing_choice, ends_of_periods, entities_of
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import is_fragment, live, show
from isthmus.console.words import summed
from isthmus.flows.billing_desk import BillingDesk, ProjectBilling, billing_desk
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.observe.firm_figures import BUCKETS
from isthmus.store.database import Transaction
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Billing", "/billing", "Money", Permission.DELIVERY_READ,
    "What can be invoiced, and what is in the way?", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
AT_ONCE = 50
OLD = BUCKETS[2:]
STATES = {
    "ready": ("good", "ready"), "in_part": ("warn", "ready in part"),
    "waits": ("warn", "waits for a period"), "blocked": ("bad", "blocked"),
    "unapproved": ("calm", "not approved yet"), "later": ("calm", "nothing to invoice"),
}  # fmt: skip
"""State of a project -> tone and word."""


@router.get(PAGE.path)
async def billing(request: Request, who: Reader, app: Running) -> Response:
    choice = billing_choice(request.query_params)
    async with app.database.begin() as tx:
        desk = await desk_of(tx, app, who, choice)
        facts: dict[str, Any] = {
            "companies": desk.companies, "figures": figures(desk),
            "projects": _ordered(desk)[choice.after : choice.after + AT_ONCE],
            "number": len(desk.projects), "client_names": sorted({c for c, _, _ in desk.choices}),
        }  # fmt: skip
        facts |= {"entities": await entities_of(tx, who), "ends": await ends_of_periods(tx, who)}
    links: dict[str, Any] = {"choice": choice, "buckets": BUCKETS, "states": STATES,
                             "at_once": AT_ONCE,
                             "columns": [(f"{age} days", "num") for age in BUCKETS]}  # fmt: skip
    if is_fragment(request):
        return live(request, who, "billing/live.html", facts, **links)
    status = 422 if choice.wrong else 200
    return show(request, who, "billing/page.html", status, title="Billing", seen="", **facts,
                **links)  # fmt: skip


async def desk_of(tx: Transaction, app: App, who: Principal, choice: Choice) -> BillingDesk:
    entities = who.entities(PAGE.permission)
    return await billing_desk(tx, app.engine, choice.asked(), utc_now().date(), entities)


def figures(desk: BillingDesk) -> dict[str, list[Money]]:
    """One sum for each currency; nothing is converted. `invoices` are those of the dry run, `ready`
    the part of them that nothing keeps from being posted.
    """
    old = len(BUCKETS) - len(OLD)
    return {
        "unbilled": _sums(desk, lambda p: p.unbilled),
        "invoices": summed(invoice.total for invoice in desk.invoices),
        "ready": summed(invoice.total for invoice in desk.invoices if not invoice.stops),
        "held": _sums(desk, lambda p: p.readiness.held),
        "old": _sums(desk, lambda p: sum(p.aged[old:])),
    }


def _sums(desk: BillingDesk, amount: Any) -> list[Money]:
    parts = (Money.of(amount(row), row.readiness.currency) for row in desk.projects)
    return summed(part for part in parts if part.amount)


def _ordered(desk: BillingDesk) -> list[ProjectBilling]:
    """The most money at stake first."""
    return sorted(desk.projects, key=lambda p: p.unbilled + p.readiness.held, reverse=True)

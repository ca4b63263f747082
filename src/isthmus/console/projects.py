"""`/projects`: what each project was sold for, has earned and cost, and what is billed of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.console.billing_choice import entities_of, number_of
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import show
from isthmus.console.words import summed
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.observe.engagements import Engagement, engagements_of
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Projects", "/projects", "Money", Permission.DELIVERY_READ,
    "What does each project earn, and what of it is not billed yet?", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
AT_ONCE = 50
STATES = {
    "held": ("bad", "held"), "to_post": ("warn", "not in the ledger yet"),
    "to_bill": ("warn", "to bill"), "billed": ("good", "billed"),
    "nothing_to_bill": ("calm", "nothing to bill"),
}  # fmt: skip
"""Billing status -> tone and word."""


@router.get(PAGE.path)
async def projects(
    request: Request, who: Reader, app: Running, entity: str = "", client: str = "",
    after: str = "",
) -> Response:  # fmt: skip
    async with app.database.begin() as tx:
        known = await engagements_of(tx, utc_now().date(), who.entities(PAGE.permission))
        entities = await entities_of(tx, who)
    chosen = [row for row in known if entity in ("", row.legal_entity)
              and client in ("", row.client)]  # fmt: skip
    rows, begin = sorted(chosen, key=lambda row: row.wip + row.held, reverse=True), number_of(after)
    return show(
        request, who, "projects/page.html", title="Projects", figures=figures(rows), states=STATES,
        rows=rows[begin : begin + AT_ONCE], number=len(rows), after=begin, at_once=AT_ONCE,
        entity=entity, client=client, entities=entities,
        clients=sorted({row.client for row in known}),
        uncosted=sum((row.uncosted_hours for row in rows), Decimal(0)),
    )  # fmt: skip


def figures(rows: Sequence[Engagement]) -> dict[str, list[Money]]:
    """One sum for each currency; nothing is converted."""

    def total(amount: Callable[[Engagement], Decimal]) -> list[Money]:
        parts = (Money.of(amount(row), row.currency) for row in rows)
        return summed(part for part in parts if part.amount)

    return {
        "earned": total(lambda row: row.earned), "wip": total(lambda row: row.wip),
        "margin": total(lambda row: row.margin), "backlog": total(lambda row: row.backlog),
    }  # fmt: skip

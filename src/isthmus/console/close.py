"""`/close`: which periods are open, what blocks the month, and the totals to agree on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.canonical import AccountingPeriod, LegalEntity
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import is_fragment, live, show
from isthmus.console.words import by_currency, summed
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.store.close_totals import CloseTotals
from isthmus.store.database import Transaction
from isthmus.store.hold_groups import HoldGroup
from isthmus.store.queues import HoldFilter
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Close", "/close", "Money", Permission.CLOSE_READ,
    "What is left of the month, and what blocks it", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]


@router.get(PAGE.path)
async def close(request: Request, who: Reader, app: Running) -> Response:
    async with app.database.begin() as tx:
        periods = await _periods(tx, who)
        chosen = choose(
            periods, request.query_params.get("period"), utc_now().date(),
            await tx.closing.last_day(),
        )  # fmt: skip
        facts: dict[str, Any] = {"periods": periods, "chosen": chosen}
        if chosen is not None:
            facts |= await _facts(tx, who, chosen)
    if is_fragment(request):
        return live(request, who, "close/live.html", facts)
    return show(request, who, "close/page.html", title="Close", seen="", **facts)


async def _periods(tx: Transaction, who: Principal) -> list[tuple[AccountingPeriod, str]]:
    """With the code of the company that each belongs to, or "all companies"; the youngest first."""
    codes = {entity.id: entity.code for entity in await tx.records.list(LegalEntity)}
    allowed = who.entities(PAGE.permission)
    named = [
        (period, codes.get(period.legal_entity or "", "all companies"))
        for period in await tx.records.list(AccountingPeriod)
    ]
    shown = [(p, of) for p, of in named if allowed is None or not p.legal_entity or of in allowed]
    return sorted(shown, key=lambda each: (each[0].starts_on, each[1]), reverse=True)


def choose(
    periods: Sequence[tuple[AccountingPeriod, str]],
    id: str | None,
    today: date,
    last_work: date | None,
) -> AccountingPeriod | None:
    """The one asked for; else the last that has ended and has work: the one being closed."""
    by_id = {period.id: period for period, _ in periods}
    ended = (
        period
        for period, _ in periods
        if period.ends_on < today and (last_work is None or period.starts_on <= last_work)
    )
    first = periods[0][0] if periods else None
    return by_id.get(id or "") or next(ended, first)


async def _facts(tx: Transaction, who: Principal, period: AccountingPeriod) -> dict[str, Any]:
    allowed = who.entities(PAGE.permission)
    totals = await tx.closing.totals(period.starts_on, period.ends_on, allowed)
    groups = await tx.hold_groups.list(HoldFilter(period=period.name), utc_now())
    return {
        "totals": totals, "groups": groups, "held": _held(groups),
        "holds": sum(group.holds for group in groups),
        "waits": sum(g.holds for g in groups if g.state == "waiting_period"),
        "unposted": _sum(totals, "unposted"), "unbilled": _sum(totals, "unbilled"),
        "invoiced": _sum(totals, "invoiced"), "is_done": all(t.is_done for t in totals),
    }  # fmt: skip


def _held(groups: Sequence[HoldGroup]) -> list[Money]:
    return summed(money for group in groups for money in by_currency(group.blocked))


def _sum(totals: Sequence[CloseTotals], what: str) -> list[Money]:
    parts = (Money.of(getattr(total, what), total.currency) for total in totals)
    return summed(part for part in parts if part.amount)

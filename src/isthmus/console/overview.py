"""`/`: is money stuck, and what needs a person now?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.billing import figures
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.trend_lines import trend_lines
from isthmus.console.view import is_fragment, live, show
from isthmus.console.words import by_currency, plural, whole
from isthmus.flows.billing_desk import Asked, billing_desk
from isthmus.kit.clock import utc_now
from isthmus.observe.status import Status, status_of
from isthmus.store.hold_groups import DayEnd
from isthmus.store.holds import WAITING_SYSTEM
from isthmus.store.queues import HoldFilter
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Overview", "/", "", Permission.OVERVIEW_READ, "Is money stuck, and what needs a person?",
    router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
DAYS, GROUPS = 14, 8
LEADING = (
    "unbilled_approved_time", "time_to_bill_latency", "invoice_exception_rate",
    "quote_to_project_cycle_time", "approval_bottlenecks", "month_end_close_impact",
)  # fmt: skip
"""Key figures whose trend the first page shows; the others are a page further."""


@router.get("/")
async def overview(request: Request, who: Reader, app: Running) -> Response:
    facts = await _facts(app, who)
    if is_fragment(request):
        return live(request, who, "overview/live.html", facts)
    return show(request, who, "overview/page.html", title="Overview", seen="", **facts)


async def _facts(app: App, who: Principal) -> dict[str, Any]:
    now, entities = utc_now(), who.entities(PAGE.permission)
    async with app.database.begin() as tx:
        status = await status_of(tx)
        desk = await billing_desk(tx, app.engine, Asked(now.date()), now.date(), entities)
        groups = await tx.hold_groups.list(HoldFilter(), now, entities)
        history = await tx.hold_groups.history(now, DAYS, entities)
        deadlines = await tx.hold_groups.deadlines(entities)
        lines = await trend_lines(tx, app, who, LEADING)
    money = figures(desk)
    waiting = [group for group in groups if group.state == WAITING_SYSTEM]
    return {
        "unbilled": money["unbilled"], "ready": money["invoices"],
        "stopped": sum(1 for invoice in desk.invoices if invoice.stops),
        "held": by_currency(history[-1].blocked), "holds": history[-1].holds,
        "held_trend": trend(history), "history": chart_of(history),
        "groups": groups[:GROUPS], "more_groups": len(groups) - GROUPS,
        "sick": [c for c in status.connections if c.state != "answers"],
        "waiting": {group.system: group for group in waiting},
        "systems": len(status.connections), "workers": status.workers,
        "lines": lines, "lag": _lag(status), "inbox": status.inbox_waiting,
        "deadlines": [(d.on, d.holds, by_currency(d.blocked)) for d in deadlines],
    }  # fmt: skip


def trend(history: Sequence[DayEnd], back: int = 7) -> tuple[str, str, str]:
    """(direction, what changed, tone) of the largest currency against `back` days ago."""
    then, now = history[-1 - back].blocked, history[-1].blocked
    currency = _largest(now) or _largest(then)
    if currency is None:
        return "same", f"nothing held for {back} days", "good"
    change = now.get(currency, Decimal(0)) - then.get(currency, Decimal(0))
    if not change:
        return "same", f"as {back} days ago", ""
    direction, tone = ("up", "bad") if change > 0 else ("down", "good")
    return direction, f"{whole(abs(change))} {currency} in {back} days", tone


def _largest(amounts: Mapping[str, Decimal]) -> str | None:
    return max(amounts, key=lambda currency: abs(amounts[currency]), default=None)


def chart_of(history: Sequence[DayEnd]) -> dict[str, Any]:
    """Of each currency its own line; amounts of different currencies are never added."""
    currencies = [m.currency for m in by_currency(history[-1].blocked)][:3]
    return {
        "kind": "line", "unit": currencies[0] if len(currencies) == 1 else "", "axis": "Day",
        "labels": [f"{day.day:%d %b}".lstrip("0") for day in history],
        "series": [
            {"name": c, "values": [int(day.blocked.get(c, 0)) for day in history]}
            for c in currencies
        ],
    }  # fmt: skip


def _lag(status: Status) -> str:
    if not status.systems:
        return "no system was read yet"
    slowest = max(status.systems, key=lambda stream: stream.seconds_since)
    return f"read {plural(slowest.seconds_since // 60, 'minute')} ago at the latest"

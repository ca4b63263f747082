"""`/`: is money stuck, and what needs a person now?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.trend_lines import trend_lines
from isthmus.console.view import is_fragment, live, show
from isthmus.console.words import by_currency, plural, whole
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.observe.status import EntryCount, Status, status_of
from isthmus.store.entry_counts import POSTED, RATED, RECEIVED
from isthmus.store.hold_groups import DayEnd
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
    now = utc_now()
    async with app.database.begin() as tx:
        status = await status_of(tx)
        groups = await tx.hold_groups.list(HoldFilter(), now)
        history = await tx.hold_groups.history(now, DAYS)
        deadlines = await tx.hold_groups.deadlines()
        waiting = await tx.hold_groups.list(HoldFilter(state="waiting_system"), now)
        lines = await trend_lines(tx, app, who, LEADING)
    entries = [*status.entries, *status.expenses]
    return {
        "unbilled": worth(entries, (RECEIVED, RATED, POSTED)),
        "ready": worth(entries, (POSTED,)),
        "held": by_currency(history[-1].blocked), "holds": history[-1].holds,
        "held_trend": trend(history), "history": chart_of(history),
        "groups": groups[:GROUPS], "more_groups": len(groups) - GROUPS,
        "sick": [c for c in status.connections if c.state != "answers"],
        "waiting": {group.system: group for group in waiting},
        "systems": len(status.connections), "workers": status.workers,
        "lines": lines, "lag": _lag(status), "inbox": status.inbox_waiting,
        "deadlines": [(d.on, d.holds, by_currency(d.blocked)) for d in deadlines],
    }  # fmt: skip


def worth(counts: Sequence[EntryCount], states: Sequence[str]) -> list[Money]:
    """Value of the entries in some states, by currency."""
    sums: dict[str, Decimal] = {}
    for count in counts:
        if count.state in states:
            sums[count.currency] = sums.get(count.currency, Decimal(0)) + count.value
    return by_currency({currency: value for currency, value in sums.items() if value})


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

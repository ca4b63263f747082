"""`/journey?q=`: one object followed through every system, event, run and hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.access.pii import is_personal
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import show
from isthmus.kit.masking import MASK
from isthmus.observe.journey import Journey, journey_of
from isthmus.observe.spans import Span
from isthmus.observe.trace import story
from isthmus.store.database import Transaction
from isthmus.store.lookup import Found
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Journey", "/journey", "Work", Permission.JOURNEY_READ,
    "Where is this deal, hour or invoice in each system?", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
MOST, SPANS = 20, 60


@router.get(PAGE.path)
async def journey(request: Request, who: Reader, app: Running, q: str = "") -> Response:
    asked = q.strip()[:300].replace("\0", "")
    entities = who.entities(PAGE.permission)
    async with app.database.begin() as tx:
        known = await tx.lookup.named(asked) if asked else []
        named = [one for one in known if await tx.listings.is_of(one.kind, one.id, entities)]
        found = [_shown(await journey_of(tx, one), who) for one in named[:MOST]]
        spans = await _story(tx, named[0]) if len(found) == 1 else []
    return show(
        request, who, "journey/page.html", title="Journey", asked=asked, found=found,
        more=len(named) - len(found), may_see=who.may(Permission.PII_READ),
        bars=bars(spans[:SPANS]), more_spans=len(spans) - SPANS,
    )  # fmt: skip


def _shown(found: Journey, who: Principal) -> Journey:
    hidden = is_personal(found.kind, "name") and not who.may(Permission.PII_READ)
    return replace(found, name=MASK) if hidden else found


async def _story(tx: Transaction, one: Found) -> list[Span]:
    """Its own, or that of the deal it belongs to."""
    record = await tx.lookup.record(one.kind, one.id)
    deal = record.data.get("opportunity") if record else None
    return await story(tx, one.id) or (await story(tx, str(deal)) if deal else [])


def bars(spans: list[Span]) -> list[dict[str, Any]]:
    """Of each span where its bar begins and how long it is, in whole per cent of the whole."""
    if not spans:
        return []
    first = spans[0].started_at
    whole = max((_offset(first, s.started_at) + float(s.ms or 0) for s in spans), default=0) or 1
    return [
        {"span": span, "from": round(100 * _offset(first, span.started_at) / whole),
         "width": max(1, round(100 * float(span.ms or 0) / whole))}
        for span in spans
    ]  # fmt: skip


def _offset(first: datetime, at: datetime) -> float:
    return (at - first).total_seconds() * 1000

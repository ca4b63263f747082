"""`/exceptions/bulk`: the same done to many holds, looked at first, approved where it is much."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.exceptions import PAGE, address, chosen_by, router
from isthmus.console.route import form
from isthmus.console.view import go, is_fragment, live, show
from isthmus.engine.refused import ActionRefused
from isthmus.holds.bulk import approve, ask, decline, look_up
from isthmus.holds.wish import MOVES_WORK, Act, Wish
from isthmus.store.bulks import BulkRow
from isthmus.web.caller import ensure_whole_firm, requires_everywhere
from isthmus.web.context import Running

BULK = PAGE.path + "/bulk"
SHOWN = 25
Reader = Annotated[Principal, Depends(requires_everywhere(PAGE.permission))]
Worker = Annotated[Principal, Depends(requires_everywhere(Permission.HOLDS_WORK))]
Releaser = Annotated[Principal, Depends(requires_everywhere(Permission.HOLDS_RELEASE))]


@router.get(BULK)
async def look(request: Request, who: Worker, app: Running) -> Response:
    """The dry run: which holds it would be, and what they block."""
    query = request.query_params
    wish = _wish(who, dict(query))
    back = address(wish.chosen, single=True)
    try:
        found = await look_up(app.engine, wish)
    except ActionRefused as refused:
        return show(request, who, "bulk/look.html", 422, title="Many holds", wish=wish, found=None,
                    refused=refused, back=back, query_=dict(query), shown=SHOWN)  # fmt: skip
    return show(request, who, "bulk/look.html", title="Many holds", wish=wish, found=found,
                refused=None, back=back, query_=dict(query), shown=SHOWN)  # fmt: skip


@router.post(BULK)
async def do(request: Request, who: Worker, app: Running) -> Response:
    wish = _wish(who, await form(request))
    try:
        asked = await ask(app.engine, wish, who.id)
    except ActionRefused as refused:
        return go(address(wish.chosen, single=True), f"{refused.what} {refused.why}", "bad")
    path = f"{BULK}/{asked.bulk.label}" if asked.bulk else address(wish.chosen, single=True)
    return go(path, asked.message, "good" if asked.bulk else "warn")


@router.get(BULK + "/{label}")
async def bulk_page(request: Request, who: Reader, app: Running, label: str) -> Response:
    bulk = await _named(app, label)
    async with app.database.begin() as tx:
        facts: dict[str, Any] = {"bulk": bulk, "counts": await tx.bulks.counts(bulk.number),
                 "holds": (await tx.bulks.holds(bulk.number))[:200]}  # fmt: skip
    if is_fragment(request):
        return live(request, who, "bulk/live.html", facts)
    return show(request, who, "bulk/page.html", title=bulk.label, seen="", **facts)


@router.post(BULK + "/{label}/approve")
async def approve_bulk(who: Releaser, app: Running, label: str) -> Response:
    bulk = await _named(app, label)
    try:
        return go(f"{BULK}/{bulk.label}", await approve(app.engine, bulk, who.id))
    except ActionRefused as refused:
        return go(f"{BULK}/{bulk.label}", f"{refused.what} {refused.why}", "bad")


@router.post(BULK + "/{label}/decline")
async def decline_bulk(who: Releaser, app: Running, label: str) -> Response:
    bulk = await _named(app, label)
    return go(f"{BULK}/{bulk.label}", await decline(app.engine, bulk, who.id))


def _wish(who: Principal, given: dict[str, str]) -> Wish:
    """Raises 422 for an act that there is not, 403 for one that the caller may not do."""
    try:
        act = Act(given.get("act", ""))
    except ValueError as error:
        raise HTTPException(422, "nothing says what to do with the holds") from error
    if act in MOVES_WORK:
        ensure_whole_firm(who, Permission.HOLDS_RELEASE)
    return Wish(act, chosen_by(given), given.get("value", ""), given.get("note", ""))


async def _named(app: App, label: str) -> BulkRow:
    async with app.database.begin() as tx:
        bulk = await tx.bulks.find(label)
    if bulk is None:
        raise HTTPException(404, f"there is no bulk act {label}")
    return bulk

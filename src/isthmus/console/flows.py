"""`/flows`: what the flows did; one run with its steps, and going on where it stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from isthmus.access import Permission, Principal
from isthmus.access.pii import result_of
from isthmus.app import App
from isthmus.canonical import CanonicalObject
from isthmus.connect import ConnectError
from isthmus.console.page import Page
from isthmus.console.payload import payload, stored
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import go, show
from isthmus.engine.refused import ActionRefused
from isthmus.engine.replay import steps_of
from isthmus.holds.acts import replay_run
from isthmus.kit.ids import is_uuid
from isthmus.store.database import Transaction
from isthmus.store.runs import RunRow
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Flows", "/flows", "Work", Permission.RUNS_READ, "What ran, how long, and where it stopped",
    router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
Replayer = Annotated[Principal, Depends(requires(Permission.RUNS_REPLAY))]
STATES = ("queued", "running", "succeeded", "held", "waiting_system", "waiting_period", "dead",
          "skipped")  # fmt: skip
SHOWN = 50
LONGEST = 500
"""Characters of a step's result that are shown."""


@router.get(PAGE.path)
async def runs(
    request: Request, who: Reader, app: Running, flow: str = "", state: str = "", after: str = ""
) -> Response:
    async with app.database.begin() as tx:
        found = await tx.listings.runs(
            flow=flow or None, state=state or None, subject=None, correlation_id=None,
            after=int(after) if after.isdecimal() and len(after) < 18 else None,
            entities=who.entities(PAGE.permission), limit=SHOWN + 1,
        )  # fmt: skip
        counts = await tx.runs.counts()
    return show(
        request, who, "flows/page.html", title="Flows", runs=found[:SHOWN], flow=flow, state=state,
        flows=sorted({name for name, _ in counts}), states=STATES,
        after=found[SHOWN - 1].number if len(found) > SHOWN else None, before=bool(after),
    )  # fmt: skip


@router.get(PAGE.path + "/{label}")
async def one(request: Request, who: Reader, app: Running, label: str) -> Response:
    return await _page(request, who, app, await run_named(app, who, label, PAGE.permission))


@router.post(PAGE.path + "/{label}/replay")
async def replay(request: Request, who: Replayer, app: Running, label: str) -> Response:
    run = await run_named(app, who, label, Permission.RUNS_REPLAY)
    try:
        done = await replay_run(app.engine, run, who.id)
    except ActionRefused as refused:
        return go(
            f"{PAGE.path}/{run.label}", f"{refused.what} {refused.why} {refused.remedy}", "warn"
        )
    except ConnectError as error:
        return go(f"{PAGE.path}/{run.label}", f"It could not go on: {error}", "bad")
    return go(f"{PAGE.path}/{run.label}", done.message, "good" if done.resumed else "warn")


async def run_named(app: App, who: Principal, label: str, permission: Permission) -> RunRow:
    """Raises 404, also for a run of a company where this is not allowed."""
    async with app.database.begin() as tx:
        run = await tx.runs.find(label.replace("\0", ""))
        entities = who.entities(permission)
        if run is not None and (entities is None or await tx.listings.is_run_of(run.id, entities)):
            return run
    raise HTTPException(404, f"there is no run {label}; they are named R-0001, R-0002 and so on")


async def _page(request: Request, who: Principal, app: App, run: RunRow) -> Response:
    async with app.database.begin() as tx:
        holds = await tx.holds.list(run_id=run.id, open_only=False)
        event = await tx.events.find(run.event_id)
        obj = await _about(tx, run)
        rows = await payload(tx, who, obj) if obj else []
    steps = [] if run.emptied_at else await steps_of(app.engine, run.id)
    said = {n: result_of(v, who) for n, v in (event.data if event else {}).items()}
    return show(
        request, who, "flows/run.html", title=run.label, run=run, holds=holds, event=event,
        steps=[{"row": step, "result": result_of(step.output, who)[:LONGEST]} for step in steps],
        said=said, kind=obj.kind if obj else "", payload=rows,
        may_replay=who.may(Permission.RUNS_REPLAY),
    )  # fmt: skip


async def _about(tx: Transaction, run: RunRow) -> CanonicalObject | None:
    """The object that the run is about, as it is now; a batch of entries is none."""
    if not is_uuid(run.subject):
        return None
    found = await tx.lookup.named(run.subject)
    return await stored(tx, found[0].kind, found[0].id) if len(found) == 1 else None

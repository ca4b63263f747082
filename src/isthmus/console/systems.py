"""`/systems`: which connection is sick, since when, what waits behind it, and what to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from isthmus.access import Permission, Principal
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import go, is_fragment, live, show
from isthmus.engine.asking import ask_now
from isthmus.kit.clock import utc_now
from isthmus.observe.latency import Latency, latencies_of
from isthmus.observe.status import ConnectionUse, Status, Stream, status_of
from isthmus.store.hold_groups import HoldGroup
from isthmus.store.queues import HoldFilter
from isthmus.store.traffic import BOUNDS
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Systems", "/systems", "Systems", Permission.SYSTEMS_READ,
    "Which system is sick, and what waits behind it?", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
Operator = Annotated[Principal, Depends(requires(Permission.SYSTEMS_OPERATE))]
DO = {
    "answers": "",
    "failing": "Nothing yet: after some more in a row it is left alone and asked now and then.",
    "away": "Nothing is lost: runs wait and go on by themselves when it answers. Ask its owner "
    "when that will be.",
    "paused": "Nothing: it asked us to wait, and calls go on at the time that it named.",
    "coming back": "Nothing: what waited goes on a few calls at a time, the most urgent first.",
    "not called yet": "`isthmus doctor` says whether it answers.",
}


@router.get(PAGE.path)
async def systems(request: Request, who: Reader, app: Running) -> Response:
    entities = who.entities(PAGE.permission)
    async with app.database.begin() as tx:
        status = await status_of(tx)
        latencies = await latencies_of(tx, utc_now())
        waiting = await tx.hold_groups.list(HoldFilter(state="waiting_system"), utc_now(), entities)
    facts: dict[str, Any] = {
        "longest": BOUNDS[-1],
        "systems": systems_of(list(app.connected), status, waiting, latencies),
        "workers": status.workers, "inbox": status.inbox_waiting,
    }  # fmt: skip
    if is_fragment(request):
        return live(request, who, "systems/live.html", facts)
    return show(request, who, "systems/page.html", title="Systems", seen="", **facts)


@router.post(PAGE.path + "/{name}/ask")
async def ask(who: Operator, app: Running, name: str) -> Response:
    if name not in app.connected:
        raise HTTPException(404, f"there is no connection {name}")
    why = await ask_now(app.engine, name, who.id)
    if why is None:
        return go(PAGE.path, f"{name} answers; what waited for it goes on by itself")
    return go(PAGE.path, f"{name} does not answer yet: {why}", "warn")


def systems_of(
    names: list[str], status: Status, waiting: list[HoldGroup], latencies: Mapping[str, Latency]
) -> list[dict[str, Any]]:
    """A connection that shares another's calls has no use of its own."""
    uses: dict[str, ConnectionUse] = {use.connection: use for use in status.connections}
    streams: dict[str, list[Stream]] = defaultdict(list)
    for stream in status.systems:
        streams[stream.connection].append(stream)
    behind: dict[str | None, list[HoldGroup]] = defaultdict(list)
    for group in waiting:
        behind[group.system].append(group)
    return [
        {"name": name, "use": uses.get(name), "streams": streams[name], "behind": behind[name],
         "latency": latencies.get(name),
         "do": DO[uses[name].state if name in uses else "not called yet"]}
        for name in names
    ]  # fmt: skip

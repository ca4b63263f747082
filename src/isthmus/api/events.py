"""`GET /events`: the log for those who ask, by page, by long poll or as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html: a client that reconnects sends the
last `id` that it saw as `Last-Event-ID`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event

from isthmus.access import Permission, Principal
from isthmus.access.pii import may_see_all
from isthmus.app import App
from isthmus.events.envelope import wire_type
from isthmus.events.feed import Feed, Forgotten, Page
from isthmus.events.filter import Filter, UnknownType, types_matching
from isthmus.events.message import cloudevent, sequence
from isthmus.events.personal import impersonal
from isthmus.kit.duration import format_duration
from isthmus.kit.ids import is_uuid
from isthmus.web.caller import requires
from isthmus.web.context import running_app

router = APIRouter(tags=["events"])
STREAM = "text/event-stream"
IDLE = 0.25
"""Seconds between two looks at the log while nothing is new."""
ALIVE_EVERY = 15.0
"""Seconds after which a quiet stream says where it is."""
PATIENCE = 5.0
"""Seconds that a question without `wait` waits for a transaction that is writing events."""
RECONNECT = 2000
"""Milliseconds after which a client asks again when the connection breaks."""


@dataclass(frozen=True)
class _Reading:
    feed: Feed
    only: Filter
    limit: int
    closing: asyncio.Event
    plain: bool
    """Nothing that is personal by the model is told."""

    async def next(self, after: int, seconds: float, patience: float = 0.0) -> Page:
        """The next page with events; after some seconds an empty one, which may lie further on.

        `patience` is added for a log that is being written to. Raises Forgotten.
        """
        page = await self._found(after, seconds, patience)
        await self.feed.ensure_kept(after, self.only)
        return replace(page, rows=[impersonal(row) for row in page.rows]) if self.plain else page

    async def _found(self, after: int, seconds: float, patience: float) -> Page:
        until = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds + patience):
                while True:
                    page = await self.feed.page(after, self.limit, self.only)
                    if page.rows or time.monotonic() >= until or self.closing.is_set():
                        return page
                    after = page.position
                    await self._pause()
        except TimeoutError:
            return Page([], after)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self.closing.wait(), IDLE)
        except TimeoutError:
            return

    async def stream(self, after: int) -> AsyncIterator[bytes]:
        yield format_sse_event(id=sequence(after), retry=RECONNECT)
        while not self.closing.is_set():
            try:
                page = await self.next(after, ALIVE_EVERY)
            except Forgotten:
                return  # who comes again is told
            for row in page.rows:
                text = json.dumps(cloudevent(row), ensure_ascii=False)
                yield format_sse_event(
                    id=sequence(row.position), event=wire_type(row.type), data_str=text
                )
            after = page.position
            if not page.rows:
                yield format_sse_event(id=sequence(after), comment="nothing new")


@router.get(
    "/events",
    responses={
        200: {"content": {STREAM: {}}, "description": "`events`, and `next` to ask with."},
        401: {"description": "The token is missing or wrong."},
        403: {
            "description": "The caller may not, or may in some companies only and names no "
            "`subject` of theirs."
        },
        409: {"description": "`after` lies beyond the end of the log."},
        410: {"description": "Events after `after` are older than the days kept, and removed."},
    },
)
async def events(
    request: Request,
    app: Annotated[App, Depends(running_app)],
    who: Annotated[Principal, Depends(requires(Permission.EVENTS_READ))],
    after: Annotated[
        str,
        Query(
            pattern=r"^([0-9]{1,18}|0[0-9]{18}|first|end)$",
            description="`sequence` of the last event that you have; `first`: all, from "
            "where on none is removed; `end`: only what comes.",
        ),
    ] = "first",
    type: Annotated[
        list[str] | None, Query(description="Such as `invoice.posted` or `invoice.*`.")
    ] = None,
    subject: Annotated[str | None, Query(description="Canonical id of an object.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most events of one answer.")] = 100,
    wait: Annotated[
        int, Query(ge=0, le=60, description="Seconds to wait where there is nothing yet.")
    ] = 0,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^[0-9]{1,19}$", description="As `after`, and before it.")
    ] = None,
) -> Response:
    """Events after a position, in the order of the log. `Accept: text/event-stream` keeps on.

    Each is kept for the landscape's `retention.events` at least. The log is of the whole firm: who
    has a role in some companies only asks for one `subject` of theirs.
    """
    await _ensure_seen(app, who, subject)
    plain = not may_see_all(who, Permission.EVENTS_READ)
    reading = _Reading(app.feed, _filter(type, subject), limit, request.app.state.closing, plain)
    position = await _position(reading, last_event_id or after)
    try:
        return await _answer(request, reading, position, wait)
    except Forgotten as error:
        raise HTTPException(410, _remedy(error, app)) from error


async def _ensure_seen(app: App, who: Principal, subject: str | None) -> None:
    """Raises 403."""
    entities = who.entities(Permission.EVENTS_READ)
    if entities is None:
        return
    if subject and is_uuid(subject):
        async with app.database.begin() as tx:
            for found in await tx.lookup.named(subject):
                if await tx.listings.is_of(found.kind, found.id, entities):
                    return
    raise HTTPException(
        403,
        "the log is of the whole firm, and your role is for some of its companies; ask with the "
        "canonical id of an object of theirs as `subject`",
    )


async def _answer(request: Request, reading: _Reading, position: int, wait: int) -> Response:
    if STREAM in request.headers.get("accept", ""):
        await reading.feed.ensure_kept(position, reading.only)
        return StreamingResponse(
            reading.stream(position), media_type=STREAM, headers={"Cache-Control": "no-store"}
        )
    page = await reading.next(position, wait, PATIENCE)
    found = {"events": [cloudevent(row) for row in page.rows], "next": sequence(page.position)}
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


def _filter(types: list[str] | None, subject: str | None) -> Filter:
    try:
        return Filter(types_matching(types) if types else None, subject)
    except UnknownType as error:
        raise HTTPException(400, str(error)) from error


def _remedy(forgotten: Forgotten, app: App) -> str:
    age = app.landscape.retention.events
    kept = age if isinstance(age, str) else format_duration(age)
    return (
        f"events after {forgotten.position} are removed up to {forgotten.floor}: they are kept for "
        f"{kept}. Read the objects that you follow anew, then ask from {forgotten.floor}, or from "
        "`first`, which is the same"
    )


async def _position(reading: _Reading, asked: str) -> int:
    """A position beyond the end is one of another log: of before a restore, for instance."""
    if asked == "end":
        return await reading.feed.settled()
    if asked == "first":
        return await reading.feed.first(reading.only)
    position, end = int(asked), await reading.feed.end()
    if position > end:
        raise HTTPException(
            409,
            f"event {position} is not in this log, which ends at {end}; ask from a position that "
            "you know, or from `first`, and leave out the ids that you have",
        )
    return position

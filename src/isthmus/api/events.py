"""`GET /events`: the log for those who ask, by page, by long poll or as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html: a client that reconnects sends the
last `id` that it saw as `Last-Event-ID`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event

from isthmus.api.access import ensure_allowed
from isthmus.api.context import running_app
from isthmus.app import App
from isthmus.events.envelope import wire_type
from isthmus.events.feed import Feed, Page
from isthmus.events.filter import Filter, UnknownType, types_matching
from isthmus.events.message import cloudevent, sequence

router = APIRouter(tags=["events"], dependencies=[Depends(ensure_allowed)])
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

    async def next(self, after: int, seconds: float, patience: float = 0.0) -> Page:
        """The next page with events; after some seconds an empty one, which may lie further on.

        `patience` is added for a log that is being written to.
        """
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
            page = await self.next(after, ALIVE_EVERY)
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
        403: {"description": "No token is set, and the question comes from another machine."},
        409: {"description": "`after` lies beyond the end of the log."},
    },
)
async def events(
    request: Request,
    app: Annotated[App, Depends(running_app)],
    after: Annotated[
        str,
        Query(
            pattern=r"^([0-9]{1,18}|0[0-9]{18}|end)$",
            description="`sequence` of the last event that you have; `end`: only what comes.",
        ),
    ] = "0",
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
    """Events after a position, in the order of the log. `Accept: text/event-stream` keeps on."""
    reading = _Reading(app.feed, _filter(type, subject), limit, request.app.state.closing)
    position = await _position(app.feed, last_event_id or after)
    if STREAM in request.headers.get("accept", ""):
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


async def _position(feed: Feed, asked: str) -> int:
    """A position beyond the end is one of another log: of before a restore, for instance."""
    if asked == "end":
        return await feed.settled()
    position, end = int(asked), await feed.end()
    if position > end:
        raise HTTPException(
            409,
            f"event {position} is not in this log, which ends at {end}; ask from a position that "
            "you know, or from 0, and leave out the ids that you have",
        )
    return position

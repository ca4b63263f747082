"""`POST /process/v1/time-entries`: up to 10,000 time entries, each with its own outcome.

`Idempotency-Key` as in https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header:
400 without one, 422 where it belongs to another request or another caller: an answer is given again
to nobody who may not submit what was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import Response

from isthmus.access import Permission, Principal
from isthmus.api.payload import JSON, NDJSON, TooLarge, Unreadable, elements, plain
from isthmus.api.time_entry_schema import ANSWER, entry_schema
from isthmus.app import App
from isthmus.canonical.base import Role
from isthmus.engine.outages import BROKEN_OFF, outlast
from isthmus.events.backlog import Backlogged
from isthmus.events.links import Connected
from isthmus.events.time_submissions import Answer, KeyUsed, TimeSubmissions
from isthmus.web.caller import caller, requires
from isthmus.web.context import bounded_body, running_app

log = structlog.get_logger()
router = APIRouter(tags=["time entries"], dependencies=[Depends(requires(Permission.TIME_SUBMIT))])
MOST = 10_000
"""Entries of one request."""
MAX_BODY = 16_000_000
"""Bytes of one request, packed and unpacked."""
FEW = 20_000
"""Bytes that are read sooner than a thread begins to."""
AT_ONCE = 16
"""Requests that one process has in hand; each may hold as much in memory as a body has."""
LARGE, LARGE_AT_ONCE, PACKED = 500_000, 2, 10
"""Bytes from which on a request is read in its turn, as entries take ten times its size; how many
are so at once; and what a packed byte counts as.
"""
LONGEST_KEY = 200
SOON, LATER = 1, 30
"""Seconds until a caller asks again: when a request has ended, when a batch has been rated."""
PATIENCE = 25.0
"""Seconds that a request waits for a database that is away, and a large one for its turn."""


class Doors:
    """As many requests as one process takes in at once; the others come again."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    @contextmanager
    def passing(self) -> Iterator[None]:
        if not self._free:
            raise _again_later(429, "this process has its hands full", SOON)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    @asynccontextmanager
    async def reading(self, size: int) -> AsyncIterator[None]:
        """Until it is answered; who waits here holds the bytes that came and no more.

        Raises HTTPException, 429, for one whose turn does not come in time.
        """
        if size < LARGE:
            yield
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._large.acquire()
        except TimeoutError as error:
            raise _again_later(429, "other large requests are read first", LATER) from error
        try:
            yield
        finally:
            self._large.release()


async def _through(request: Request) -> AsyncIterator[None]:
    doors: Doors = request.app.state.submitting
    with doors.passing():
        yield


@router.post(
    "/process/v1/time-entries",
    dependencies=[Depends(_through)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"type": "array", "maxItems": MOST, "items": entry_schema()}},
                NDJSON: {"schema": entry_schema()},
            },
        }
    },
    responses={
        200: {"content": {JSON: {"schema": ANSWER}}, "description": "Stored, entry by entry."},
        400: {"description": "No `Idempotency-Key`, or a body that cannot be read."},
        401: {"description": "The token is missing or wrong."},
        403: {"description": "No token is set, and the request comes from another machine."},
        413: {"description": f"More than {MOST:,} entries or {MAX_BODY:,} bytes."},
        415: {"description": f"Neither {JSON} nor {NDJSON}, or packed by something but gzip."},
        422: {"description": "The key belongs to another request, or no such PSA is connected."},
        429: {"description": "Too much waits; ask again after `Retry-After` seconds."},
        503: {"description": "The database is away; a repeat under the same key is stored once."},
    },
)
async def submit(
    request: Request,
    app: Annotated[App, Depends(running_app)],
    who: Annotated[Principal, Depends(caller)],
    connection: Annotated[
        str, Query(description="The PSA whose entries these are, by its name in the landscape.")
    ],
    idempotency_key: Annotated[
        str | None, Header(description="A repeat of the same request gets the same answer.")
    ] = None,
) -> Response:
    """Take in time entries: new ones, and changed ones under the id that they had before."""
    source = _psa(app, connection)
    key = _usable(idempotency_key)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if media_type not in (JSON, NDJSON) or encoding not in ("", "identity", "gzip"):
        raise HTTPException(415, f"send {JSON} or {NDJSON}, plain or with Content-Encoding: gzip")
    packed = await bounded_body(request, "a request", MAX_BODY)
    doors: Doors = request.app.state.submitting
    async with doors.reading(len(packed) * (PACKED if encoding == "gzip" else 1)):
        asked = f"{who.id}\n{connection}\n{media_type}\n".encode()
        digest, entries = await _read(packed, encoding, media_type, asked)
        submissions: TimeSubmissions = request.app.state.submissions
        entities = who.entities(Permission.TIME_SUBMIT)
        return await _taken(
            app, source, key, lambda: submissions.take(source, key, digest, entries, entities)
        )


async def _taken(
    app: App, source: Connected, key: str, take: Callable[[], Awaitable[Answer]]
) -> Response:
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await outlast(app.database, take)
    except KeyUsed as error:
        raise HTTPException(
            422, f"the key {key} belongs to another request; send this one under a key of its own"
        ) from error
    except Backlogged as error:
        raise _again_later(429, str(error), LATER) from error
    except (TimeoutError, *BROKEN_OFF) as error:
        log.warning("time_entries.not_stored", connection=source.name, reason=str(error)[:200])
        raise _again_later(503, "the database does not answer", SOON) from error
    log.info(
        "time_entries.submitted", connection=source.name, repeated=answer.repeated, **answer.counts
    )
    replayed = {"Idempotent-Replayed": "true"} if answer.repeated else {}
    return Response(answer.text, media_type=JSON, headers=replayed)


async def _read(
    packed: bytes, encoding: str, media_type: str, asked: bytes
) -> tuple[bytes, list[Any]]:
    """(digest of who asks what, elements), worked out beside the event loop unless it is little."""

    def read() -> tuple[bytes, list[Any]]:
        body = plain(packed, encoding, MAX_BODY)
        return sha256(asked + body).digest(), elements(body, media_type, MOST)

    try:
        few = len(packed) < FEW and encoding != "gzip"
        return read() if few else await asyncio.to_thread(read)
    except TooLarge as error:
        raise HTTPException(413, f"{error}; send it in parts") from error
    except Unreadable as error:
        raise HTTPException(400, str(error)) from error


def _psa(app: App, name: str) -> Connected:
    psas = {c.name: c for c in app.connected.values() if Role.PSA in c.roles}
    if name not in psas:
        raise HTTPException(
            422, f"no PSA is connected as {name!r}; `connection` is one of {', '.join(psas)}"
        )
    return psas[name]


def _usable(key: str | None) -> str:
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise HTTPException(
            400,
            f"Idempotency-Key is missing, or no text of 1 to {LONGEST_KEY} characters; send one "
            "for each request, the same whenever you repeat it",
        )
    return key


def _again_later(status: int, reason: str, seconds: int) -> HTTPException:
    return HTTPException(
        status, f"{reason}; send it again in {seconds} s", headers={"Retry-After": str(seconds)}
    )

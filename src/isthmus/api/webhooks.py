"""`POST /webhooks/{connection}`: stored before it is acknowledged, in the vendor's own form."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from isthmus.app import App
from isthmus.connect import Notice, Unauthorized, Webhook
from isthmus.connect.errors import Invalid
from isthmus.events.room import NoRoom, Room
from isthmus.web.context import bounded_body, running_app

log = structlog.get_logger()
router = APIRouter(tags=["webhooks"])
LATER = 30
"""Seconds after which a caller may come again when there is no room."""


@router.post(
    "/webhooks/{connection}",
    responses={429: {"description": "Too much waits; come again after `Retry-After` seconds."}},
)
async def receive(
    connection: str, request: Request, app: Annotated[App, Depends(running_app)]
) -> Response:
    reader = app.readers.get(connection)
    if reader is None:
        raise HTTPException(404, f"no connection is called {connection}")
    webhook = Webhook(dict(request.headers), await bounded_body(request))
    try:
        notices, reply = reader.connected.system.receive(webhook)
    except Unauthorized as error:
        log.warning("webhook.refused", connection=connection, reason=str(error))
        raise HTTPException(401, str(error)) from error
    except Invalid as error:
        log.warning("webhook.unreadable", connection=connection, reason=str(error))
        raise HTTPException(400, str(error)) from error
    stored = webhook if reply.kept is None else replace(webhook, body=reply.kept)
    room: Room = request.app.state.room
    try:
        async with room.taking(len(notices)):
            await _store(app, connection, stored, list(notices))
    except NoRoom as full:
        reason = f"{full}; send it again in {LATER} s"
        raise HTTPException(429, reason, headers={"Retry-After": str(LATER)}) from full
    reader.woken.set()
    return Response(reply.body, media_type=reply.media_type)


async def _store(app: App, connection: str, webhook: Webhook, notices: list[Notice]) -> None:
    """Commit; the same message delivered again is counted, not stored twice."""
    kept = {k: v for k, v in webhook.headers.items() if k.lower() != "authorization"}
    async with app.database.begin() as tx:
        for notice in notices:
            fresh = await tx.inbox.accept(
                connection, notice.event_id, kind=notice.model.kind,
                external_id=notice.external_id, headers=kept, body=webhook.body,
            )  # fmt: skip
            log.info("webhook.received", connection=connection, kind=notice.model.kind,
                     external_id=notice.external_id, repeated=not fresh)  # fmt: skip

"""`POST /desks/{desk}`: a service desk closes, comments or assigns a hold that it was told of."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request

from isthmus.app import App
from isthmus.connect.errors import Invalid, Unauthorized
from isthmus.holds.desk_inbox import accept
from isthmus.web.context import bounded_body, running_app

log = structlog.get_logger()
router = APIRouter(tags=["desks"])


@router.post("/desks/{desk}", status_code=202)
async def receive(
    desk: str, request: Request, app: Annotated[App, Depends(running_app)]
) -> dict[str, bool]:
    if desk not in app.landscape.exceptions.desks:
        raise HTTPException(404, f"no desk is called {desk}")
    body = await bounded_body(request)
    try:
        fresh = await accept(app.engine, desk, dict(request.headers), body)
    except Unauthorized as error:
        log.warning("desk.refused", desk=desk, reason=str(error))
        raise HTTPException(401, str(error)) from error
    except Invalid as error:
        log.warning("desk.unreadable", desk=desk, reason=str(error))
        raise HTTPException(422, str(error)) from error
    return {"accepted": True, "repeated": not fresh}

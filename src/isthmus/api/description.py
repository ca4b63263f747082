"""`GET /openapi.json`: for whoever is logged in, or for anybody where the landscape opens it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from isthmus.api.document import openapi_document
from isthmus.web.caller import caller_of
from isthmus.web.context import app_of

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    if not app_of(request).landscape.access.open_description:
        caller_of(request)
    document: dict[str, Any] = openapi_document(request.app)
    return JSONResponse(document)

"""`GET /metrics`: for Prometheus."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.observe.metrics import CONTENT_TYPE
from isthmus.web.caller import requires_everywhere
from isthmus.web.context import running_app

router = APIRouter(tags=["operation"])


@router.get("/metrics", response_class=Response)
async def metrics(
    app: Annotated[App, Depends(running_app)],
    who: Annotated[Principal, Depends(requires_everywhere(Permission.METRICS_READ))],
) -> Response:
    """Figures of the whole installation, whichever process is asked; at most a few seconds old."""
    return Response(await app.exposition.text(), media_type=CONTENT_TYPE)

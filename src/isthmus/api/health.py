"""`GET /healthz`: is this process up and its database reachable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from isthmus.app import App
from isthmus.web.context import running_app

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz(app: Annotated[App, Depends(running_app)]) -> dict[str, object]:
    async with app.database.begin() as tx:
        workers = await tx.executors.alive(15)
    return {"status": "ok", "workers": workers, "connections": sorted(app.connected)}

"""Routers of the gateway: each client's rate is counted, each unsafe request is done once."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from isthmus.web.idempotency import OnceRoute
from isthmus.web.limits import within_rate


def gateway_router(prefix: str, tag: str) -> APIRouter:
    """Its unsafe methods depend on `once` besides."""
    return APIRouter(
        prefix=prefix, tags=[tag], dependencies=[Depends(within_rate)], route_class=OnceRoute
    )

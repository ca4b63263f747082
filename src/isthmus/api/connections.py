"""`/ops/v1/connections`: whether each system answers, what it allows, how far it has been read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, Field

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.connect import ConnectError
from isthmus.observe.status import ConnectionUse, Stream, status_of
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.problem import Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/ops/v1/connections", "operations")
Reader = Annotated[Principal, Depends(requires(Permission.SYSTEMS_READ))]


class StreamView(BaseModel):
    kind: str
    latest_change: datetime | None = Field(description="Youngest change seen there.")
    read_at: datetime
    seconds_since: int = Field(description="Since it was read.")


class UseView(BaseModel):
    """Calls against the connection's limits; null: there is no such limit."""

    state: str = Field(description="`answers`, `failing`, `away`, `paused` or `coming back`.")
    detail: str | None
    in_flight: int
    waiting: int
    concurrency: int
    calls: int = Field(description="In the window of `per` seconds.")
    calls_allowed: int | None
    per: int
    day: dict[str, int] = Field(description="Calls of the last 24 hours, by urgency.")
    day_allowed: int | None


class ConnectionView(BaseModel):
    name: str
    vendor: str
    roles: list[str]
    reads: list[str]
    writes: list[str]
    use: UseView | None = Field(description="Null until it has been called.")
    streams: list[StreamView] = Field(description="How far each kind has been read.")


class HealthView(BaseModel):
    name: str
    ok: bool
    detail: str


@router.get("", response_model=list[ConnectionView])
async def list_connections(app: Running, who: Reader) -> list[ConnectionView]:
    """Every connection, with breaker, quota and how far behind its readers are."""
    async with app.database.begin() as tx:
        status = await status_of(tx)
    uses = {use.connection: use for use in status.connections}
    streams: dict[str, list[Stream]] = {}
    for stream in status.systems:
        streams.setdefault(stream.connection, []).append(stream)
    return [_view(app, name, uses.get(name), streams.get(name, [])) for name in app.connected]


@router.get("/{name}/health", response_model=HealthView, responses=problem_responses(404))
async def read_health(
    app: Running, who: Reader, name: Annotated[str, Path(max_length=100)]
) -> HealthView:
    """One cheap call to the system itself, now."""
    if name not in app.connected:
        raise Refusal(
            404, "not_found", f"there is no connection {name!r}",
            f"There are {', '.join(app.connected)}.",
        )  # fmt: skip
    try:
        health = await app.connected[name].system.health()
    except ConnectError as error:
        return HealthView(name=name, ok=False, detail=f"{error}. {error.remedy}")
    return HealthView(name=name, ok=health.ok, detail=health.detail)


def _view(
    app: App, name: str, use: ConnectionUse | None, streams: list[Stream]
) -> ConnectionView:  # fmt: skip
    connected = app.connected[name]
    abilities = connected.system.capabilities.items()
    shown = use and UseView(**{field: getattr(use, field) for field in UseView.model_fields})
    return ConnectionView(
        name=name, vendor=app.landscape.connections[name].vendor,
        roles=sorted(connected.roles), reads=sorted(m.kind for m, c in abilities if c.reads),
        writes=sorted(m.kind for m, c in abilities if c.writes), use=shown,
        streams=[
            StreamView(**{field: getattr(s, field) for field in StreamView.model_fields})
            for s in streams
        ],
    )  # fmt: skip

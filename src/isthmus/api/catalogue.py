"""`GET /catalogue`: every API and event, with owner, version and where in its life it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, Field

from isthmus.access import Permission
from isthmus.api.document import METHODS, TAGS, openapi_document
from isthmus.events.catalogue import CATALOGUE
from isthmus.events.envelope import wire_type
from isthmus.web.caller import requires
from isthmus.web.routers import gateway_router
from isthmus.web.versions import DEPRECATED, Deprecated

router = gateway_router("", "catalogue")


class ApiEntry(BaseModel):
    method: str
    path: str
    summary: str
    group: str
    owner: str = Field(description="The queue that answers for it.")
    version: str
    lifecycle: str = Field(description="`current`.")


class EventEntry(BaseModel):
    type: str
    meaning: str
    owner: str
    version: str
    lifecycle: str


class Leaving(BaseModel):
    """Something of the API that goes."""

    what: str
    since: date
    sunset: date
    successor: str
    why: str


class Catalogue(BaseModel):
    apis: list[ApiEntry]
    events: list[EventEntry]
    deprecated: list[Leaving]


@router.get(
    "/catalogue",
    response_model=Catalogue,
    dependencies=[Depends(requires(Permission.MODEL_READ))],
)
async def catalogue(request: Request) -> Catalogue:
    """What can be called and listened to."""
    return catalogue_of(request.app)


def catalogue_of(web: FastAPI) -> Catalogue:
    return Catalogue(
        apis=[*_apis(openapi_document(web))], events=[*_events()],
        deprecated=[_leaving(known) for known in DEPRECATED],
    )  # fmt: skip


def _apis(document: dict[str, Any]) -> list[ApiEntry]:
    owners = {tag["name"]: tag["x-owner"] for tag in TAGS}
    return [
        ApiEntry(
            method=method.upper(), path=path, summary=_first_line(operation),
            group=operation["tags"][0], owner=owners[operation["tags"][0]],
            version=_version(path), lifecycle="current",
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]  # fmt: skip


def _first_line(operation: dict[str, Any]) -> str:
    text: str = operation.get("description") or operation["summary"]
    return " ".join(text.split("\n\n")[0].split())


def _version(path: str) -> str:
    """A path without one has had one version only."""
    return "v1, v2" if "{version}" in path else "v1"


def _events() -> list[EventEntry]:
    return [
        EventEntry(
            type=wire_type(event.name), meaning=event.meaning, owner=event.owner,
            version="1", lifecycle="current",
        )
        for event in CATALOGUE.values()
    ]  # fmt: skip


def _leaving(known: Deprecated) -> Leaving:
    return Leaving(
        what=known.what, since=known.since, sunset=known.sunset, successor=known.successor,
        why=known.why,
    )  # fmt: skip

"""`/model`: what each object is, who owns each attribute, and where it lives in each system."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.model_rows import Object, objects, pointing_at
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import HEADERS, show
from isthmus.events.catalogue import CATALOGUE, EventType
from isthmus.events.envelope import wire_type
from isthmus.events.reference import OF_EVERY, event_schema
from isthmus.events.sample import sample_of
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.representations import schema_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Model", "/model", "Systems", Permission.MODEL_READ,
    "What is an attribute called in each system, and who owns it?", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
EVENTS = PAGE.path + "/events"
ONE = PAGE.path + "/objects/{kind}"
MOST = 200


@router.get(PAGE.path)
async def model(request: Request, who: Reader, app: Running, q: str = "") -> Response:
    asked, known = q.strip(), objects(app)
    found = [each for one in known for each in one.attributes if each.fits(asked)] if asked else []
    return show(
        request, who, "model/page.html", title="Model", asked=asked,
        objects=[one for one in known if not asked or asked.lower() in one.kind.replace("_", " ")],
        found=found[:MOST], more=len(found) - MOST,
        attributes=sum(len(one.attributes) for one in known),
    )  # fmt: skip


@router.get(ONE)
async def one(request: Request, who: Reader, app: Running, kind: str) -> Response:
    found = _object(app, kind)
    own = [e for e in CATALOGUE.values() if e.name.partition(".")[0] == kind or e.subject == kind]
    return show(
        request, who, "model/object.html", title=kind, one=found, lifecycle=found.model.lifecycle,
        pointed=pointing_at(kind), events=own,
    )  # fmt: skip


@router.get(ONE + "/schema.json")
async def schema(who: Reader, app: Running, kind: str, version: int = 1) -> Response:
    """JSON Schema of one major version, as it is published."""
    found = _object(app, kind)
    if version not in {each.major for each in found.versions}:
        raise HTTPException(404, f"{kind} has no schema of major version {version}")
    return JSONResponse(schema_of(found.model, version), headers=HEADERS)


def _object(app: App, kind: str) -> Object:
    """Raises 404."""
    found = next((each for each in objects(app) if each.kind == kind), None)
    if found is None:
        raise HTTPException(404, f"the model has no object {kind}; Model lists all of them")
    return found


@router.get(EVENTS)
async def events(request: Request, who: Reader, q: str = "") -> Response:
    asked = q.strip().lower()
    return show(
        request, who, "model/events.html", title="Events", asked=q.strip(), known=len(CATALOGUE),
        events=sorted((e for e in CATALOGUE.values() if _fits(e, asked)), key=_is_of_every),
    )  # fmt: skip


def _is_of_every(event: EventType) -> bool:
    """Of those that each kind of object has: there are many, and they say little."""
    return event.name.partition(".")[2] in OF_EVERY


def _fits(event: EventType, asked: str) -> bool:
    told = (event.name, event.meaning, event.owner, event.subject.replace("_", " "))
    return any(asked in each.lower() for each in told)


@router.get(EVENTS + "/{name}")
async def event(request: Request, who: Reader, name: str) -> Response:
    found = CATALOGUE.get(name)
    if found is None:
        raise HTTPException(404, f"there is no event {name}; Events lists all of them")
    return show(
        request, who, "model/event.html", title=name, event=found, type=wire_type(name),
        sample=json.dumps(sample_of(found), indent=2, ensure_ascii=False), fields=_data(found),
    )  # fmt: skip


def _data(event: EventType) -> list[dict[str, Any]]:
    return [
        {"name": field.alias or name, "required": field.is_required(),
         "meaning": field.description or ""}
        for name, field in event.data.model_fields.items()
    ]  # fmt: skip


@router.get(EVENTS + "/{name}/schema.json")
async def schema_of_event(who: Reader, name: str) -> Response:
    found = CATALOGUE.get(name)
    if found is None:
        raise HTTPException(404, f"there is no event {name}")
    return JSONResponse(event_schema(found), headers=HEADERS)

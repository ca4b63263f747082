"""`/system/v1/{role}/{kind}`: every role's objects as we know them, and writes where it owns them.

Reads come from the canonical store; `?fresh=true` asks the role's system first. A write goes to the
system through its connector and comes back by the same road as any other change.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field

from isthmus.access import Permission, Principal
from isthmus.api.object_views import Asked, ObjectView, SparseObject, view_of, where_of
from isthmus.api.object_writes import create_object, update_object
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.paging import After, Fields, Limit, Page, chosen_fields, page_of, started_after
from isthmus.web.preconditions import IfMatch, ensure_unchanged
from isthmus.web.problem import Refusal, kind_of, problem_responses
from isthmus.web.representations import schema_of
from isthmus.web.routers import gateway_router

RoleName = Literal["crm", "psa", "erp", "hcm"]
Version = Literal["v1", "v2"]
Role_ = Annotated[RoleName, Path(description="The role whose objects these are.")]
Version_ = Annotated[Version, Path(description="Major version; `v2` shows newest schemas.")]
Kind_ = Annotated[
    str, Path(pattern="^[a-z_]{1,40}$", description="Such as `customer`; docs/reference/model.md.")
]
Id_ = Annotated[
    str, Path(min_length=1, max_length=200, description="Canonical id, or a system's own.")
]
Reader = Annotated[Principal, Depends(requires(Permission.OBJECTS_READ))]
Writer = Annotated[Principal, Depends(requires(Permission.OBJECTS_WRITE))]

router = gateway_router("/system", "system")


class Attributes(BaseModel):
    """What a system of the role is to be told."""

    attributes: dict[str, Any] = Field(
        min_length=1, max_length=100, examples=[{"name": "New Client", "country": "NL"}]
    )


@router.get(
    "/{version}/{role}/{kind}",
    response_model=Page[SparseObject],  # type: ignore[valid-type] # made from ObjectView
    response_model_exclude_unset=True,
    responses=problem_responses(400, 404, 422),
)
async def list_objects(
    request: Request, app: Running, who: Reader, version: Version_, role: Role_, kind: Kind_,
    after: After = None, limit: Limit = 100, fields: Fields = None,
    where: Annotated[
        list[str] | None,
        Query(description="`attribute:value`, for text attributes; all of them hold.",
              max_length=10),
    ] = None,
) -> dict[str, Any]:  # fmt: skip
    """Objects in the order of their ids, with every system's own id of each."""
    asked = Asked.of(app, version, role, kind, who)
    chosen = chosen_fields(fields, asked.attributes, "id")
    key = started_after(request, after, (str,))
    async with app.database.begin() as tx:
        found = await tx.listings.objects(
            kind, after=key[0] if key else None, equal=where_of(asked, where),
            entities=who.entities(Permission.OBJECTS_READ), limit=limit + 1,
        )  # fmt: skip
        page, cursor = page_of(request, found, limit, lambda kept: [kept.id])
        links = await tx.listings.links(kind, [kept.id for kept in page])
        companies = await asked.companies(tx)
    views = [view_of(asked, kept, links[kept.id], companies, chosen) for kept in page]
    return {"items": [view.model_dump(exclude_unset=True) for view in views], "next": cursor}


@router.get("/{version}/{role}/{kind}/schema", responses=problem_responses(404, 422))
async def read_schema(
    app: Running, who: Reader, version: Version_, role: Role_, kind: Kind_
) -> dict[str, Any]:
    """JSON Schema of the kind's attributes in this version of the API."""
    asked = Asked.of(app, version, role, kind, who)
    return schema_of(asked.model, asked.version)


@router.get(
    "/{version}/{role}/{kind}/{id}",
    response_model=ObjectView,
    response_model_exclude_unset=True,
    responses=problem_responses(404, 422, 502, 503),
)
async def read_object(
    app: Running, who: Reader, response: Response, version: Version_, role: Role_, kind: Kind_,
    id: Id_, fields: Fields = None,
    fresh: Annotated[bool, Query(description="Ask the role's system first, and wait.")] = False,
) -> ObjectView:  # fmt: skip
    """One object, who owns each of its attributes, and every system's own id of it."""
    asked = Asked.of(app, version, role, kind, who)
    chosen = chosen_fields(fields, asked.attributes, "id")
    found = await asked.find(app, id)
    if fresh:
        await asked.refresh(app, found.id)
        found = await asked.find(app, found.id)
    response.headers["ETag"] = asked.etag(found)
    return await asked.whole(app, found, chosen)


@router.patch(
    "/{version}/{role}/{kind}/{id}",
    dependencies=[Depends(once)],
    response_model=ObjectView,
    response_model_exclude_unset=True,
    responses=problem_responses(403, 404, 409, 412, 422, 428, 502, 503),
)
async def update(
    app: Running, who: Writer, response: Response, version: Version_, role: Role_, kind: Kind_,
    id: Id_, body: Attributes, if_match: IfMatch = None,
    idempotency_key: Annotated[str, Header(max_length=1000)] = "",
) -> ObjectView:  # fmt: skip
    """Change attributes that the role owns, in its system. Others are refused, naming the owner."""
    asked = Asked.of(app, version, role, kind, who, Permission.OBJECTS_WRITE)
    _ensure_no_entry(kind)
    found = await asked.find(app, id)
    ensure_unchanged(if_match, asked.etag(found), f"{kind} {found.id}")
    changed = await update_object(app, asked, found, body.attributes, idempotency_key)
    response.headers["ETag"] = asked.etag(changed)
    return await asked.whole(app, changed, None)


@router.post(
    "/{version}/{role}/{kind}",
    status_code=201,
    dependencies=[Depends(once)],
    response_model=ObjectView,
    response_model_exclude_unset=True,
    responses=problem_responses(403, 404, 409, 422, 502, 503),
)
async def create(
    app: Running, who: Writer, response: Response, version: Version_, role: Role_, kind: Kind_,
    body: Attributes,
    legal_entity: Annotated[
        str | None, Query(max_length=50, description="Code of the company whose system it is.")
    ] = None,
    idempotency_key: Annotated[str, Header(max_length=1000)] = "",
) -> ObjectView:  # fmt: skip
    """Make an object in the role's system, of attributes that the role owns."""
    asked = Asked.of(app, version, role, kind, who, Permission.OBJECTS_WRITE)
    _ensure_no_entry(kind)
    made = await create_object(app, asked, body.attributes, legal_entity, idempotency_key)
    response.headers["ETag"] = asked.etag(made)
    response.headers["Location"] = f"/system/{version}/{role}/{kind}/{made.id}"
    return await asked.whole(app, made, None)


def _ensure_no_entry(kind: str) -> None:
    if kind in ENTRY_KINDS:
        path = "time-entries" if kind == "time_entry" else "expenses"
        raise Refusal(
            403, "rows_not_records", f"a {kind.replace('_', ' ')} is not written one by one",
            f"Send it to POST /process/v1/{path}." if path else kind_of(403).remedy,
        )  # fmt: skip

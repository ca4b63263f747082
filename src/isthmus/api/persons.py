"""`/ops/v1/persons`: a person's data is erased on the person's request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from isthmus.access import Permission, Principal
from isthmus.access.erasure import ErasureRefused, erase
from isthmus.api.hold_views import NO_NUL
from isthmus.web.caller import requires_everywhere
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.problem import Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/ops/v1/persons", "operations")
Id = Annotated[
    str,
    Path(min_length=1, max_length=36, pattern=r"^[0-9A-Za-z-]+$",
         description="Canonical id of the resource, or of the customer whose contact it is.",
         examples=["01980000-0000-7000-8000-000000000000"]),
]  # fmt: skip
Text = Annotated[str, Field(min_length=4, max_length=200, pattern=NO_NUL)]


class ErasureAsk(BaseModel):
    reason: str = Field(min_length=1, max_length=2000, pattern=NO_NUL, description="Why.")
    contact: Text | None = Field(
        default=None, description="E-mail or name of a contact, where the id is of a customer."
    )
    dry_run: bool = Field(default=True, description="Show what would be changed, and where.")
    force: bool = Field(
        default=False, description="Also where holds are open or work is not invoiced."
    )
    also: list[Text] = Field(
        default=[], max_length=20, description="Further texts that tell who it is: a former name."
    )

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "asked for on 3 May", "dry_run": True}]}
    )


class PlaceView(BaseModel):
    table: str
    column: str
    rows: int


class AtVendorView(BaseModel):
    system: str
    kind: str
    external_id: str
    remedy: str = Field(description="What to do in that system.")


class ErasureView(BaseModel):
    person: str
    pseudonym: str = Field(description="What stands in place of the person; of a dry run, one.")
    written: bool
    places: list[PlaceView] = Field(description="Rows that were changed.")
    audit_rows: int
    messages: int = Field(description="Messages as they came in that were emptied.")
    open: list[str] = Field(description="Why it would be refused without `force`.")
    shared: list[str] = Field(description="Attributes whose text another person has too.")
    vendors: list[AtVendorView] = Field(description="What other systems hold, and is not ours.")


@router.post(
    "/{id}/erasure",
    dependencies=[Depends(once)],
    response_model=ErasureView,
    responses=problem_responses(403, 404, 409, 422),
)
async def erase_person(
    app: Running,
    who: Annotated[Principal, Depends(requires_everywhere(Permission.PII_ERASE))],
    id: Id,
    body: ErasureAsk,
) -> ErasureView:
    """Replace a person's data by a pseudonym; hours, amounts and invoices stay. A dry run first."""
    named = id if body.contact is None else f"{id}/{body.contact}"
    try:
        done = await erase(
            app.database, named, who.id, body.reason, write=not body.dry_run, force=body.force,
            also=body.also,
        )  # fmt: skip
    except ErasureRefused as refused:
        status, code = (404, "not_found") if refused.unknown else (409, "still_open")
        told = f"{refused.what} {refused.why}"
        raise Refusal(status, code, told, refused.remedy) from refused
    return ErasureView.model_validate(done, from_attributes=True)

"""`/process/v1/contracts`: what was agreed, and giving a contract other terms from a day on."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isthmus.access import Permission, Principal
from isthmus.api.hold_views import NO_NUL
from isthmus.api.process_views import named_one
from isthmus.canonical import Contract
from isthmus.flows.contract_sheet import ContractSheet, contract_sheet
from isthmus.flows.terms_request import TermsChange, TermsRequest, change_terms
from isthmus.kit.clock import utc_now
from isthmus.scenario.terms_file import TermsFile
from isthmus.scenario.written import CURRENCY
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.preconditions import IfMatch, ensure_unchanged, etag_of
from isthmus.web.problem import FieldError, Refusal, kind_of, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/process/v1/contracts", "process")
Number = Annotated[
    str,
    Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$",
         description="Number of the contract, or its canonical id.", examples=["C-0001"]),
]  # fmt: skip


class AmendmentAsk(BaseModel):
    """`terms` as in a terms file; a section that is not stated stays as it was."""

    since: date = Field(description="First day of work under these terms.")
    terms: dict[str, Any] = Field(min_length=1, max_length=20)
    note: str = Field(min_length=1, max_length=2000, pattern=NO_NUL, description="Why.")
    dry_run: bool = Field(default=False, description="Show what changes, keep nothing.")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"since": "2026-08-01", "note": "agreed on 28 July", "dry_run": True,
                 "terms": {"time": {"rounding": {"step": "15m"}}}}
            ]
        }
    )  # fmt: skip


@router.get("/{number}", response_model=ContractSheet, responses=problem_responses(404, 409, 422))
async def read_contract(
    app: Running,
    who: Annotated[Principal, Depends(requires(Permission.BILLING_READ))],
    response: Response,
    number: Number,
    on: Annotated[date | None, Query(description="Instead of today.")] = None,
) -> ContractSheet:
    """The terms in force on a day, the amendments, and how far the cap is used."""
    async with app.database.begin() as tx:
        contract = await named_one(tx, Contract, number)
        who.ensure(Permission.BILLING_READ, contract.legal_entity)
        response.headers["ETag"] = _etag(contract)
        return await contract_sheet(tx, contract, on or utc_now().date())


@router.post(
    "/{number}/amendments",
    dependencies=[Depends(once)],
    response_model=TermsChange,
    responses=problem_responses(403, 404, 409, 412, 422, 428),
)
async def amend_contract(
    app: Running,
    who: Annotated[Principal, Depends(requires(Permission.PROCESS_RUN))],
    number: Number,
    body: AmendmentAsk,
    if_match: IfMatch = None,
) -> TermsChange:
    """Give a contract other detailed terms from a day on; unbilled work is priced by them."""
    async with app.database.begin() as tx:
        contract = await named_one(tx, Contract, number)
    who.ensure(Permission.PROCESS_RUN, contract.legal_entity)
    if not body.dry_run:
        ensure_unchanged(if_match, _etag(contract), f"contract {contract.number}")
    request = TermsRequest(_terms(body, contract), body.since, body.note, who.id)
    return await change_terms(app.engine, contract.id, request, write=not body.dry_run)


def _etag(contract: Contract) -> str:
    return etag_of(contract.model_dump(mode="json"))


def _terms(body: AmendmentAsk, contract: Contract) -> TermsFile:
    try:
        return TermsFile.model_validate(body.terms, context={CURRENCY: contract.currency})
    except ValidationError as error:
        found = error.errors(include_input=False)
        errors = [
            FieldError(field=".".join(["body.terms", *map(str, e["loc"])]), reason=e["msg"],
                       remedy=str(e.get("ctx", {}).get("remedy", "")))
            for e in found
        ]  # fmt: skip
        told = "; ".join(f"{e.field}: {e.reason}" for e in errors[:5])
        raise Refusal(422, "invalid", told, kind_of(422).remedy, errors=errors) from error

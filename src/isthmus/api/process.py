"""`/process/v1`: what a person or a portal waits for: checks, conversions, terms, releases."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from isthmus.access import Permission, Principal
from isthmus.api.holds import held
from isthmus.api.process_views import (
    BillingAnswer,
    BillingAsk,
    ConversionAnswer,
    PriceAsk,
    ReadinessAnswer,
    Release,
    named_one,
)
from isthmus.canonical import Contract, Opportunity, Project
from isthmus.flows.account_validation import Account, AccountVerdict, validate_account
from isthmus.flows.billing_preview import preview_billing
from isthmus.flows.billing_readiness import readiness_of
from isthmus.flows.contract_to_invoice import request_billing
from isthmus.flows.conversion import confirmed, convert
from isthmus.flows.price_check import Priced, check_price
from isthmus.holds.acts import resolve
from isthmus.kit.clock import utc_now
from isthmus.web.caller import requires, requires_everywhere
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.problem import Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/process/v1", "process")
Runner = Annotated[Principal, Depends(requires(Permission.PROCESS_RUN))]
Biller = Annotated[Principal, Depends(requires(Permission.BILLING_READ))]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Id = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class HoldReleased(BaseModel):
    hold: str
    done: bool
    message: str


@router.post(
    "/account-validations",
    dependencies=[Depends(once)],
    response_model=AccountVerdict,
    responses=problem_responses(422),
)
async def validate(app: Running, who: Runner, body: Account) -> AccountVerdict:
    """Whether an account could be a customer: tax number, country, duplicates."""
    return await validate_account(app.engine, body)


@router.post(
    "/price-checks",
    dependencies=[Depends(once)],
    response_model=Priced,
    responses=problem_responses(404, 422),
)
async def price(app: Running, who: Biller, body: PriceAsk) -> Priced:
    """What hours of a role on a project would cost, and whether the cap has room for them."""
    async with app.database.begin() as tx:
        project = await named_one(tx, Project, body.project)
        contract = await tx.records.find(Contract, project.contract) if project.contract else None
    if contract is None:
        raise Refusal(
            422, "no_contract", f"{project.name} has no contract, so nothing prices it",
            "Win its deal first.",
        )  # fmt: skip
    who.ensure(Permission.BILLING_READ, contract.legal_entity)
    return await check_price(app.engine, project, contract, body.role, body.worked_on, body.hours)


@router.get("/invoice-readiness", response_model=ReadinessAnswer, responses=problem_responses(422))
async def readiness(
    app: Running, who: Biller,
    up_to: Annotated[date | None, Query(description="Last day of work; today.")] = None,
    client: Name = None, project: Name = None, legal_entity: Name = None,
) -> ReadinessAnswer:  # fmt: skip
    """What can be invoiced, for how much, and what is in the way, by project."""
    day = up_to or utc_now().date()
    rows = await readiness_of(app.engine, day, who.entities(Permission.BILLING_READ))
    asked = {"client": client, "project": project, "legal_entity": legal_entity}
    return ReadinessAnswer.of(day, rows, asked)


@router.post(
    "/billing-runs",
    status_code=202,
    dependencies=[Depends(once)],
    response_model=BillingAnswer,
    responses={200: {"model": BillingAnswer}, **problem_responses(403, 422)},
)
async def bill(
    app: Running,
    who: Annotated[Principal, Depends(requires_everywhere(Permission.BILLING_RUN))],
    response: Response,
    body: BillingAsk,
) -> BillingAnswer:
    """Start an invoice run for each contract that has unbilled work, or show what that would be."""
    if body.dry_run:
        response.status_code = 200
        preview = await preview_billing(app.engine, body.up_to)
        return BillingAnswer(contracts=len(preview.plan.invoices), preview=preview)
    contracts = await request_billing(app.engine, body.up_to, who.id)
    return BillingAnswer(contracts=contracts, preview=None)


@router.post(
    "/opportunities/{id}/conversions",
    dependencies=[Depends(once)],
    response_model=ConversionAnswer,
    responses={202: {"model": ConversionAnswer}, **problem_responses(404, 409, 422, 502, 503)},
)
async def convert_opportunity(
    request: Request, response: Response, app: Running, who: Runner, id: Id,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for its end.")] = 20,
) -> ConversionAnswer:  # fmt: skip
    """Open customer, contract and project of a won deal; 202 where that takes longer."""
    async with app.database.begin() as tx:
        deal = await named_one(tx, Opportunity, id)
    who.ensure(Permission.PROCESS_RUN, deal.legal_entity)
    done = await confirmed(app.engine, await convert(app.engine, deal.id, who.id), wait)
    url = f"/ops/v1/runs/{done.run.label}"
    response.headers["Location"] = url
    if not done.ended:
        response.status_code, response.headers["Retry-After"] = 202, "1"
    return ConversionAnswer(
        run=done.run.label, run_url=url, state=done.run.state, project=done.project,
        holds=list(done.holds),
    )  # fmt: skip


@router.post(
    "/hold-releases",
    dependencies=[Depends(once)],
    response_model=HoldReleased,
    responses=problem_responses(404, 409, 422),
)
async def release(
    app: Running,
    who: Annotated[Principal, Depends(requires(Permission.HOLDS_RELEASE))],
    body: Release,
) -> HoldReleased:
    """End a hold by a resolution code: its work goes on, or is given up, as the code says."""
    hold = await held(app, body.hold, who, Permission.HOLDS_RELEASE)
    acted = await resolve(app.engine, hold, body.code, body.note, who.id)
    return HoldReleased(hold=acted.hold, done=acted.done, message=acted.message)

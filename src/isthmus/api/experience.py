"""`/experience/v1`: delivery, finance and executives, each from the same facts.

`docs/guides/call-the-api.md` says how their totals meet.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from isthmus.access import Permission, Principal
from isthmus.flows.billing_readiness import Readiness, readiness_of
from isthmus.flows.period_close import CompanyClose, close_of
from isthmus.kit.clock import utc_now
from isthmus.observe.engagements import Engagement, engagements_of
from isthmus.observe.firm_figures import (
    AgedUnbilled,
    Exceptions,
    Outlook,
    aged_unbilled,
    exceptions_of,
    outlook_of,
)
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.problem import problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/experience/v1", "experience")
On = Annotated[date | None, Query(description="Instead of today: ages and amendments as of.")]
Name = Annotated[str | None, Query(max_length=200)]
_P = Permission
WRONG = problem_responses(422)


class Delivery(BaseModel):
    on: date
    projects: list[Engagement]


class Finance(BaseModel):
    on: date
    aged_unbilled: list[AgedUnbilled]
    exceptions: list[Exceptions]
    readiness: list[Readiness]


class Close(BaseModel):
    on: date
    companies: list[CompanyClose]


class Executive(BaseModel):
    on: date
    outlook: list[Outlook] = Field(description="From deal to revenue, for each currency.")


@router.get("/delivery", response_model=Delivery, responses=WRONG)
async def delivery(
    app: Running,
    who: Annotated[Principal, Depends(requires(_P.DELIVERY_READ))],
    on: On = None,
    client: Name = None,
    project: Annotated[Name, Query(description="Name or canonical id.")] = None,
) -> Delivery:
    """Margin, work in progress, burn and billing status of each project."""
    day = on or utc_now().date()
    async with app.database.begin() as tx:
        rows = await engagements_of(tx, day, who.entities(_P.DELIVERY_READ))
    chosen = [
        row
        for row in rows
        if (client is None or client.casefold() in (row.client.casefold(), row.customer))
        and (project is None or project in (row.name, row.project))
    ]
    return Delivery(on=day, projects=chosen)


@router.get("/finance", response_model=Finance, responses=WRONG)
async def finance(
    app: Running,
    who: Annotated[Principal, Depends(requires(_P.FINANCE_READ))],
    on: On = None,
) -> Finance:
    """Unbilled work by age, what can be invoiced, and what open holds block."""
    day, entities = on or utc_now().date(), who.entities(_P.FINANCE_READ)
    async with app.database.begin() as tx:
        aged = await aged_unbilled(tx, day, entities)
        exceptions = await exceptions_of(tx, entities)
    readiness = await readiness_of(app.engine, day, entities)
    return Finance(
        on=day, aged_unbilled=list(aged), exceptions=list(exceptions), readiness=list(readiness)
    )


@router.get("/close", response_model=Close, responses=WRONG)
async def close(
    app: Running,
    who: Annotated[Principal, Depends(requires(_P.CLOSE_READ))],
    on: On = None,
) -> Close:
    """Each company's periods, and what is in the way of closing them."""
    day = on or utc_now().date()
    found = await close_of(app.engine, day, who.entities(_P.CLOSE_READ))
    return Close(on=day, companies=list(found))


@router.get("/executive", response_model=Executive, responses=WRONG)
async def executive(
    app: Running,
    who: Annotated[Principal, Depends(requires(_P.EXECUTIVE_READ))],
    on: On = None,
) -> Executive:
    """Pipeline, backlog, work in progress and revenue."""
    day = on or utc_now().date()
    async with app.database.begin() as tx:
        outlook = await outlook_of(tx, day, who.entities(_P.EXECUTIVE_READ))
    return Executive(on=day, outlook=list(outlook))

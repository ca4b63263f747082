"""`/ops/v1/reconciliations`: what is compared, what was found, and acts about it.

Numbers and breaks are those of the companies that the caller may see; what belongs to no company,
such as a client, is shown to those who see all.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from isthmus.access import Forbidden, Permission, Principal
from isthmus.app import App
from isthmus.engine.refused import ActionRefused
from isthmus.kit.clock import utc_now
from isthmus.reconcile.asking import ask
from isthmus.reconcile.plans import plans
from isthmus.reconcile.promise import Plan
from isthmus.reconcile.repairing import ask_repair
from isthmus.reconcile.report import report_facts, report_of, run_facts
from isthmus.reconcile.signing import accept, sign
from isthmus.store.reconciliations import ReconciliationRow
from isthmus.web.caller import requires
from isthmus.web.context import running_app
from isthmus.web.reconciling import SIGNERS, ensure_break_seen, ensure_everywhere

router = APIRouter(prefix="/ops/v1/reconciliations", tags=["reconciliations"])
_App = Annotated[App, Depends(running_app)]
_Reads = Annotated[Principal, Depends(requires(Permission.RECONCILIATION_READ))]
_Runs = Annotated[Principal, Depends(requires(Permission.RECONCILIATION_RUN))]
_Repairs = Annotated[Principal, Depends(requires(Permission.RECONCILIATION_REPAIR))]
_Signs = Annotated[Principal, Depends(requires(Permission.RECONCILIATION_SIGN))]
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The caller may not do this, here or at all."},
    404: {"description": "There is no such run or break."},
    409: {"description": "It cannot be done as things are; `detail` says what to do instead."},
}


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    names: list[str] = Field(default=[], description="Reconciliations or promises; empty: all.")
    month: date | None = Field(default=None, description="A day of the month to compare.")


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, description="Why the difference stays.")


class Signing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: Literal["finance", "delivery"]
    note: str = Field(default="", description="Kept with the signature.")


@router.get("")
async def reconciliations(app: _App, who: _Reads) -> dict[str, Any]:
    """Every reconciliation with its latest run."""
    found = []
    for plan in plans(app.landscape, utc_now().date()).values():
        async with app.database.begin() as tx:
            latest = await tx.reconciliations.list(name=plan.name, limit=1)
        found.append({**plan.to_json(), "latest": run_facts(latest[0]) if latest else None})
    return {"reconciliations": found}


@router.post("/runs", status_code=202, responses=_REFUSED)
async def start(app: _App, who: _Runs, asked: Asked) -> dict[str, Any]:
    """Ask for runs; workers do them."""
    _ensure_everywhere(app, who, Permission.RECONCILIATION_RUN, None)
    try:
        ids = await ask(app.engine, asked.names, who.id, asked.month)
    except ActionRefused as refused:
        raise HTTPException(404, str(refused)) from refused
    async with app.database.begin() as tx:
        return {"runs": [run_facts(await tx.reconciliations.get(id)) for id in ids]}


@router.get("/runs")
async def runs(
    app: _App,
    who: _Reads,
    name: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """The youngest first."""
    async with app.database.begin() as tx:
        return {
            "runs": [run_facts(r) for r in await tx.reconciliations.list(name=name, limit=limit)]
        }


@router.get("/runs/{label}", responses=_REFUSED)
async def run(app: _App, who: _Reads, label: str) -> dict[str, Any]:
    """Control totals, breaks with causes, signatures."""
    row = await _named(app, label)
    seen = who.entities(Permission.RECONCILIATION_READ)
    return report_facts(await report_of(app.database, row.id, seen))


@router.post("/runs/{label}/signatures", status_code=201, responses=_REFUSED)
async def signature(app: _App, who: _Signs, label: str, given: Signing) -> dict[str, Any]:
    """Sign the latest run, once nothing of it is unexplained."""
    row = await _named(app, label)
    _ensure_everywhere(app, who, Permission.RECONCILIATION_SIGN, row)
    if not who.roles & SIGNERS[given.role]:
        raise HTTPException(403, f"none of your roles signs for {given.role}")
    try:
        kept = await sign(app.engine, row.label, given.role, who.id, given.note)
    except ActionRefused as refused:
        raise HTTPException(409, str(refused)) from refused
    return {"run": row.label, "role": kept.role, "by": kept.by, "evidence": kept.evidence}


@router.post("/breaks/{label}/repair", status_code=202, responses=_REFUSED)
async def repair(app: _App, who: _Repairs, label: str, dry_run: bool = False) -> dict[str, Any]:
    """Have the work behind a break done again, or hear what that would be."""
    await ensure_break_seen(app, who, Permission.RECONCILIATION_REPAIR, label)
    try:
        done = await ask_repair(app.engine, label, who.id, dry_run=dry_run)
    except ActionRefused as refused:
        raise HTTPException(409, str(refused)) from refused
    return {"break": done.found.code, "act": done.act, "says": done.says, "asked": done.asked}


@router.post("/breaks/{label}/acceptance", status_code=201, responses=_REFUSED)
async def acceptance(app: _App, who: _Signs, label: str, given: Reason) -> dict[str, Any]:
    """Answer for a difference that stays."""
    await ensure_break_seen(app, who, Permission.RECONCILIATION_SIGN, label)
    try:
        found = await accept(app.engine, label, given.reason, who.id)
    except ActionRefused as refused:
        raise HTTPException(409, str(refused)) from refused
    return {"break": found.code, "by": who.id, "reason": given.reason}


async def _named(app: App, label: str) -> ReconciliationRow:
    async with app.database.begin() as tx:
        row = await tx.reconciliations.find(label)
    if row is None:
        raise HTTPException(404, f"there is no reconciliation run {label}")
    return row


def _ensure_everywhere(
    app: App, who: Principal, what: Permission, row: ReconciliationRow | None
) -> None:
    """Raises 403."""
    codes = Plan.from_json(row.plan).legal_entities if row else app.landscape.firm.legal_entities
    try:
        ensure_everywhere(who, what, codes)
    except Forbidden as error:
        raise HTTPException(403, str(error)) from error

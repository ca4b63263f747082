"""`/reconciliation`: what two systems are compared on, what does not agree, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from isthmus.access import Permission, Principal
from isthmus.access.signed import WORDS
from isthmus.app import App
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute, form
from isthmus.console.view import go, is_fragment, live, show
from isthmus.engine.refused import ActionRefused
from isthmus.kit.clock import utc_now
from isthmus.reconcile.asking import ask
from isthmus.reconcile.causes import cause, finding
from isthmus.reconcile.plans import PROMISES, plans
from isthmus.reconcile.promise import Plan
from isthmus.reconcile.repairing import act_for, ask_repair
from isthmus.reconcile.report import Report, report_of
from isthmus.reconcile.signing import accept, sign
from isthmus.store.database import Transaction
from isthmus.store.reconciliation_breaks import UNEXPLAINED
from isthmus.store.reconciliations import SIGN, ReconciliationRow
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.reconciling import ensure_break_seen, ensure_everywhere, may_sign

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Reconciliation", "/reconciliation", "Money", Permission.RECONCILIATION_READ,
    "Do the systems agree, and who answers for what does not?", router,
)  # fmt: skip
_P = Permission
Reader = Annotated[Principal, Depends(requires(_P.RECONCILIATION_READ))]
Runner = Annotated[Principal, Depends(requires(_P.RECONCILIATION_RUN))]
Repairer = Annotated[Principal, Depends(requires(_P.RECONCILIATION_REPAIR))]
Signer = Annotated[Principal, Depends(requires(_P.RECONCILIATION_SIGN))]
ONE = PAGE.path + "/{label}"


@router.get(PAGE.path)
async def reconciliations(request: Request, who: Reader, app: Running) -> Response:
    async with app.database.begin() as tx:
        rows = [await _latest(tx, who, plan) for plan in _plans(app).values()]
    facts: dict[str, Any] = {"rows": rows}
    if is_fragment(request):
        return live(request, who, "reconciliation/list.html", facts)
    return show(request, who, "reconciliation/page.html", title="Reconciliation", seen="", **facts)


def _plans(app: App) -> Mapping[str, Plan]:
    return plans(app.landscape, utc_now().date())


async def _latest(tx: Transaction, who: Principal, plan: Plan) -> dict[str, Any]:
    """A plan, its latest run and what of it is unexplained."""
    runs = await tx.reconciliations.list(name=plan.name, limit=1)
    run = runs[0] if runs else None
    backlog = await tx.breaks.unexplained(run.id, who.entities(PAGE.permission)) if run else []
    acts = await tx.reconciliations.acts(run=run.id) if run else []
    return {
        "plan": plan, "title": PROMISES[plan.promise].title, "run": run, "backlog": backlog,
        "signed": sorted({act.role or "" for act in acts if act.act == SIGN}),
    }  # fmt: skip


@router.post(PAGE.path)
async def compare(request: Request, who: Runner, app: Running) -> Response:
    """Have one reconciliation run now."""
    name = (await form(request)).get("name", "")
    plan = _plans(app).get(name)
    if plan is None:
        raise HTTPException(404, f"there is no reconciliation {name}")
    ensure_everywhere(who, _P.RECONCILIATION_RUN, plan.legal_entities)
    [id] = await ask(app.engine, [name], who.id)
    async with app.database.begin() as tx:
        run = await tx.reconciliations.get(id)
    return go(f"{PAGE.path}/{run.label}", f"{run.label} is asked for; workers compare now")


@router.get(ONE)
async def run_page(request: Request, who: Reader, app: Running, label: str) -> Response:
    report = await report_of(
        app.database, (await _named(app, label)).id, who.entities(PAGE.permission)
    )
    facts = _told(who, report)
    if is_fragment(request):
        return live(request, who, "reconciliation/report.html", facts)
    return show(request, who, "reconciliation/run.html", title=report.run.label, seen="", **facts)


def _told(who: Principal, report: Report) -> dict[str, Any]:
    plan = Plan.from_json(report.run.plan)
    given = {act.role: act for act in report.acts if act.act == SIGN}
    standing = {role: WORDS[report.standing[act.number]] for role, act in given.items()}
    breaks = [
        {
            "row": found, "finding": finding(found, plan.promise), "cause": cause(found),
            "act": act.says(found, plan) if (act := act_for(found, plan)) else "",
            "is_open": found.state in UNEXPLAINED,
        }
        for found in report.breaks
    ]  # fmt: skip
    signable = [
        role
        for role in plan.signatures
        if role not in given and report.is_clean and may_sign(who, role, plan.legal_entities)
    ]
    return {
        "run": report.run, "plan": plan, "title_of": PROMISES[plan.promise].title,
        "totals": report.totals, "breaks": breaks, "hold": report.hold, "given": given,
        "standing": standing, "unexplained": report.unexplained, "signable": signable,
        "is_clean": report.is_clean,
        "seen_breaks": sum(report.counts.values()),
    }  # fmt: skip


@router.post(ONE + "/sign")
async def sign_run(request: Request, who: Signer, app: Running, label: str) -> Response:
    run, sent = await _named(app, label), await form(request)
    role = sent.get("role", "")
    plan = Plan.from_json(run.plan)
    if role not in plan.signatures or not may_sign(who, role, plan.legal_entities):
        raise HTTPException(403, f"none of your roles signs {run.label} for {role or 'nobody'}")
    return await _done(
        run.label, f"{run.label} is signed for {role}",
        lambda: sign(app.engine, run.label, role, who.id, sent.get("note", "")),
    )  # fmt: skip


@router.post(ONE + "/breaks/{code}/repair")
async def repair(who: Repairer, app: Running, label: str, code: str) -> Response:
    await ensure_break_seen(app, who, _P.RECONCILIATION_REPAIR, code)
    return await _done(
        label, f"{code}: it is being done; compare again to see that both sides agree",
        lambda: ask_repair(app.engine, code, who.id),
    )  # fmt: skip


@router.post(ONE + "/breaks/{code}/accept")
async def accept_break(
    request: Request, who: Signer, app: Running, label: str, code: str
) -> Response:
    await ensure_break_seen(app, who, _P.RECONCILIATION_SIGN, code)
    reason = (await form(request)).get("reason", "")
    return await _done(
        label, f"{code} is accepted: {reason}", lambda: accept(app.engine, code, reason, who.id)
    )


async def _done(label: str, told: str, do: Callable[[], Awaitable[object]]) -> Response:
    try:
        await do()
    except ActionRefused as refused:
        return go(f"{PAGE.path}/{label}", f"{refused.what} {refused.why} {refused.remedy}", "bad")
    return go(f"{PAGE.path}/{label}", told)


async def _named(app: App, label: str) -> ReconciliationRow:
    async with app.database.begin() as tx:
        row = await tx.reconciliations.find(label)
    if row is None:
        raise HTTPException(404, f"there is no run {label}; they are named RC-1, RC-2 and so on")
    return row

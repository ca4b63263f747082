"""`/approvals`: what somebody has been waited for too long, whose it is, and what it blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.canonical import Customer, Project, Resource
from isthmus.console.billing_choice import number_of
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import show
from isthmus.console.words import by_currency, plural, sentence
from isthmus.kit.ids import is_uuid
from isthmus.kit.masking import MASK
from isthmus.observe.kpis import APPROVALS, Figures
from isthmus.store.approvals import Approvals, Only, Waiting
from isthmus.store.database import Transaction
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Approvals", "/approvals", "Work", Permission.HOLDS_READ,
    "What somebody has been waited for too long, and what it blocks", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
AT_ONCE = 50
HOURS, SPENT = "time_entry", "expense_entry"
KINDS = {
    HOURS: ("time entry", "time entries"), SPENT: ("expense", "expenses"),
    "milestone": ("milestone", "milestones"), "hold": ("hold", "holds"),
    "bulk": ("bulk act", "bulk acts"),
}  # fmt: skip
DO = {
    HOURS: "Remind the approver; approve or reject the hours there. They go on by themselves.",
    SPENT: "Remind the approver; approve or reject the expenses there. They go on by themselves.",
    "milestone": "Ask the client to sign it off or to object, and note the day in the PSA.",
    "hold": "Look at it, and let it go on or not.",
    "bulk": "Whoever did not ask for it lets it run, or not.",
}  # fmt: skip


@router.get(PAGE.path)
async def approvals(request: Request, who: Reader, app: Running) -> Response:
    only, after = only_of(request.query_params), number_of(request.query_params.get("after"))
    entities = who.entities(PAGE.permission)
    async with app.database.begin() as tx:
        given = Figures(app.landscape).given(APPROVALS)
        waiting = Approvals(tx.connection, APPROVALS.rows, given, entities)
        totals = await waiting.totals(only)
        single = only != Only()
        found = await (
            waiting.single(only, limit=AT_ONCE, after=after) if single
            else waiting.groups(limit=AT_ONCE + 1, after=after)
        )  # fmt: skip
        rows = await _named(tx, who, found[:AT_ONCE], single=single)
    return show(
        request, who, "approvals/page.html", title=PAGE.title, rows=rows, totals=totals,
        blocked=by_currency(totals.amounts), single=single, only=only, after=after,
        at_once=AT_ONCE, more=len(found) > AT_ONCE or (single and totals.number > after + AT_ONCE),
    )  # fmt: skip


def only_of(query: Mapping[str, str]) -> Only:
    """What an address narrows to; an id that is none, and a kind that waits for nobody, narrow
    nothing.
    """
    project, person = (query.get(name, "") for name in ("project", "person"))
    kind = query.get("kind", "")
    return Only(
        kind if kind in KINDS else None, project if is_uuid(project) else None,
        person if is_uuid(person) else None,
    )  # fmt: skip


async def _named(
    tx: Transaction, who: Principal, found: list[Waiting], *, single: bool
) -> list[dict[str, Any]]:
    projects = await tx.records.many(Project, {row.project for row in found if row.project})
    clients = await tx.records.many(Customer, {p.customer for p in projects.values()})
    people = await tx.records.many(Resource, {row.person for row in found if row.person})
    return [
        {
            "row": row, "what": _what(row, people, who), "waits_for": _waits_for(row),
            "project": projects[row.project].name if row.project in projects else "",
            "client": _client(projects.get(row.project or ""), clients), "do": DO[row.kind],
            "leads": _leads(row, who, single=single),
        }
        for row in found
    ]  # fmt: skip


def _client(project: Project | None, clients: Mapping[str, Customer]) -> str:
    client = clients.get(project.customer) if project else None
    return client.name if client else ""


def _what(row: Waiting, people: Mapping[str, Resource], who: Principal) -> str:
    if row.kind not in (HOURS, SPENT):
        return sentence(row.label or row.first)
    person = people.get(row.person or "")
    name = person.name if person and who.may(Permission.PII_READ) else MASK
    return f"{plural(row.number, *KINDS[row.kind])} of {name}"


def _waits_for(row: Waiting) -> str:
    """Hours and expenses are approved where they were entered; who does it is known there."""
    match row.kind:
        case "milestone":
            return "the client"
        case "hold":
            return "finance"
        case "bulk":
            return "a second person"
        case _:
            return f"its approver in {row.connection}"


def _leads(row: Waiting, who: Principal, *, single: bool) -> str:
    """To the single rows of many, else to where the one is told in full; empty: nowhere."""
    if row.kind == "hold":
        return f"/exceptions/{row.first}"
    if row.kind == "bulk":
        return f"/exceptions/bulk/{row.first}"
    if not single and row.number > 1:
        return f"{PAGE.path}?kind={row.kind}&project={row.project}&person={row.person}"
    return f"/journey?q={row.first}" if who.may(Permission.JOURNEY_READ) else ""

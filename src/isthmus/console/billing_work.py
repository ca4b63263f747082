"""`/billing/work`: the rows behind every amount that is unbilled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from fastapi import Request, Response

from isthmus.access import Permission, Principal
from isthmus.canonical import Customer, Project, Resource
from isthmus.console.billing import AT_ONCE, PAGE, Reader, router
from isthmus.console.billing_choice import READ, Choice, billing_choice
from isthmus.console.view import show
from isthmus.console.words import by_currency
from isthmus.kit.clock import utc_now
from isthmus.kit.masking import MASK
from isthmus.observe.firm_figures import AGES, BUCKETS
from isthmus.store.database import Transaction
from isthmus.store.unbilled import OpenFilter, OpenRow
from isthmus.web.context import Running

WORK = PAGE.path + "/work"
LEDGER = {"posted": True, "unposted": False}
OVER_SIXTY = "over 60"


@router.get(WORK)
async def work(request: Request, who: Reader, app: Running) -> Response:
    query, choice = request.query_params, billing_choice(request.query_params)
    age, ledger, currency = (query.get(n, "") for n in ("age", "ledger", "currency"))
    async with app.database.begin() as tx:
        chosen = await _chosen(tx, who, choice, age, ledger, currency)
        number, sums = await tx.unbilled.totals(chosen)
        rows = await tx.unbilled.rows(chosen, limit=AT_ONCE, after=choice.after)
        shown = await _named(tx, who, rows)
    return show(
        request, who, "billing/work.html", 422 if choice.wrong else 200, title="Unbilled work",
        choice=choice, age=age, ledger=ledger, currency=currency, rows=shown, number=number,
        sums=by_currency(sums), at_once=AT_ONCE, ages=(*BUCKETS, OVER_SIXTY),
    )  # fmt: skip


async def _chosen(
    tx: Transaction, who: Principal, choice: Choice, age: str, ledger: str, currency: str
) -> OpenFilter:
    since, until = days_of(age, utc_now().date())
    return OpenFilter(
        _companies(who, choice.entity), await _projects(tx, choice), since,
        min(until or choice.through, choice.through), LEDGER.get(ledger), currency or None,
    )  # fmt: skip


def days_of(age: str, on: date) -> tuple[date | None, date | None]:
    """First and last day of work that is so old; what is no age leaves both open."""
    if age == OVER_SIXTY:
        return None, on - timedelta(days=AGES[1] + 1)
    if age not in BUCKETS:
        return None, None
    place = BUCKETS.index(age)
    since = on - timedelta(days=AGES[place]) if place < len(AGES) else None
    return since, on - timedelta(days=AGES[place - 1] + 1) if place else None


def _companies(who: Principal, entity: str) -> frozenset[str] | None:
    allowed = who.entities(READ)
    if not entity:
        return allowed
    return frozenset([entity]) & (frozenset([entity]) if allowed is None else allowed)


async def _projects(tx: Transaction, choice: Choice) -> list[str] | None:
    """Ids of the projects of a client, or the one that is asked for; None: all."""
    if choice.project:
        found = await tx.lookup.named(choice.project)
        return [one.id for one in found if one.kind == Project.kind]
    if not choice.client:
        return None
    clients = {customer.id for customer in await tx.records.list(Customer, name=choice.client)}
    return [p.id for p in await tx.records.list(Project) if p.customer in clients]


async def _named(tx: Transaction, who: Principal, rows: list[OpenRow]) -> list[dict[str, Any]]:
    projects = await tx.records.many(Project, {row.project for row in rows})
    people = await tx.records.many(Resource, {row.person for row in rows if row.person})
    return [
        {"row": row, "project": projects[row.project].name if row.project in projects else "",
         "what": _what(row, people, who)}
        for row in rows
    ]  # fmt: skip


def _what(row: OpenRow, people: Mapping[str, Resource], who: Principal) -> str:
    person = people.get(row.person or "")
    if person is None:
        return row.description
    return person.name if who.may(Permission.PII_READ) else MASK

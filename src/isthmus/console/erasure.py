"""`/erasure`: a person is found, what would go and what stays is looked at, and then it is done.

Who is asked for travels in bodies alone: addresses are kept in histories and logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.access.erasure import ErasureRefused, erase, find_person, people_with
from isthmus.app import App
from isthmus.canonical import Customer
from isthmus.console.access_form import Sent
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute, form
from isthmus.console.view import show
from isthmus.store.database import Transaction
from isthmus.store.sweep import Place
from isthmus.web.caller import requires_everywhere
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Erasure", "/erasure", "Govern", Permission.PII_ERASE,
    "Whose data goes on their request, and what stays?", router, everywhere=True,
)  # fmt: skip
Eraser = Annotated[Principal, Depends(requires_everywhere(PAGE.permission))]
SHOWN, LEAST = 50, 3
"""People that are listed at most; letters that a search has at least."""
LOOKED = "looked at, not erased"
"""The reason of a dry run, which is kept nowhere."""


@dataclass(frozen=True)
class Person:
    """`named` is as `erase` takes them; `customer` is whose contact they are."""

    named: str
    name: str
    customer: str


@dataclass
class Changed:
    """Rows of one table that are changed, and in which columns."""

    table: str
    rows: int = 0
    columns: list[str] = field(default_factory=list)


@router.get(PAGE.path)
async def erasures(request: Request, who: Eraser, app: Running) -> Response:
    return await _page(request, who, app, Sent())


@router.post(PAGE.path)
async def find(request: Request, who: Eraser, app: Running) -> Response:
    sent = await _sent(request)
    if len(sent.of("q")) < LEAST:
        sent.errors["q"] = f"Give {LEAST} letters or more of a name, an address or a number."
        return await _page(request, who, app, sent)
    async with app.database.begin() as tx:
        found = await _people(tx, sent.of("q"))
    return await _page(request, who, app, sent, found)


@router.post(PAGE.path + "/look")
async def look(request: Request, who: Eraser, app: Running) -> Response:
    return await _look(request, who, app, await _sent(request))


@router.post(PAGE.path + "/erase")
async def do(request: Request, who: Eraser, app: Running) -> Response:
    """Erase, and show what was done; it was looked at and confirmed before."""
    sent = await _sent(request)
    if not sent.of("reason"):
        sent.errors["reason"] = "Say why; the audit keeps it, without the name."
        return await _look(request, who, app, sent)
    try:
        done = await erase(
            app.database, sent.of("person"), who.id, sent.of("reason"), write=True,
            force=sent.of("force") == "1", also=_also(sent),
        )  # fmt: skip
    except ErasureRefused as refused:
        return await _look(request, who, app, sent, refused)
    return show(request, who, "erasure/done.html", title="Erased", found=done,
                changed=by_table(done.places))  # fmt: skip


async def _page(
    request: Request,
    who: Principal,
    app: App,
    sent: Sent,
    people: Sequence[Person] | None = None,
    refused: ErasureRefused | None = None,
) -> Response:
    async with app.database.begin() as tx:
        past = await tx.erasures.list()
    return show(
        request, who, "erasure/page.html", 422 if sent.is_bad or refused else 200, title="Erasure",
        sent=sent, people=people, shown=SHOWN, past=past[::-1], refused=refused,
    )  # fmt: skip


async def _look(
    request: Request, who: Principal, app: App, sent: Sent, refused: ErasureRefused | None = None
) -> Response:
    """The dry run: the same work is done as by the erasure, and undone."""
    try:
        async with app.database.begin() as tx:
            person = await find_person(tx, sent.of("person"))
        found = await erase(app.database, sent.of("person"), who.id, LOOKED, also=_also(sent))
    except ErasureRefused as unknown:
        return await _page(request, who, app, sent, refused=unknown)
    return show(
        request, who, "erasure/look.html", 422 if sent.is_bad or refused else 200,
        title=f"Erase {person.values['name']}?", person=person, found=found, sent=sent,
        changed=by_table(found.places), refused=refused,
    )  # fmt: skip


async def _people(tx: Transaction, text: str) -> list[Person]:
    """Those of whose data the text is a part; one more than is shown where there are more."""
    found = []
    for named, name in (await people_with(tx, text))[: SHOWN + 1]:
        id, slash, _ = named.partition("/")
        customer = await tx.records.find(Customer, id) if slash else None
        found.append(Person(named, name, customer.name if customer else ""))
    return found


def by_table(places: Sequence[Place]) -> list[Changed]:
    """The most rows first."""
    found: dict[str, Changed] = {}
    for place in places:
        if place.rows:
            one = found.setdefault(place.table, Changed(place.table))
            one.rows += place.rows
            one.columns.append(place.column)
    return sorted(found.values(), key=lambda one: (-one.rows, one.table))


async def _sent(request: Request) -> Sent:
    return Sent({n: text.replace("\0", "") for n, text in (await form(request)).items()})


def _also(sent: Sent) -> list[str]:
    """One a line."""
    return [line.strip() for line in sent.of("also").splitlines() if line.strip()]

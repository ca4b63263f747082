"""`/access`: who may ask, and what each may do; accounts of people and machines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from isthmus.access import LOCAL, AccessRole, Permission, Principal
from isthmus.access.accounts import (
    AccessRefused,
    add_person,
    end_sessions,
    ensure_first_manages,
    grant,
    reset_password,
    set_disabled,
    take_back,
)
from isthmus.app import App
from isthmus.console.access_form import SCOPE, Sent, places, role_in
from isthmus.console.access_rows import Account, account_of, accounts_of, allowed_scopes
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute, form
from isthmus.console.view import go, show
from isthmus.kit.masking import MASK
from isthmus.web.caller import requires_everywhere
from isthmus.web.context import Running
from isthmus.web.sessions import lasts_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Access", "/access", "Govern", Permission.ACCESS_READ,
    "Who may do what, and with which keys?", router, everywhere=True,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires_everywhere(PAGE.permission))]
Manager = Annotated[Principal, Depends(requires_everywhere(Permission.ACCESS_MANAGE))]
ONE = PAGE.path + "/accounts/{id}"


@router.get(PAGE.path)
async def people(request: Request, who: Reader, app: Running, q: str = "") -> Response:
    return await accounts_page(request, who, app, PEOPLE, Sent(), q.strip())


class Listed(NamedTuple):
    """A page of accounts of one kind."""

    kind: str
    template: str
    title: str


PEOPLE = Listed("person", "access/people.html", "Access")


async def accounts_page(
    request: Request, who: Principal, app: App, listed: Listed, sent: Sent, asked: str = ""
) -> Response:
    found = await accounts_in(app, who, listed.kind)
    return show(
        request, who, listed.template, 422 if sent.is_bad else 200, title=listed.title,
        accounts=[one for one in found if one.fits(asked)], asked=asked, known=len(found),
        **choices(app, who, sent),
    )  # fmt: skip


def choices(app: App, who: Principal, sent: Sent) -> dict[str, Any]:
    """What every page with a form about accounts has."""
    return {
        "sent": sent, "roles": [role.value for role in AccessRole],
        "places": places(app.landscape), "may_manage": who.may(Permission.ACCESS_MANAGE),
        "is_alone": who.id == LOCAL.id,
    }  # fmt: skip


async def accounts_in(app: App, who: Principal, kind: str) -> list[Account]:
    async with app.database.begin() as tx:
        return await accounts_of(
            tx, lasts_of(app.settings).idle, kind, hidden=not who.may(Permission.PII_READ)
        )


@router.post(PAGE.path)
async def add(request: Request, who: Manager, app: Running) -> Response:
    """Make the account of a person, and show its one-time password, once."""
    sent = Sent(await form(request))
    given, name = role_in(sent, app.landscape), sent.of("name").lower()
    try:
        if not sent.is_bad:
            await ensure_first_manages(app.database, [given])
            password = await add_person(
                app.database, name, sent.of("shown") or name, [given], who.id
            )
            return once(request, who, f"{name} is made", "one-time password", password,
                        f"{name} logs in with it once and then chooses another.")  # fmt: skip
    except AccessRefused as refused:
        first = "role" if refused.what.startswith("The first") else "name"
        sent.errors[first] = f"{refused.what} {refused.why} {refused.remedy}"
    return await accounts_page(request, who, app, PEOPLE, sent)


def once(
    request: Request, who: Principal, title: str, what: str, secret: str, note: str
) -> Response:
    """A secret, in the answer to the act that made it and nowhere else."""
    return show(request, who, "access/once.html", 201, title=title, what=what, secret=secret,
                note=note, back=PAGE.path)  # fmt: skip


@router.get(ONE)
async def account(request: Request, who: Reader, app: Running, id: str) -> Response:
    return await account_page(request, who, app, id, Sent())


async def account_page(request: Request, who: Principal, app: App, id: str, sent: Sent) -> Response:
    one = await account_named(app, who, id)
    return show(
        request, who, "access/account.html", 422 if sent.is_bad else 200, title=one.row.name,
        one=one, scopes=allowed_scopes(one), scope=SCOPE, **choices(app, who, sent),
        may_audit=who.may(Permission.AUDIT_READ), mask=MASK,
    )  # fmt: skip


async def account_named(app: App, who: Principal, id: str) -> Account:
    """By its id. Raises 404."""
    async with app.database.begin() as tx:
        found = await account_of(
            tx, lasts_of(app.settings).idle, id, hidden=not who.may(Permission.PII_READ)
        )
    if found is None:
        raise HTTPException(404, "there is no such account; Access lists all that there are")
    return found


@router.post(ONE + "/grant")
async def granted(request: Request, who: Manager, app: Running, id: str) -> Response:
    one, sent = await account_named(app, who, id), Sent(await form(request))
    given = role_in(sent, app.landscape)
    if sent.is_bad:
        return await account_page(request, who, app, id, sent)
    return await done(
        one, lambda: grant(app.database, one.row.name, given, who.id),
        f"account {one.row.name} is now", _where(given),
    )  # fmt: skip


@router.post(ONE + "/take-back")
async def taken(request: Request, who: Manager, app: Running, id: str) -> Response:
    one, sent = await account_named(app, who, id), Sent(await form(request))
    given = (sent.of("role"), sent.of("where"))
    return await done(
        one, lambda: take_back(app.database, one.row.name, given, who.id),
        f"account {one.row.name} is no longer", _where(given),
    )  # fmt: skip


def _where(given: tuple[str, str]) -> str:
    return f"{given[0]} for {given[1] or 'the whole firm'}"


@router.post(ONE + "/disable")
async def disabled(who: Manager, app: Running, id: str) -> Response:
    return await _switched(who, app, id, off=True)


@router.post(ONE + "/enable")
async def enabled(who: Manager, app: Running, id: str) -> Response:
    return await _switched(who, app, id, off=False)


async def _switched(who: Principal, app: App, id: str, *, off: bool) -> Response:
    one = await account_named(app, who, id)
    return await done(
        one, lambda: set_disabled(app.database, one.row.name, off, who.id),
        f"account {one.row.name} is {'disabled' if off else 'enabled'}",
    )  # fmt: skip


@router.post(ONE + "/end-sessions")
async def ended(who: Manager, app: Running, id: str) -> Response:
    one = await account_named(app, who, id)
    return await done(
        one, lambda: end_sessions(app.database, one.row.name, who.id),
        f"account {one.row.name} is logged out everywhere",
    )  # fmt: skip


@router.post(ONE + "/reset")
async def reset(request: Request, who: Manager, app: Running, id: str) -> Response:
    one = await account_named(app, who, id)
    try:
        password = await reset_password(app.database, one.row.name, who.id)
    except AccessRefused as refused:
        return refusal(one, refused)
    note = f"{one.row.name} is logged out, logs in with it once and then chooses another."
    return once(
        request, who, f"{one.row.name} has a new password", "one-time password", password, note
    )


async def done(one: Account, do: Callable[[], Awaitable[object]], *told: str) -> Response:
    try:
        await do()
    except AccessRefused as refused:
        return refusal(one, refused)
    return go(f"{PAGE.path}/accounts/{one.row.id}", " ".join(told))


def refusal(one: Account, refused: AccessRefused) -> Response:
    text = f"{refused.what} {refused.why} {refused.remedy}"
    return go(f"{PAGE.path}/accounts/{one.row.id}", text, "bad")

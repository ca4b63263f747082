"""`/access/machines`: programs that ask, and their keys, each of which is shown once."""

from __future__ import annotations

from datetime import timedelta

from fastapi import HTTPException, Request, Response

from isthmus.access.accounts import AccessRefused, add_machine, named
from isthmus.access.keys import add_key, revoke_key, rotate_key
from isthmus.app import App
from isthmus.console.access import (
    ONE,
    PAGE,
    Listed,
    Manager,
    Reader,
    account_named,
    account_page,
    accounts_page,
    done,
    once,
    refusal,
    router,
)
from isthmus.console.access_form import (
    MOST_OVERLAP,
    OVERLAP,
    USUAL,
    Sent,
    days_in,
    role_in,
    scopes_in,
)
from isthmus.console.access_rows import Account
from isthmus.console.route import form
from isthmus.console.view import go
from isthmus.web.context import Running

MACHINES = PAGE.path + "/machines"
KEY = ONE + "/keys/{key}"
LISTED = Listed("machine", "access/machines.html", "Machines")


@router.get(MACHINES)
async def machines(request: Request, who: Reader, app: Running, q: str = "") -> Response:
    return await accounts_page(request, who, app, LISTED, Sent(), q.strip())


@router.post(MACHINES)
async def add(request: Request, who: Manager, app: Running) -> Response:
    sent = Sent(await form(request))
    given, name = role_in(sent, app.landscape), sent.of("name").lower()
    try:
        if not sent.is_bad:
            await add_machine(app.database, name, sent.of("shown") or name, [given], who.id)
            async with app.database.begin() as tx:
                row = await named(tx, name)
            return go(f"{PAGE.path}/accounts/{row.id}", f"account {name} is made; give it a key")
    except AccessRefused as refused:
        sent.errors["name"] = f"{refused.what} {refused.why} {refused.remedy}"
    return await accounts_page(request, who, app, LISTED, sent)


@router.post(ONE + "/keys")
async def key_added(request: Request, who: Manager, app: Running, id: str) -> Response:
    one, sent = await account_named(app, who, id), Sent(await form(request))
    lasts, scopes = days_in(sent, "days", USUAL), scopes_in(sent)
    if sent.is_bad:
        return await account_page(request, who, app, id, sent)
    try:
        made = await add_key(app.database, one.row.name, scopes, lasts, who.id)
    except AccessRefused as refused:
        return refusal(one, refused)
    return once(request, who, f"{one.row.name} has a new key", "key", made.key, _until(lasts))


@router.post(KEY + "/rotate")
async def key_rotated(request: Request, who: Manager, app: Running, id: str, key: str) -> Response:
    one, sent = await _with_key(app, who, id, key), Sent(await form(request))
    lasts = days_in(sent, "days", USUAL)
    overlap = days_in(sent, "overlap", OVERLAP, MOST_OVERLAP)
    if sent.is_bad:
        return await account_page(request, who, app, id, sent)
    try:
        made = await rotate_key(app.database, key, lasts, overlap, who.id)
    except AccessRefused as refused:
        return refusal(one, refused)
    note = f"{_until(lasts)} Key {key} works on for {overlap.days} d at most."
    return once(request, who, f"{one.row.name} has a new key", "key", made.key, note)


@router.post(KEY + "/revoke")
async def key_revoked(request: Request, who: Manager, app: Running, id: str, key: str) -> Response:
    one, sent = await _with_key(app, who, id, key), Sent(await form(request))
    reason = sent.of("reason") or None
    return await done(
        one, lambda: revoke_key(app.database, key, who.id, reason), f"key {key} is revoked"
    )


async def _with_key(app: App, who: Manager, id: str, key: str) -> Account:
    one = await account_named(app, who, id)
    if key not in {each.row.id for each in one.keys}:
        raise HTTPException(404, f"{one.row.name} has no key {key}")
    return one


def _until(lasts: timedelta) -> str:
    return f"The program sends it as `Authorization: Bearer`. It works for {lasts.days} d."

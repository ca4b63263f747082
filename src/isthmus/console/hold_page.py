"""`/exceptions/H-17`: one hold, its whole story, and what may be done with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response

from isthmus.access import Permission, Principal
from isthmus.access.pii import is_personal, may_see
from isthmus.app import App
from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.connect.errors import ConnectError
from isthmus.console.exceptions import PAGE, Reader, router
from isthmus.console.hold_form import Field, changed, fields, others, typed
from isthmus.console.hold_story import frozen_object, story
from isthmus.console.payload import payload
from isthmus.console.route import form
from isthmus.console.view import go, show
from isthmus.console.words import words
from isthmus.engine.held_work import Acted, held_object
from isthmus.engine.hold_actions import assign, fix, replay_hold, skip
from isthmus.engine.refused import ActionRefused
from isthmus.engine.separation import amounts_corrected
from isthmus.flows.fix_preview import FixPreview, preview_fix
from isthmus.holds.acts import comment, resolve
from isthmus.store.database import Transaction
from isthmus.store.holds import RESOLVED, HoldRow
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.holding import hold_seen

WORK, RELEASE = Permission.HOLDS_WORK, Permission.HOLDS_RELEASE
Fixer = Annotated[Principal, Depends(requires(Permission.HOLDS_FIX))]
Releaser = Annotated[Principal, Depends(requires(RELEASE))]
Worker = Annotated[Principal, Depends(requires(WORK))]
ONE = PAGE.path + "/{label}"


@router.get(ONE)
async def hold_page(request: Request, who: Reader, app: Running, label: str) -> Response:
    return await _page(request, who, app, await hold_named(app, who, label, PAGE.permission))


@router.post(ONE + "/fix")
async def fix_hold(request: Request, who: Fixer, app: Running, label: str) -> Response:
    """`do` says whether the correction is looked at (`check`), kept, or kept and replayed (`go`).

    The last one also asks for the permission to release.
    """
    hold = await hold_named(app, who, label, Permission.HOLDS_FIX)
    sent = await form(request)
    names = [name for name in sent if name not in ("csrf_token", "do")]
    if sent.get("do") == "go":
        await hold_named(app, who, label, RELEASE)
    async with app.database.begin() as tx:
        fields_ = await _fields(tx, who, hold, names)
    values = changed(fields_, sent)
    within = who.entities(Permission.HOLDS_FIX)
    try:
        if sent.get("do") == "check":
            preview = await preview_fix(app.engine, hold, values, within=within) if values else None
            return await _page(request, who, app, hold, sent=sent, preview=preview)
        acted = await fix(app.engine, hold, values, who.id, within=within) if values else None
        if sent.get("do") == "go" and (acted is None or acted.done):
            acted = await _released(app, hold, who, acted)
    except ActionRefused as refused:
        return await _page(request, who, app, hold, sent=sent, refused=refused)
    except ConnectError as error:
        return await _page(request, who, app, hold, sent=sent, refused=_unreached(hold, error))
    return _done(hold, acted)


async def _released(app: App, hold: HoldRow, who: Principal, fixed: Acted | None) -> Acted:
    """Replayed, or only corrected: an amount is released by another person. Raises ActionRefused
    where nothing was corrected either.
    """
    async with app.database.begin() as tx:
        mine = await amounts_corrected(tx, hold, who.id)
    if fixed is None or not mine:
        return await replay_hold(app.engine, hold, who.id)
    told = f"{hold.label} is corrected and not replayed: you changed {_attributes(mine)}, and " \
           "another person releases what you changed"  # fmt: skip
    return Acted(hold.label, False, told)


def _attributes(named: Sequence[str]) -> str:
    return " and ".join(words(each.partition(".")[2]) for each in named)


@router.post(ONE + "/replay")
async def replay(request: Request, who: Releaser, app: Running, label: str) -> Response:
    return await _act(
        request, who, app, label, RELEASE, lambda hold, _: replay_hold(app.engine, hold, who.id)
    )


@router.post(ONE + "/skip")
async def skip_hold(request: Request, who: Releaser, app: Running, label: str) -> Response:
    return await _act(
        request, who, app, label, RELEASE,
        lambda hold, sent: skip(app.engine, hold, sent.get("reason", ""), who.id),
    )  # fmt: skip


@router.post(ONE + "/resolve")
async def resolve_hold(request: Request, who: Releaser, app: Running, label: str) -> Response:
    return await _act(
        request, who, app, label, RELEASE,
        lambda hold, sent: resolve(
            app.engine, hold, sent.get("code", ""), sent.get("note", ""), who.id
        ),
    )  # fmt: skip


@router.post(ONE + "/assign")
async def assign_hold(request: Request, who: Worker, app: Running, label: str) -> Response:
    return await _act(
        request, who, app, label, WORK,
        lambda hold, sent: assign(app.engine, hold, sent.get("person", ""), who.id),
    )  # fmt: skip


@router.post(ONE + "/comment")
async def comment_hold(request: Request, who: Worker, app: Running, label: str) -> Response:
    return await _act(
        request, who, app, label, WORK,
        lambda hold, sent: comment(app.engine, hold, sent.get("text", ""), who.id),
    )  # fmt: skip


async def _act(
    request: Request,
    who: Principal,
    app: App,
    label: str,
    permission: Permission,
    do: Callable[[HoldRow, Mapping[str, str]], Awaitable[Acted]],
) -> Response:
    """Do it and go back to the hold; a refusal is told on its page, with what was typed."""
    hold = await hold_named(app, who, label, permission)
    sent = await form(request)
    try:
        return _done(hold, await do(hold, sent))
    except ActionRefused as refused:
        return await _page(request, who, app, hold, sent=sent, refused=refused)
    except ConnectError as error:
        return await _page(request, who, app, hold, sent=sent, refused=_unreached(hold, error))


def _done(hold: HoldRow, acted: Acted | None) -> Response:
    told = acted.message if acted else "Nothing was changed: the fields are as they were."
    tone = "good" if acted and acted.done else "warn"
    return go(f"{PAGE.path}/{hold.label}", told, tone)


def _unreached(hold: HoldRow, error: ConnectError) -> ActionRefused:
    return ActionRefused(f"{hold.label} could not be replayed now.", str(error), error.remedy)


async def hold_named(app: App, who: Principal, label: str, permission: Permission) -> HoldRow:
    """Raises Forbidden, and 404 also for a hold of a company where this is not allowed."""
    hold = await hold_seen(app, who, label, permission)
    if hold is None:
        raise HTTPException(404, f"there is no hold {label}; they are named H-1, H-2 and so on")
    return hold


async def _page(
    request: Request,
    who: Principal,
    app: App,
    hold: HoldRow,
    *,
    sent: Mapping[str, str] | None = None,
    refused: ActionRefused | None = None,
    preview: FixPreview | None = None,
) -> Response:
    more = [request.query_params["also"]] if "also" in request.query_params else []
    names = [*(n for n in sent or {} if n not in ("csrf_token", "do")), *more]
    async with app.database.begin() as tx:
        obj, may_fix = await _object(tx, hold)
        form_ = await _fields(tx, who, hold, names, obj) if may_fix else []
        mine = await amounts_corrected(tx, hold, who.id)
        facts = {
            "payload": await payload(tx, who, obj) if obj else [],
            "run": await tx.runs.get(hold.run_id) if hold.run_id else None,
            **await story(tx, who, hold),
        }
    status = 422 if refused else 200
    return show(
        request, who, "hold/page.html", status, title=hold.label, hold=hold, may_fix=may_fix,
        fields=typed(form_, sent or {}, refused.what if refused else ""), sent=sent or {},
        others=others(obj, [f.name for f in form_]) if obj else [], refused=refused,
        preview=preview, codes=app.landscape.exceptions.codes.values(),
        is_over=hold.state == RESOLVED, corrected=_attributes(mine), **facts,
    )  # fmt: skip


async def _object(tx: Transaction, hold: HoldRow) -> tuple[CanonicalObject | None, bool]:
    """What the hold is about, and whether it may be corrected here."""
    if hold.object_kind not in BY_KIND:
        return None, False
    try:
        return await held_object(tx, hold), hold.state != RESOLVED
    except ActionRefused:
        return await frozen_object(tx, hold), False


async def _fields(
    tx: Transaction,
    who: Principal,
    hold: HoldRow,
    names: Sequence[str],
    obj: CanonicalObject | None = None,
) -> list[Field]:
    """Those that are to blame, and those that were asked for beside them; without personal data of
    which the caller may not see what stands there now.
    """
    obj = obj or (await _object(tx, hold))[0]
    blamed: Any = hold.detail.get("fields", ())
    seen = who.entities(PAGE.permission)
    found = [] if obj is None else await fields(tx, obj, [*map(str, blamed), *names], seen)
    company = getattr(obj, "legal_entity", None)
    if may_see(who, hold.object_kind or "", {"legal_entity": company}):
        return found
    return [field for field in found if not is_personal(hold.object_kind, field.name)]

"""`/ops/v1/holds`: what waits for people, and everything that a person may do with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from isthmus.access import Permission, Principal
from isthmus.api.hold_views import (
    ActAnswer,
    Assignment,
    Comment,
    Fix,
    HoldStory,
    HoldView,
    Resolve,
    Skip,
    SparseHold,
    hold_view,
    impersonal,
    story_of,
)
from isthmus.app import App
from isthmus.engine.held_work import Acted
from isthmus.engine.hold_actions import assign, fix, replay_hold, skip
from isthmus.holds.acts import comment, resolve
from isthmus.kit.clock import utc_now
from isthmus.rules.severity import Severity
from isthmus.store.holds import HoldRow
from isthmus.store.queues import HoldFilter
from isthmus.web.caller import requires, unnamed
from isthmus.web.context import Running
from isthmus.web.holding import hold_seen
from isthmus.web.idempotency import once
from isthmus.web.paging import (
    After,
    Fields,
    Limit,
    Page,
    chosen_fields,
    only,
    page_of,
    started_after,
)
from isthmus.web.preconditions import IfMatch, ensure_unchanged
from isthmus.web.problem import Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/ops/v1/holds", "operations")
Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Label = Annotated[
    str, Path(max_length=20, pattern=r"^[Hh]-[0-9]{1,15}$", examples=["H-1"])
]  # fmt: skip
Reader = Annotated[Principal, Depends(requires(Permission.HOLDS_READ))]
Worker = Annotated[Principal, Depends(requires(Permission.HOLDS_WORK))]
Fixer = Annotated[Principal, Depends(requires(Permission.HOLDS_FIX))]
Releaser = Annotated[Principal, Depends(requires(Permission.HOLDS_RELEASE))]
ACT = problem_responses(404, 409, 422)
EDIT = problem_responses(404, 409, 412, 422, 428)


def filter_of(
    queue: Text = None, severity: Severity | None = None, assignee: Text = None,
    code: Text = None, client: Text = None, state: Text = None, flow: Text = None,
    overdue: bool = False,
) -> HoldFilter:  # fmt: skip
    press = severity.value if severity else None
    return HoldFilter(queue, press, assignee, code, client, state, flow, overdue)


@router.get(
    "",
    response_model=Page[SparseHold],  # type: ignore[valid-type] # made from HoldView
    response_model_exclude_unset=True,
    responses=problem_responses(400, 422),
)
async def list_holds(
    request: Request, app: Running, who: Reader,
    chosen: Annotated[HoldFilter, Depends(filter_of)],
    all: Annotated[bool, Query(description="Also those that are over.")] = False,
    after: After = None, limit: Limit = 100, fields: Fields = None,
) -> dict[str, Any]:  # fmt: skip
    """Holds, the youngest first; of your companies only, where your role names some."""
    names = chosen_fields(fields, HoldView.model_fields, "label")
    key = started_after(request, after, (int,))
    async with app.database.begin() as tx:
        found = await tx.listings.holds(
            chosen, utc_now(), open_only=not all, after=key[0] if key else None,
            entities=who.entities(Permission.HOLDS_READ), limit=limit + 1,
        )  # fmt: skip
    page, cursor = page_of(request, found, limit, lambda hold: [hold.number])
    views = [unnamed(request, hold_view(hold)) for hold in page]
    return {"items": [only(view, names) for view in views], "next": cursor}


@router.get("/{label}", response_model=HoldStory, responses=problem_responses(404, 422))
async def read_hold(
    request: Request, app: Running, who: Reader, response: Response, label: Label
) -> HoldStory:
    """One hold: why, what it blocks, who mends it and how; what was said and corrected."""
    story = await story_of(app, await held(app, label, who, Permission.HOLDS_READ))
    response.headers["ETag"] = story.etag
    seen = story if who.may(Permission.PII_READ) else impersonal(story)
    return HoldStory.model_validate(unnamed(request, seen.model_dump()))


@router.post(
    "/{label}/assign", dependencies=[Depends(once)], response_model=ActAnswer, responses=EDIT
)
async def assign_hold(
    app: Running, who: Worker, label: Label, body: Assignment, if_match: IfMatch = None
) -> ActAnswer:
    """Hand a hold to a person."""
    hold = await _unchanged(app, label, who, Permission.HOLDS_WORK, if_match)
    return _told(await assign(app.engine, hold, body.person, who.id))


@router.post(
    "/{label}/comments", dependencies=[Depends(once)], response_model=ActAnswer, responses=ACT
)
async def comment_hold(app: Running, who: Worker, label: Label, body: Comment) -> ActAnswer:
    """Say something about a hold; it stays with it."""
    hold = await held(app, label, who, Permission.HOLDS_WORK)
    return _told(await comment(app.engine, hold, body.text, who.id))


@router.post("/{label}/fix", dependencies=[Depends(once)], response_model=ActAnswer, responses=EDIT)
async def fix_hold(
    app: Running, who: Fixer, label: Label, body: Fix, if_match: IfMatch = None
) -> ActAnswer:
    """Correct what is held; the original is kept beside the correction."""
    hold = await _unchanged(app, label, who, Permission.HOLDS_FIX, if_match)
    within = who.entities(Permission.HOLDS_FIX)
    return _told(await fix(app.engine, hold, body.values, who.id, within=within))


@router.post(
    "/{label}/replay", dependencies=[Depends(once)], response_model=ActAnswer, responses=ACT
)
async def replay(app: Running, who: Releaser, label: Label) -> ActAnswer:
    """Try again from where it stopped."""
    return await _act(app, label, who, lambda hold: replay_hold(app.engine, hold, who.id))


@router.post("/{label}/skip", dependencies=[Depends(once)], response_model=ActAnswer, responses=ACT)
async def skip_hold(app: Running, who: Releaser, label: Label, body: Skip) -> ActAnswer:
    """Give up on what is held, for good."""
    return await _act(app, label, who, lambda hold: skip(app.engine, hold, body.reason, who.id))


@router.post(
    "/{label}/resolve", dependencies=[Depends(once)], response_model=ActAnswer, responses=ACT
)
async def resolve_hold(app: Running, who: Releaser, label: Label, body: Resolve) -> ActAnswer:
    """End a hold with a code: its work goes on, or is given up, as the code says."""
    return await _act(
        app, label, who, lambda hold: resolve(app.engine, hold, body.code, body.note, who.id)
    )


async def _act(
    app: App, label: str, who: Principal, do: Callable[[HoldRow], Awaitable[Acted]]
) -> ActAnswer:
    return _told(await do(await held(app, label, who, Permission.HOLDS_RELEASE)))


async def held(app: App, label: str, who: Principal, permission: Permission) -> HoldRow:
    """Raises 404, also for a hold of a company that is none of the caller's."""
    hold = await hold_seen(app, who, label, permission)
    if hold is None:
        raise Refusal(
            404, "not_found", f"there is no hold {label}", "GET /ops/v1/holds?all=true lists them."
        )
    return hold


async def _unchanged(
    app: App, label: str, who: Principal, permission: Permission, if_match: str | None
) -> HoldRow:
    hold = await held(app, label, who, permission)
    ensure_unchanged(if_match, (await story_of(app, hold)).etag, hold.label)
    return hold


def _told(acted: Acted) -> ActAnswer:
    return ActAnswer(
        hold=acted.hold, done=acted.done, message=acted.message, still_held=acted.still_held
    )

"""`/ops/v1/runs`: what flows did, step by step, and going on where one stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Field

from isthmus.access import Permission, Principal
from isthmus.access.pii import result_of
from isthmus.app import App
from isthmus.engine.replay import StepRecord, steps_of
from isthmus.holds.acts import replay_run
from isthmus.store.runs import RunRow
from isthmus.web.caller import requires, unnamed
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.paging import (
    After,
    Fields,
    Limit,
    Page,
    chosen_fields,
    only,
    page_of,
    sparse,
    started_after,
)
from isthmus.web.problem import Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/ops/v1/runs", "operations")
Reader = Annotated[Principal, Depends(requires(Permission.RUNS_READ))]
Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Label = Annotated[
    str,
    Path(max_length=300, pattern=r"^[^\x00]+$", description="R-0031, or the run's id.",
         examples=["R-0001"]),
]  # fmt: skip
LONGEST = 500
"""Characters of a step's result that are shown."""


class RunView(BaseModel):
    label: str = Field(description="R-0031; people quote it.")
    id: str = Field(description="Its idempotency key.")
    flow: str
    state: str
    subject: str = Field(description="Canonical id of what it is about.")
    correlation_id: str = Field(description="The business story that it is part of.")
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class StepView(BaseModel):
    number: int
    name: str
    error: str | None
    took_ms: int | None = Field(description="Null where its beginning or end was not kept.")
    result: str | None = Field(
        description="The first 500 characters of it, without personal data that you may not see."
    )


class RunStory(RunView):
    """`caused_by` is the event before it, or the correlation id of the request."""

    caused_by: str | None
    steps: list[StepView]
    holds: list[str] = Field(description="Labels of what stopped it.")


class ReplayAnswer(BaseModel):
    resumed: bool = Field(description="False where there was nothing to do.")
    message: str


SparseRun = sparse(RunView, "label")


def run_view(row: RunRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RunView.model_fields}


@router.get(
    "",
    response_model=Page[SparseRun],  # type: ignore[valid-type] # made from RunView
    response_model_exclude_unset=True,
    responses=problem_responses(400, 422),
)
async def list_runs(
    request: Request, app: Running, who: Reader, flow: Text = None, state: Text = None,
    subject: Text = None, correlation_id: Text = None, after: After = None, limit: Limit = 100,
    fields: Fields = None,
) -> dict[str, Any]:  # fmt: skip
    """Runs, the youngest first."""
    chosen = chosen_fields(fields, RunView.model_fields, "label")
    key = started_after(request, after, (int,))
    async with app.database.begin() as tx:
        found = await tx.listings.runs(
            flow=flow, state=state, subject=subject, correlation_id=correlation_id,
            after=key[0] if key else None, entities=who.entities(Permission.RUNS_READ),
            limit=limit + 1,
        )  # fmt: skip
    page, cursor = page_of(request, found, limit, lambda run: [run.number])
    return {"items": [only(run_view(run), chosen) for run in page], "next": cursor}


@router.get("/{label}", response_model=RunStory, responses=problem_responses(404, 422))
async def read_run(request: Request, app: Running, who: Reader, label: Label) -> dict[str, Any]:
    """One run with its steps, what started it and what stopped it."""
    run = await _run(app, label, who, Permission.RUNS_READ)
    async with app.database.begin() as tx:
        holds = await tx.holds.list(run_id=run.id, open_only=False)
        event = await tx.events.find(run.event_id)
    steps = [] if run.emptied_at else await steps_of(app.engine, run.id)
    return {
        **run_view(run), "caused_by": event.causation_id if event else None,
        "steps": [unnamed(request, _step(step, who)) for step in steps],
        "holds": [h.label for h in holds],
    }  # fmt: skip


@router.post(
    "/{label}/replay",
    dependencies=[Depends(once)],
    response_model=ReplayAnswer,
    responses=problem_responses(404, 409, 422),
)
async def replay(
    app: Running,
    who: Annotated[Principal, Depends(requires(Permission.RUNS_REPLAY))],
    label: Label,
) -> dict[str, Any]:
    """Go on at the failed step; steps before it are not called again."""
    run = await _run(app, label, who, Permission.RUNS_REPLAY)
    done = await replay_run(app.engine, run, who.id)
    return {"resumed": done.resumed, "message": done.message}


async def _run(app: App, label: str, who: Principal, permission: Permission) -> RunRow:
    """Raises 404, also for a run of a company that is none of the caller's."""
    async with app.database.begin() as tx:
        run = await tx.runs.find(label)
        entities = who.entities(permission)
        seen = run is not None and (
            entities is None or await tx.listings.is_run_of(run.id, entities)
        )
    if run is None or not seen:
        raise Refusal(
            404, "not_found", f"there is no run {label!r}", "GET /ops/v1/runs lists them."
        )
    return run


def _step(step: StepRecord, who: Principal) -> dict[str, Any]:
    took = None if step.took is None else round(step.took.total_seconds() * 1000)
    return {
        "number": step.number, "name": step.name, "error": step.error, "took_ms": took,
        "result": result_of(step.output, who)[:LONGEST] or None,
    }  # fmt: skip

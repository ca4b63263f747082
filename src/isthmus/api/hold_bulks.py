"""`/ops/v1/hold-bulks`: one act on many holds, shown first, approved where it is much.

A filter does not know companies, so bulk acts are for those whose role holds in the whole firm.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import BaseModel, Field

from isthmus.access import Permission, Principal
from isthmus.api.hold_views import NO_NUL
from isthmus.app import App
from isthmus.holds.bulk import approve, ask, decline, look_up
from isthmus.holds.wish import MOVES_WORK, Act, Wish
from isthmus.kit.money import Money
from isthmus.rules.severity import Severity
from isthmus.store.bulks import BulkRow
from isthmus.store.queues import HoldFilter
from isthmus.web.caller import ensure_whole_firm, requires_everywhere
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.problem import Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("/ops/v1/hold-bulks", "operations")
Reader = Annotated[Principal, Depends(requires_everywhere(Permission.HOLDS_READ))]
Worker = Annotated[Principal, Depends(requires_everywhere(Permission.HOLDS_WORK))]
Releaser = Annotated[Principal, Depends(requires_everywhere(Permission.HOLDS_RELEASE))]
Label = Annotated[str, Path(pattern=r"^[Bb]-[0-9]{1,15}$", examples=["B-1"])]
Name = Annotated[str | None, Field(max_length=200, pattern=NO_NUL)]


class Chosen(BaseModel):
    """Which open holds; at least one of these."""

    queue: Name = None
    severity: Severity | None = None
    assignee: Name = None
    code: Name = None
    client: Name = None
    state: Name = None
    flow: Name = None
    overdue: bool = False

    def filter(self) -> HoldFilter:
        values = self.model_dump(exclude={"severity"})
        return HoldFilter(severity=self.severity.value if self.severity else None, **values)


class BulkAsk(BaseModel):
    act: Act
    chosen: Chosen
    value: str = Field(
        default="", max_length=2000, pattern=NO_NUL,
        description="Of resolve the code, of assign the person, of comment the text.",
    )  # fmt: skip
    note: str = Field(default="", max_length=2000, pattern=NO_NUL)
    per_second: Decimal | None = Field(default=None, gt=0, le=1000, max_digits=10)
    dry_run: bool = Field(default=False, description="Say which holds it would be; do nothing.")

    model_config = {
        "json_schema_extra": {
            "examples": [{"act": "replay", "chosen": {"code": "rate_mismatch"}, "dry_run": True}]
        }
    }


class BulkFound(BaseModel):
    bulk: str | None = Field(description="Its label; null for a dry run, or where none is chosen.")
    holds: int
    labels: list[str] = Field(description="Of a dry run: which holds.")
    blocked: list[Money] = Field(description="Of a dry run: what they keep from being billed.")
    needs_approval: bool
    message: str


class BulkView(BaseModel):
    label: str
    act: str
    state: str
    filter: dict[str, Any]
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    counts: dict[str, int] = Field(description="Holds by how it went with them.")


class Decided(BaseModel):
    message: str


@router.post("", dependencies=[Depends(once)], response_model=BulkFound,
             responses=problem_responses(403, 409, 422))  # fmt: skip
async def ask_for(app: Running, who: Worker, body: BulkAsk) -> BulkFound:
    """Do the same to every open hold that is chosen; workers carry it out."""
    if body.act in MOVES_WORK:
        ensure_whole_firm(who, Permission.HOLDS_RELEASE)
    wish = Wish(body.act, body.chosen.filter(), body.value, body.note, body.per_second)
    if body.dry_run:
        found = await look_up(app.engine, wish)
        return BulkFound(
            bulk=None, holds=len(found.holds), labels=[h.label for h in found.holds],
            blocked=list(found.blocked), needs_approval=found.needs_approval,
            message="nothing was done",
        )  # fmt: skip
    asked = await ask(app.engine, wish, who.id)
    waits = asked.bulk is not None and asked.bulk.state == "awaiting_approval"
    return BulkFound(
        bulk=asked.bulk.label if asked.bulk else None, holds=asked.holds, labels=[], blocked=[],
        needs_approval=waits, message=asked.message,
    )  # fmt: skip


@router.get("", response_model=list[BulkView])
async def list_bulks(app: Running, who: Reader) -> list[dict[str, Any]]:
    """The youngest first."""
    async with app.database.begin() as tx:
        rows = [(row, await tx.bulks.counts(row.number)) for row in await tx.bulks.list()]
    return [_view(row, counts) for row, counts in rows]


@router.get("/{label}", response_model=BulkView, responses=problem_responses(404))
async def read_bulk(app: Running, who: Reader, label: Label) -> dict[str, Any]:
    bulk = await _bulk(app, label)
    async with app.database.begin() as tx:
        return _view(bulk, await tx.bulks.counts(bulk.number))


@router.post("/{label}/approve", dependencies=[Depends(once)], response_model=Decided,
             responses=problem_responses(403, 404, 409))  # fmt: skip
async def approve_bulk(app: Running, who: Releaser, label: Label) -> Decided:
    """Let it run; never by the person who asked for it."""
    return Decided(message=await approve(app.engine, await _bulk(app, label), who.id))


@router.post("/{label}/decline", dependencies=[Depends(once)], response_model=Decided,
             responses=problem_responses(403, 404, 409))  # fmt: skip
async def decline_bulk(app: Running, who: Releaser, label: Label) -> Decided:
    return Decided(message=await decline(app.engine, await _bulk(app, label), who.id))


async def _bulk(app: App, label: str) -> BulkRow:
    async with app.database.begin() as tx:
        bulk = await tx.bulks.find(label)
    if bulk is None:
        raise Refusal(404, "not_found", f"there is no {label}", "GET /ops/v1/hold-bulks.")
    return bulk


def _view(row: BulkRow, counts: dict[str, int]) -> dict[str, Any]:
    names = BulkView.model_fields.keys() - {"counts"}
    return {**{name: getattr(row, name) for name in names}, "counts": counts}

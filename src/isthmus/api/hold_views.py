"""Holds as the API shows them, and what is said to act on one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from isthmus.access.pii import is_personal
from isthmus.app import App
from isthmus.kit.masking import MASK
from isthmus.store.holds import HoldRow
from isthmus.web.paging import sparse
from isthmus.web.preconditions import etag_of

NO_NUL = r"^[^\x00]*$"


class HoldView(BaseModel):
    label: str = Field(description="H-17; people quote it.")
    state: str
    code: str = Field(description="What stopped it, such as `rate_mismatch`.")
    reason: str
    owner: str = Field(description="The queue that it is in.")
    fix: str = Field(description="What its owner does about it.")
    flow: str
    step: str | None
    run_id: str | None
    object_kind: str | None
    object_id: str | None
    customer: str | None = Field(description="Name of the client.")
    amount: Decimal | None = Field(description="What it keeps from being billed.")
    currency: str | None
    system: str | None
    period: str | None
    severity: str | None
    assigned_to: str | None
    deadline_on: date | None
    opened_at: datetime
    due_at: datetime | None
    overdue_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    resolution_code: str | None


SparseHold = sparse(HoldView, "label")


class CommentView(BaseModel):
    text: str
    said_by: str
    said_at: datetime


class CorrectionView(BaseModel):
    attribute: str
    original: Any
    value: Any
    edited_by: str


class HoldStory(HoldView):
    etag: str = Field(description="Also the `ETag`; send it as `If-Match` to edit.")
    run: str | None = Field(description="Label of the run that it stops.")
    comments: list[CommentView]
    corrections: list[CorrectionView]


class Assignment(BaseModel):
    person: str = Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["kim@firm.example"])


class Comment(BaseModel):
    text: str = Field(
        min_length=1, max_length=5000, pattern=NO_NUL, examples=["Asked the client on 3 May."]
    )


class Fix(BaseModel):
    values: dict[str, str] = Field(
        min_length=1, max_length=50, description="Attribute of what is held, to what is right.",
        examples=[{"role": "Consultant"}],
    )  # fmt: skip


class Skip(BaseModel):
    reason: str = Field(
        min_length=1, max_length=2000, pattern=NO_NUL, examples=["Written off with the client."]
    )


class Resolve(BaseModel):
    code: str = Field(min_length=1, max_length=100, pattern=NO_NUL, examples=["corrected"])
    note: str = Field(default="", max_length=2000, pattern=NO_NUL)


class ActAnswer(BaseModel):
    hold: str
    done: bool = Field(description="False where there was nothing to do; the message says so.")
    message: str
    still_held: bool


def hold_view(row: HoldRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in HoldView.model_fields}


async def story_of(app: App, hold: HoldRow) -> HoldStory:
    async with app.database.begin() as tx:
        edits = await tx.edits.of_hold(hold.number)
        comments = await tx.queues.comments(hold.number)
        run = await tx.runs.get(hold.run_id) if hold.run_id else None
    view = hold_view(hold)
    corrections = [_fields(CorrectionView, edit) for edit in edits]
    return HoldStory(
        **view, run=run.label if run else None,
        etag=etag_of(view, corrections),
        comments=[CommentView(**_fields(CommentView, said)) for said in comments],
        corrections=[CorrectionView(**edit) for edit in corrections],
    )  # fmt: skip


def impersonal(story: HoldStory) -> HoldStory:
    """Without what was corrected of a person's data."""
    return story.model_copy(
        update={
            "corrections": [
                each.model_copy(update={"original": MASK, "value": MASK})
                if is_personal(story.object_kind, each.attribute)
                else each
                for each in story.corrections
            ]
        }
    )


def _fields(model: type[BaseModel], row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields}

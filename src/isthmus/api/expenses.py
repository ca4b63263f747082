"""`POST /process/v1/expenses`: up to 1,000 expenses of a connected PSA, each with its outcome."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from isthmus.access import Permission, Principal
from isthmus.api.hold_views import NO_NUL
from isthmus.app import App
from isthmus.canonical.base import Role
from isthmus.canonical.expense_entry import DistanceUnit, PaidBy
from isthmus.canonical.time_entry import Approval
from isthmus.events.expense_submissions import REMEDY, ExpenseOutcome, take_expenses
from isthmus.events.links import Connected
from isthmus.kit.money import Money
from isthmus.web.caller import requires
from isthmus.web.context import Running
from isthmus.web.idempotency import once
from isthmus.web.problem import FieldError, Refusal, problem_responses
from isthmus.web.routers import gateway_router

router = gateway_router("", "time entries")
MOST = 1_000
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]
Number = Annotated[Decimal, Field(max_digits=24, decimal_places=12)]


class Amount(BaseModel):
    amount: Number
    currency: str = Field(pattern="^[A-Z]{3}$")


class Expense(BaseModel):
    """References are the ids that the PSA gave; absent attributes have the model's defaults."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"external_id": "EXP-1", "resource": "003000000000001",
                 "project": "a0P000000000001", "category": "Hotel", "spent_on": "2026-07-08",
                 "amount": {"amount": "120.00", "currency": "EUR"}, "approval": "approved"}
            ]
        },
    )  # fmt: skip

    external_id: str = Field(min_length=1, max_length=200, pattern=NO_NUL)
    number: Text | None = None
    resource: Text
    project: Text
    category: Text
    spent_on: date
    amount: Amount
    quantity: Number | None = None
    tax: Amount | None = None
    non_billable_amount: Amount | None = None
    distance_unit: DistanceUnit | None = None
    is_billable: bool | None = None
    is_reimbursable: bool | None = None
    paid_by: PaidBy | None = None
    reimbursement_currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    reimbursement_rate: Number | None = None
    billing_rate: Number | None = None
    has_receipt: bool | None = None
    justification: Text | None = None
    approval: Approval | None = None
    note: Text | None = None


class OutcomeView(BaseModel):
    external_id: str
    id: str = Field(description="Canonical id.")
    outcome: Literal["accepted", "changed", "unchanged", "refused"]
    problems: list[FieldError]


class ExpensesAnswer(BaseModel):
    accepted: int
    changed: int
    unchanged: int
    refused: int
    entries: list[OutcomeView]


@router.post(
    "/process/v1/expenses",
    dependencies=[Depends(once)],
    response_model=ExpensesAnswer,
    responses=problem_responses(403, 413, 422, 429, 503),
)
async def submit_expenses(
    app: Running,
    who: Annotated[Principal, Depends(requires(Permission.TIME_SUBMIT))],
    connection: Annotated[str, Query(max_length=100, description="The PSA whose they are.")],
    body: Annotated[list[Expense], Field(min_length=1, max_length=MOST)],
) -> ExpensesAnswer:
    """Take in expenses: new ones, and changed ones under the id that they had before."""
    source = _psa(app, connection)
    if len({e.external_id for e in body}) < len(body):
        raise Refusal(
            422, "twice", "an `external_id` stands in the request twice",
            "Send an expense once in a request, and its later state in a later one.",
        )  # fmt: skip
    sent = [(e.external_id, _values(e)) for e in body]
    entities = who.entities(Permission.TIME_SUBMIT)
    outcomes = await take_expenses(app.database, app.outbox, source, sent, entities)
    entries = [_view(outcome) for outcome in outcomes]
    counts = {
        name: sum(e.outcome == name for e in entries)
        for name in ("accepted", "changed", "unchanged", "refused")
    }
    return ExpensesAnswer(**counts, entries=entries)


def _values(expense: Expense) -> dict[str, object]:
    """What is stated, with amounts as the model has them."""
    values: dict[str, object] = {}
    for name in expense.model_fields_set - {"external_id"}:
        value = getattr(expense, name)
        if value is not None:
            is_amount = isinstance(value, Amount)
            values[name] = Money.of(value.amount, value.currency) if is_amount else value
    return values


def _view(outcome: ExpenseOutcome) -> OutcomeView:
    return OutcomeView.model_validate(
        {
            "external_id": outcome.external_id, "id": outcome.id, "outcome": outcome.outcome,
            "problems": [
                {"field": p.field, "reason": p.reason, "remedy": p.remedy or REMEDY}
                for p in outcome.problems
            ],
        }
    )  # fmt: skip


def _psa(app: App, name: str) -> Connected:
    psas = {c.name: c for c in app.connected.values() if Role.PSA in c.roles}
    if name not in psas:
        raise Refusal(
            422, "no_psa", f"no PSA is connected as {name!r}",
            f"`connection` is one of {', '.join(psas)}.",
        )  # fmt: skip
    return psas[name]

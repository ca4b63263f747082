"""What callers of `/process/v1` ask with and are answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from isthmus.api.hold_views import NO_NUL
from isthmus.canonical import CanonicalObject
from isthmus.flows.billing_preview import Preview
from isthmus.flows.billing_readiness import Readiness
from isthmus.kit.ids import is_uuid
from isthmus.store.database import Transaction
from isthmus.web.problem import Refusal

T = TypeVar("T", bound=CanonicalObject)
ZERO = Decimal(0)


class PriceAsk(BaseModel):
    project: str = Field(
        min_length=1, max_length=200, pattern=NO_NUL,
        description="Name, canonical id, or a system's own id.",
    )  # fmt: skip
    role: str = Field(min_length=1, max_length=200, pattern=NO_NUL)
    worked_on: date
    hours: Decimal = Field(gt=0, le=10_000, max_digits=12, decimal_places=6)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"project": "Harbour redesign", "role": "Consultant",
                 "worked_on": "2026-07-08", "hours": "6"}
            ]
        }
    )  # fmt: skip


class BillingAsk(BaseModel):
    up_to: date = Field(description="Last day of work to bill.")
    dry_run: bool = Field(default=False, description="Show the invoices, post nothing.")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"up_to": "2026-07-31", "dry_run": True}]}
    )


class BillingAnswer(BaseModel):
    contracts: int = Field(description="That have something to bill.")
    preview: Preview | None = Field(description="Of a dry run.")


class ReadinessTotal(BaseModel):
    """Of one client and company."""

    client: str
    legal_entity: str | None
    currency: str
    to_invoice: Decimal
    ready: Decimal = Field(description="Part of `to_invoice` with nothing in the way.")
    held: Decimal
    unposted: Decimal


class ReadinessAnswer(BaseModel):
    up_to: date
    projects: list[Readiness]
    totals: list[ReadinessTotal]

    @classmethod
    def of(
        cls, up_to: date, rows: Iterable[Readiness], asked: Mapping[str, str | None]
    ) -> ReadinessAnswer:
        shown = [row for row in rows if _is_asked_for(row, asked)]
        groups: dict[tuple[str, str, str], list[Readiness]] = defaultdict(list)
        for row in shown:
            groups[row.client, row.legal_entity or "", row.currency].append(row)
        totals = [_total(*key, found) for key, found in sorted(groups.items())]
        return cls(up_to=up_to, projects=shown, totals=totals)


def _is_asked_for(row: Readiness, asked: Mapping[str, str | None]) -> bool:
    """By name or canonical id, of the company by its code."""
    named = {
        "client": (row.client, row.customer),
        "project": (row.name, row.project),
        "legal_entity": (row.legal_entity,),
    }
    return all(value is None or value in named[name] for name, value in asked.items())


def _total(client: str, entity: str, currency: str, rows: list[Readiness]) -> ReadinessTotal:
    return ReadinessTotal(
        client=client, legal_entity=entity or None, currency=currency,
        to_invoice=sum((r.to_invoice for r in rows), ZERO),
        ready=sum((r.to_invoice for r in rows if r.ready), ZERO),
        held=sum((r.held for r in rows), ZERO),
        unposted=sum((r.unposted for r in rows), ZERO),
    )  # fmt: skip


class ConversionAnswer(BaseModel):
    run: str = Field(description="Label of the run.")
    run_url: str
    state: str = Field(description="`succeeded`: it is done; `held`: a person decides first.")
    project: str | None = Field(description="Canonical id of the project, once there is one.")
    holds: list[str] = Field(description="Labels of what stops it.")


class Release(BaseModel):
    hold: str = Field(pattern=r"^[Hh]-[0-9]{1,15}$", examples=["H-1"])
    code: str = Field(
        min_length=1, max_length=100, pattern=NO_NUL,
        description="Resolution code; `isthmus hold codes` lists them.", examples=["corrected"],
    )  # fmt: skip
    note: str = Field(default="", max_length=2000, pattern=NO_NUL)


async def named_one(tx: Transaction, model: type[T], text: str) -> T:
    """By canonical id, a system's own id, or a quoted name or number. Raises 404 and 409."""
    if is_uuid(text):
        found = await tx.records.find(model, str(UUID(text)))
        ids = [found.id] if found else []
    else:
        ids = [f.id for f in await tx.lookup.named(text) if f.kind == model.kind]
    if not ids:
        raise Refusal(
            404, "not_found", f"there is no {model.kind} {text!r}",
            "Give its canonical id, a system's id of it, or its name.",
        )  # fmt: skip
    if len(ids) > 1:
        raise Refusal(
            409, "ambiguous", f"{len(ids)} {model.kind}s are called {text!r}",
            f"Give one of the ids {', '.join(ids[:5])}.",
        )  # fmt: skip
    return await tx.records.get(model, ids[0])

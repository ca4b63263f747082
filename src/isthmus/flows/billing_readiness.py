"""Which invoices could be made now, for how much, and what is in the way of the others.

By contract, so by client, project and company. Nothing is drafted, frozen or posted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

from pydantic import Field

from isthmus.canonical.base import Value
from isthmus.engine import Engine
from isthmus.flows.billing_preview import BillingPlan, PlannedInvoice, plan_billing
from isthmus.observe.engagements import Engagement, engagements_of
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow

ZERO = Decimal(0)


class Blocker(Value):
    """Something in the way of an invoice, and who removes it."""

    what: str
    owner: str
    fix: str
    hold: str | None = Field(default=None, description="Label of the hold, where it is one.")
    amount: Decimal | None = Field(default=None, description="What it keeps from being billed.")


class Readiness(Value):
    """`to_invoice` is what an invoice up to the day would have on it, before tax."""

    project: str = Field(description="Canonical id.")
    name: str
    customer: str = Field(description="Canonical id.")
    client: str
    contract: str | None = Field(description="Number of the contract.")
    legal_entity: str | None
    currency: str
    ready: bool = Field(description="There is something to invoice and nothing in the way.")
    to_invoice: Decimal
    held: Decimal
    unposted: Decimal = Field(description="Rated, and not in the ledger yet.")
    issued_on: date | None = Field(description="Date that the invoice would have.")
    period: str | None = Field(description="Period that it would post to.")
    blockers: tuple[Blocker, ...]


async def readiness_of(
    engine: Engine, up_to: date, entities: Collection[str] | None = None
) -> tuple[Readiness, ...]:
    """Projects with something to invoice or something in the way."""
    async with engine.database.begin() as tx:
        plan = await plan_billing(tx, engine, up_to)
        found = await readiness_in(tx, plan, entities)
    return tuple(one for one in found if one.to_invoice or one.blockers)


async def readiness_in(
    tx: Transaction, plan: BillingPlan, entities: Collection[str] | None = None
) -> tuple[Readiness, ...]:
    """Of every project, by client and name, for a caller that has the plan."""
    rows = await engagements_of(tx, plan.up_to, entities, costed=False)
    holds = await tx.listings.held_projects(entities)
    planned = {invoice.number: invoice for invoice in plan.invoices}
    return tuple(
        _readiness(row, planned.get(row.contract or ""), holds.get(row.project, ())) for row in rows
    )


def _readiness(
    row: Engagement, planned: PlannedInvoice | None, holds: Sequence[HoldRow]
) -> Readiness:
    blockers = (*_of_holds(holds), *_of_ledger(row), *_of_plan(planned))
    to_invoice = planned.total.amount if planned else ZERO
    return Readiness(
        **{name: getattr(row, name) for name in _SAME},
        ready=planned is not None and not blockers, to_invoice=to_invoice,
        issued_on=planned.issued_on if planned else None,
        period=planned.period if planned else None, blockers=blockers,
    )  # fmt: skip


_SAME = ("project", "name", "customer", "client", "contract", "legal_entity", "currency", "held",
         "unposted")  # fmt: skip


def _of_holds(holds: Sequence[HoldRow]) -> list[Blocker]:
    return [
        Blocker(what=h.reason, owner=h.owner, fix=h.fix, hold=h.label, amount=h.amount)
        for h in holds
    ]


def _of_ledger(row: Engagement) -> list[Blocker]:
    if not row.unposted:
        return []
    return [
        Blocker(
            what="rated, not yet in the ledger", owner="integration", amount=row.unposted,
            fix="Wait for the ledger, or look at the runs of time_to_invoice.",
        )
    ]  # fmt: skip


def _of_plan(planned: PlannedInvoice | None) -> list[Blocker]:
    if planned is None or planned.stops is None:
        return []
    return [
        Blocker(
            what=planned.stops, owner="finance", amount=planned.total.amount,
            fix="Open the period in the ledger, or let the policy re-date.",
        )
    ]  # fmt: skip

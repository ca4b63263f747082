"""Billing as one desk sees it: what each project could be invoiced for up to a day, what is left
out and why, and how old the unbilled work is. Reads only.

The plan is the one of the dry run, narrowed to what is asked for; ages are those of the finance
view, so totals of both agree to the cent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from isthmus.engine import Engine
from isthmus.flows.billing_preview import BillingPlan, PlannedInvoice, plan_billing
from isthmus.flows.billing_readiness import Readiness, readiness_in
from isthmus.observe.firm_figures import AGES, BUCKETS
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow
from isthmus.store.unbilled import OpenFilter, OpenSum, Unapproved

ZERO = Decimal(0)


@dataclass(frozen=True)
class Asked:
    """Work up to a day, of a company (code), a client (name) or a project (id); empty: all."""

    up_to: date
    entity: str = ""
    client: str = ""
    project: str = ""

    def wants(self, row: Readiness) -> bool:
        return (
            self.entity in ("", row.legal_entity)
            and self.client in ("", row.client)
            and self.project in ("", row.project)
        )


@dataclass(frozen=True)
class HeldGroup:
    """Open holds of one project with one cause and owner; `first` is the oldest of them."""

    first: HoldRow
    holds: int
    blocked: Mapping[str, Decimal]
    """Currency -> amount."""


@dataclass(frozen=True)
class ProjectBilling:
    """`aged` and `unposted` are of work up to the day that was asked for, by BUCKETS."""

    readiness: Readiness
    held: tuple[HeldGroup, ...]
    planned: PlannedInvoice | None
    aged: tuple[Decimal, ...]
    unposted: Decimal
    unapproved: Unapproved | None

    @property
    def unbilled(self) -> Decimal:
        return sum(self.aged, ZERO)

    @property
    def blocked(self) -> Decimal:
        """Kept off the next invoice: held, or not in the ledger yet."""
        return self.readiness.held + self.unposted

    @property
    def state(self) -> str:
        """`ready`, `in_part` (the rest is left out), `waits` (for a period), or why nothing is."""
        if self.planned is not None and self.planned.stops:
            return "waits"
        if self.planned is not None:
            return "in_part" if self.blocked or self.held else "ready"
        if self.held or self.unposted:
            return "blocked"
        return "unapproved" if self.unapproved else "later"

    @property
    def is_open(self) -> bool:
        return bool(self.planned or self.unbilled or self.readiness.blockers or self.unapproved)


@dataclass(frozen=True)
class CompanyBilling:
    legal_entity: str | None
    currency: str
    aged: tuple[Decimal, ...]
    unposted: Decimal
    held: Decimal
    to_invoice: Decimal
    invoices: int

    @property
    def unbilled(self) -> Decimal:
        return sum(self.aged, ZERO)


@dataclass(frozen=True)
class BillingDesk:
    """`choices` are all (client, project, its name) that could be asked for."""

    asked: Asked
    projects: tuple[ProjectBilling, ...]
    choices: tuple[tuple[str, str, str], ...]

    @property
    def invoices(self) -> tuple[PlannedInvoice, ...]:
        return tuple(p.planned for p in self.projects if p.planned is not None)

    @property
    def companies(self) -> tuple[CompanyBilling, ...]:
        found: dict[tuple[str, str], list[ProjectBilling]] = {}
        for project in self.projects:
            key = (project.readiness.legal_entity or "", project.readiness.currency)
            found.setdefault(key, []).append(project)
        return tuple(_company(entity, c, rows) for (entity, c), rows in sorted(found.items()))

    @property
    def fingerprint(self) -> str:
        """Another one as soon as an invoice of the plan holds another fact or amount."""
        told = sorted(
            (invoice.contract, invoice.issued_on, sorted(invoice.facts.items()))
            for invoice in self.invoices
        )  # fmt: skip
        return sha256(repr(told).encode()).hexdigest()[:16]


def _company(entity: str, currency: str, rows: Sequence[ProjectBilling]) -> CompanyBilling:
    planned = [row.planned for row in rows if row.planned is not None]
    return CompanyBilling(
        entity or None, currency,
        tuple(sum(parts, ZERO) for parts in zip(*(row.aged for row in rows), strict=True)),
        sum((row.unposted for row in rows), ZERO),
        sum((row.readiness.held for row in rows), ZERO),
        sum((one.total.amount for one in planned), ZERO), len(planned),
    )  # fmt: skip


async def billing_desk(
    tx: Transaction, engine: Engine, asked: Asked, on: date, entities: Collection[str] | None
) -> BillingDesk:
    """Ages are those on the day `on`."""
    plan = await plan_billing(tx, engine, asked.up_to)
    rows = await readiness_in(tx, plan, entities)
    sums = await tx.unbilled.by_project(OpenFilter(entities, until=asked.up_to), on, AGES)
    late = {one.project: one for one in await tx.unbilled.unapproved(asked.up_to)}
    holds = {id: grouped(each) for id, each in (await tx.listings.held_projects(entities)).items()}
    found = [project for project in _joined(plan, rows, holds, sums, late) if project.is_open]
    return BillingDesk(
        asked,
        tuple(project for project in found if asked.wants(project.readiness)),
        tuple((p.readiness.client, p.readiness.project, p.readiness.name) for p in found),
    )


def grouped(holds: Sequence[HoldRow]) -> tuple[HeldGroup, ...]:
    """The most numerous cause first."""
    same: dict[tuple[str, str], list[HoldRow]] = {}
    for hold in holds:
        same.setdefault((hold.code, hold.owner), []).append(hold)
    groups = (HeldGroup(rows[0], len(rows), _blocked(rows)) for rows in same.values())
    return tuple(sorted(groups, key=lambda group: (-group.holds, group.first.number)))


def _blocked(holds: Sequence[HoldRow]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for hold in holds:
        if hold.amount is not None and hold.currency:
            sums[hold.currency] = sums.get(hold.currency, ZERO) + hold.amount
    return sums


def _joined(
    plan: BillingPlan,
    rows: Sequence[Readiness],
    holds: Mapping[str, tuple[HeldGroup, ...]],
    sums: Sequence[OpenSum],
    late: Mapping[str, Unapproved],
) -> list[ProjectBilling]:
    planned = {invoice.number: invoice for invoice in plan.invoices}
    aged: dict[tuple[str | None, str], list[Decimal]] = {}
    unposted: dict[tuple[str | None, str], Decimal] = {}
    for part in sums:
        key = (part.of, part.currency)
        aged.setdefault(key, [ZERO] * len(BUCKETS))[part.bucket] += part.amount
        unposted[key] = unposted.get(key, ZERO) + part.unposted
    return [
        ProjectBilling(
            row, holds.get(row.project, ()), planned.get(row.contract or ""),
            tuple(aged.get((row.project, row.currency), [ZERO] * len(BUCKETS))),
            unposted.get((row.project, row.currency), ZERO), late.get(row.project),
        )
        for row in rows
    ]  # fmt: skip

"""Approved hours are in the ledger: PSA against our facts, our facts against the ERP.

Both vendors are read through their connectors. Hours that are not charged count as accounted for.
The day is compared with the PSA alone: a closed period moves work to a later day of the ledger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from isthmus.canonical import Project, TimeEntry
from isthmus.canonical.base import Role
from isthmus.canonical.time_entry import Approval
from isthmus.connect import Change
from isthmus.connect.listing import can_list, listing
from isthmus.events.links import Connected
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.reconcile.known import canonical_ids, entity_codes, named, referenced
from isthmus.reconcile.promise import Leg, Promise, Scope, Side, shown, told
from isthmus.reconcile.repairs import HOLD_FOR_FINANCE, POST_AGAIN, READ_AGAIN
from isthmus.rules.ledger_rate import ledger_rate
from isthmus.store.database import Transaction
from isthmus.store.reconciled import HoursRow, PartRow
from isthmus.store.reconciliation_staging import Staged


async def approved_in_psa(scope: Scope) -> Side:
    psa = scope.system(scope.plan.source)
    async for page in listing(psa, TimeEntry, scope.around):
        wanted = [c for c in page if c.attributes.get("approval") == Approval.APPROVED]
        async with scope.engine.database.begin() as tx:
            projects = await _projects(tx, scope, wanted)
        rows = (_approved(scope, change, projects) for change in wanted)
        yield [row for row in rows if scope.covers(row.entity)]


async def _projects(tx: Transaction, scope: Scope, changes: Sequence[Change]) -> dict[str, Project]:
    """By the PSA's id."""
    external = [c.attributes.get("project") for c in changes]
    ids = await referenced(tx, scope, scope.plan.source, Project, external)
    found = await tx.records.many(Project, ids.values())
    return {external: found[id] for external, id in ids.items() if id in found}


def _approved(scope: Scope, change: Change, projects: dict[str, Project]) -> Staged:
    said = change.attributes
    id = derived_id(TimeEntry.kind, scope.plan.source, change.external_id)
    project = projects.get(str(said.get("project")))
    hours: Decimal = said["hours"]
    return Staged(
        id, id, change.external_id, _label(hours, said["worked_on"], project),
        told(hours=hours, worked_on=said["worked_on"],
             project=project.id if project else said.get("project")),
        project.legal_entity if project else None, said["worked_on"], said.get("currency"),
        hours, at=change.modified_at,
    )  # fmt: skip


def _label(hours: Decimal, worked_on: object, project: Project | None) -> str:
    return f"{shown(hours)} h of {worked_on}" + (f" on {project.name}" if project else "")


async def rated_here(scope: Scope) -> Side:
    around = scope.around
    async with scope.engine.database.begin() as tx:
        async for page in tx.our_side.hours(scope.plan.source, around.first, around.last):
            async with scope.engine.database.begin() as aside:
                projects = await aside.records.many(Project, {row.project for row in page})
            rows = (_rated(row, projects.get(row.project)) for row in page)
            yield [row for row in rows if scope.covers(row.entity)]


def _rated(row: HoursRow, project: Project | None) -> Staged:
    return Staged(
        row.id, row.id, row.external_id, _label(row.hours, row.worked_on, project),
        told(hours=row.hours, worked_on=row.worked_on, project=row.project),
        project.legal_entity if project else None, row.worked_on, row.currency, row.hours,
        at=row.at, arrived_at=row.at,
    )  # fmt: skip


async def rated_to_post(scope: Scope) -> Side:
    """Hours that the ledger is to have, at the rate that it is told."""
    around, carried = scope.around, list[PartRow]()
    async with scope.engine.database.begin() as tx:
        entities = list(scope.plan.legal_entities)
        async for page in tx.our_side.parts(entities, around.first, around.last):
            groups = _by_entry([*carried, *page])
            carried = groups.pop()  # the rest of it may stand on the next page
            yield [_to_post(parts) for parts in groups if _is_told(parts)]
    if carried and _is_told(carried):
        yield [_to_post(carried)]


def _by_entry(parts: Iterable[PartRow]) -> list[list[PartRow]]:
    return [list(group) for _, group in groupby(parts, key=lambda part: part.source_id)]


def _is_told(parts: Sequence[PartRow]) -> bool:
    return any(part.billed_hours for part in parts)


def _to_post(parts: Sequence[PartRow]) -> Staged:
    first = parts[0]
    hours = sum((part.billed_hours for part in parts), Decimal(0))
    rate = ledger_rate(parts)
    return Staged(
        first.source_id, first.source_id, first.posted_as or first.source_id,
        f"{shown(hours)} h of {first.happened_on} at {rate}", told(hours=hours, rate=rate),
        first.legal_entity, first.happened_on, first.currency, hours, rate.amount * hours,
        at=max(part.at for part in parts),
    )  # fmt: skip


async def posted_in_erp(scope: Scope) -> AsyncIterator[list[Staged]]:
    erp = scope.plan.target
    async for page in listing(scope.system(erp), TimeEntry, scope.around):
        async with scope.engine.database.begin() as tx:
            ids = await canonical_ids(tx, scope, erp, page)
            companies = [c.attributes.get("legal_entity") for c in page]
            codes = await entity_codes(tx, scope, erp, companies)
        rows = (_posted(erp, change, ids.get(change.external_id), codes) for change in page)
        yield [row for row in rows if scope.covers(row.entity)]


def _posted(erp: str, change: Change, canonical: str | None, codes: dict[str, str]) -> Staged:
    said = change.attributes
    hours: Decimal = said.get("billed_hours") or Decimal(0)
    rate: Money | None = said.get("bill_rate")
    return Staged(
        named(canonical, erp, change.external_id), canonical, change.external_id,
        f"{shown(hours)} h of {said['worked_on']}" + (f" at {rate}" if rate else ""),
        told(hours=hours, rate=rate), codes.get(str(said.get("legal_entity"))),
        said["worked_on"], said.get("currency"), hours,
        rate.amount * hours if rate else Decimal(0), at=change.modified_at,
    )  # fmt: skip


def _psa_lists(scope: Scope) -> bool:
    return can_list(scope.system(scope.plan.source), TimeEntry)


def _erp_lists(scope: Scope) -> bool:
    """A ledger that takes no time gets the hours with the invoice."""
    erp: Connected = scope.engine.links.connected[scope.plan.target]
    capability = erp.system.capabilities.get(TimeEntry)
    return capability is not None and capability.writes and can_list(erp.system, TimeEntry)


TIME_TO_LEDGER = Promise(
    "time", "Approved hours are in the ledger", (Role.PSA, Role.ERP),
    (
        Leg("approved", "approved in the PSA", "rated here", TimeEntry, approved_in_psa, rated_here,
            {"missing": READ_AGAIN, "different": READ_AGAIN, "extra": READ_AGAIN}, _psa_lists),
        Leg("posted", "rated here", "in the ledger", TimeEntry, rated_to_post, posted_in_erp,
            {"missing": POST_AGAIN, "different": POST_AGAIN, "extra": HOLD_FOR_FINANCE},
            _erp_lists),
    ),
)  # fmt: skip

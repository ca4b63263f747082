"""Reading records in a step: the stored object with the corrections that people made to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar

from pydantic import ValidationError

from isthmus.canonical import (
    AccountingPeriod,
    CanonicalObject,
    Contract,
    Customer,
    LegalEntity,
    Opportunity,
    Project,
)
from isthmus.engine import Hold, Step
from isthmus.events.links import Link
from isthmus.landscape import Policies
from isthmus.rules.periods import Posting, invoice_day
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction
from isthmus.store.edits import EditRow

T = TypeVar("T", bound=CanonicalObject)

MAX_HIERARCHY = 10


async def corrected(tx: Transaction, obj: T) -> T:
    """The object with its open corrections laid over.

    A correction stands while the source still says what it said when the correction was made;
    once the owner changes the value, the owner is right.
    """
    return overlaid(obj, await tx.edits.of(obj.kind, obj.id))


def overlaid(obj: T, edits: Mapping[str, EditRow]) -> T:
    """Raises Hold where what a person wrote is no value of the attribute."""
    if not edits:
        return obj
    raw = obj.model_dump(mode="json")
    valid = {k: e.value for k, e in edits.items() if raw.get(k) == e.original}
    if not valid:
        return obj
    try:
        return type(obj).model_validate({**raw, **valid})
    except ValidationError as error:
        first = error.errors()[0]
        raise Hold(
            f"the correction of {first['loc'][0]} cannot be used: {first['msg'].lower()}",
            code="bad_correction", owner="integration",
            fix="Correct it again with `isthmus hold fix`, then replay.",
            about=(obj.kind, obj.id),
        ) from error  # fmt: skip


async def current(step: Step, model: type[T], id: str) -> T:
    async with step.begin() as tx:
        return await corrected(tx, await tx.records.get(model, id))


async def crm_of(step: Step, opportunity_id: str) -> Link:
    """The CRM in which the deal lives: an acquired firm may have its own."""
    links = step.links.all_playing_crm()
    for link in links:
        if await link.external_id(Opportunity, opportunity_id):
            return link
    raise LookupError(f"no connected CRM knows opportunity {opportunity_id}")


async def ancestors(tx: Transaction, customer: Customer) -> tuple[Customer, ...]:
    """Accounts above a customer, nearest first; a circle ends at its first repetition."""
    found: list[Customer] = []
    above = customer.parent
    while above is not None and len(found) < MAX_HIERARCHY:
        parent = await tx.records.find(Customer, above)
        if parent is None:
            break
        found.append(parent)
        above = parent.parent
    return tuple(found)


async def entity_of(tx: Transaction, code: str | None) -> LegalEntity | None:
    if code is None:
        return None
    found = await tx.records.list(LegalEntity, code=code)
    return found[0] if found else None


async def periods_of(tx: Transaction, erp: Link) -> list[AccountingPeriod]:
    """The periods of one ledger: another one may call its own the same."""
    periods = await tx.records.list(AccountingPeriod)
    theirs = await tx.xref.external_many("accounting_period", erp.space, [p.id for p in periods])
    return [p for p in periods if p.id in theirs]


def posting_in(
    periods: Sequence[AccountingPeriod], policies: Policies, entity: LegalEntity, day: date
) -> Posting:
    """Day and period by policy. A closed period is sent all the same: the ledger refuses it and
    the run waits; without a period some ledgers choose another one and say nothing.

    Raises Hold where no period covers the day.
    """
    found = invoice_day(day, periods, policies.closed_period, entity.id)
    if isinstance(found, Problem):
        raise Hold(found.reason, code=found.code, owner=found.owner, fix=found.fix)
    return found


async def contract_of(tx: Transaction, project: Project) -> Contract | None:
    return await tx.records.find(Contract, project.contract) if project.contract else None


async def author(tx: Transaction, obj: CanonicalObject) -> bool:
    """Store an object that we make; False when it was made before, which then stays as it is."""
    if await tx.records.lock(type(obj), obj.id) is not None:
        return False
    await tx.records.save(obj)
    return True

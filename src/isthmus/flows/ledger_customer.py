"""The customer in the ledger: linked where the ledger has it already, made where it does not."""

from __future__ import annotations

from isthmus.canonical import Customer, LegalEntity
from isthmus.engine import Step
from isthmus.events.links import Link
from isthmus.flows.same_customer import found_in, same_customer


async def ensure_in_ledger(
    step: Step, erp: Link, customer: Customer, entity: LegalEntity | None
) -> None:
    if await erp.external_id(Customer, customer.id) is not None:
        return
    if found := await found_in(step, erp, customer, "finance"):
        await erp.adopt(Customer, await same_customer(step, erp, customer, found), found)
        return
    billed_by = await _company(erp, customer, entity)
    await erp.put(customer.changed(legal_entity=billed_by), step.idempotency_key)


async def _company(erp: Link, customer: Customer, entity: LegalEntity | None) -> str | None:
    """Who bills the customer first in this ledger: a company that another one keeps says nothing
    here.
    """
    known = customer.legal_entity
    if entity is None or (known and await erp.external_id(LegalEntity, known)):
        return known
    return entity.id

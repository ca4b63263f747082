"""The customer where a project is opened: linked where that PSA has it already, else made there."""

from __future__ import annotations

from isthmus.canonical import Customer
from isthmus.engine import Step
from isthmus.events.links import Link
from isthmus.flows.same_customer import found_in, same_customer


async def ensure_in_psa(step: Step, psa: Link, customer: Customer) -> None:
    """Nothing is done for a PSA that keeps no customers of its own.

    What another record says of a customer is not taken: the CRM of the deal has named it.
    """
    if await psa.external_id(Customer, customer.id) is not None:
        return
    there = step.links.writing(Customer, psa.space)
    if there is None:
        return
    if found := await found_in(step, there, customer, "pmo"):
        stays = await same_customer(step, there, customer, found)
        await there.know(Customer, stays, found.external_id)
        return
    await there.put(customer, step.idempotency_key)

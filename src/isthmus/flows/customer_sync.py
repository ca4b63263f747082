"""Customer master, both ways by ownership: the owner's value goes to every system that has one.

The target's own attributes are never written, so an update cannot bounce: what comes back from a
target equals what is stored, and a change that says nothing new starts no run.
"""

from __future__ import annotations

from isthmus.canonical import Customer
from isthmus.engine import Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.events.links import Link
from isthmus.flows.reading import current


def _version(event: Event) -> str:
    return f"{event.subject}@{event.data['version']}"


@flow(on="customer.changed", key=_version, owner="integration", priority=40, lasts=False)
async def customer_sync(run: Run) -> None:
    for connection in await run.step(targets):
        await run.step(update_customer, connection)


async def targets(step: Step) -> list[str]:
    """Systems that know the customer and do not own all of what changed; the source left out."""
    changed = frozenset(step.event.data["attributes"])
    known = await step.links.knowing("customer", step.subject)
    return sorted(
        link.name
        for link in known
        if link.capability(Customer).writes and not_owned(link, changed, step)
    )


def not_owned(link: Link, changed: frozenset[str], step: Step) -> frozenset[str]:
    """What of a change this system has to be told: not its own attributes, not its own news.

    A second system of the owner's role is told too: after an acquisition two CRMs know one client.
    """
    source = step.event.data["connection"]
    if step.links.of(source).space == link.space:
        return frozenset()
    connected, ownership = step.links.connected, step.links.ingest.ownership
    decided_elsewhere = connected[link.name].roles - connected[source].roles
    return frozenset(
        a for a in changed if ownership.rule("customer", a).owner not in decided_elsewhere
    )


async def update_customer(step: Step, connection: str) -> None:
    """Write the current values, not the event's: a late run then writes nothing stale."""
    link = step.links.of(connection)
    customer = await current(step, Customer, step.subject)
    only = not_owned(link, frozenset(step.event.data["attributes"]), step)
    await link.put(customer, f"{step.idempotency_key}:{connection}", only=only)


@flow(on="customer.correction_due", key=lambda event: event.id, priority=40, lasts=False)
async def customer_correction(run: Run) -> None:
    await run.step(write_back)


async def write_back(step: Step) -> None:
    """The system that wrote what it does not own gets the owner's value back."""
    link = step.links.of(step.event.data["connection"])
    customer = await current(step, Customer, step.subject)
    only = frozenset({str(step.event.data["attribute"])})
    await link.put(customer, step.idempotency_key, only=only)

"""What a won deal plans in the PSA: milestones of a fixed fee, demand for sold hours."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.canonical import CanonicalObject, Milestone, Opportunity, Project, ResourceDemand
from isthmus.engine import Step
from isthmus.events.links import Link
from isthmus.flows.reading import author
from isthmus.kit.ids import derived_id
from isthmus.rules.engagement import demands_from, milestones_from


def milestones_of(deal: Opportunity, project: Project) -> tuple[Milestone, ...]:
    ids = [derived_id("milestone", deal.id, str(n)) for n in range(len(deal.lines))]
    return milestones_from(deal, project, ids)


def demands_of(deal: Opportunity, project: Project) -> tuple[ResourceDemand, ...]:
    ids = [derived_id("demand", deal.id, str(n)) for n in range(len(deal.lines))]
    return demands_from(deal, project, ids)


async def made(step: Step, system: Link, objects: Sequence[CanonicalObject]) -> int:
    """Store and write each; a repeat finds the ones that were made. Their number."""
    for obj in objects:
        async with step.begin() as tx:
            await author(tx, obj)
        await system.put(obj, step.idempotency_key)
    return len(objects)

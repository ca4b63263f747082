"""What a price is looked for by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical import Assignment, Project, Resource, TimeEntry
from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money


@dataclass(frozen=True, slots=True)
class Override:
    """A rate agreed for one entry, whatever the cards say. `reason` is what an auditor reads."""

    entry: str
    rate: Money
    reason: str | None = None
    unit: RateUnit = RateUnit.HOUR


@dataclass(frozen=True, slots=True)
class RateQuery:
    """`region` and `practice` are those under which the firm prices the work."""

    customer: str
    project: str
    resource: str
    assignment: str | None
    role: str | None
    currency: str
    worked_on: date
    task: str | None = None
    region: str | None = None
    practice: str | None = None
    override: Override | None = None

    def on(self, day: date, override: Override | None = None) -> RateQuery:
        """The same work on another day; an override is always of one entry."""
        return RateQuery(
            self.customer,
            self.project,
            self.resource,
            self.assignment,
            self.role,
            self.currency,
            day,
            self.task,
            self.region,
            self.practice,
            override,
        )


def query_for(
    entry: TimeEntry,
    project: Project,
    assignment: Assignment | None = None,
    resource: Resource | None = None,
    *,
    region: str | None = None,
    practice: str | None = None,
) -> RateQuery:
    """The entry's own role prices it, else its assignment's, else the person's."""
    role = entry.role or (assignment and assignment.role) or (resource and resource.role)
    agreed = entry.agreed_rate
    return RateQuery(
        customer=project.customer,
        project=entry.project,
        resource=entry.resource,
        assignment=entry.assignment,
        role=role or None,
        currency=project.currency,
        worked_on=entry.worked_on,
        task=entry.task,
        region=region,
        practice=practice,
        override=Override(entry.id, agreed, entry.agreed_reason) if agreed is not None else None,
    )

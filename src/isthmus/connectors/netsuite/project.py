"""NetSuite `job`, the project that time and invoice lines are booked on. Written, not read."""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus.canonical import CanonicalObject, Project
from isthmus.connect import Capability, Outgoing, Receipt
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk
from isthmus.connectors.netsuite.subsidiaries import SubsidiaryLinks
from isthmus.connectors.netsuite.writing import known_record, missing, store, wanted

RECORD = "job"


class Projects:
    model: ClassVar[type[CanonicalObject]] = Project
    capability = Capability(writes=True)

    def __init__(self, desk: Desk, links: SubsidiaryLinks) -> None:
        self._desk, self._links = desk, links

    async def put(self, outgoing: Outgoing) -> Receipt:
        project: Project = outgoing.obj  # type: ignore[assignment] # dispatched by model
        known = await known_record(self._desk, RECORD, outgoing)
        body = self._body(outgoing, project)
        if known is None:
            body |= await self._opening(project)
        internal_id = await store(self._desk, RECORD, outgoing, body, known)
        return Receipt(internal_id, known is None)

    def _body(self, outgoing: Outgoing, project: Project) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if wanted(outgoing, "name"):
            body["companyName"] = project.name
        if wanted(outgoing, "starts_on") and project.starts_on:
            body["startDate"] = project.starts_on.isoformat()
        if wanted(outgoing, "ends_on") and project.ends_on:
            body["scheduledEndDate"] = project.ends_on.isoformat()
        for name, field in self._desk.config.project_fields.items():
            value = getattr(project, name)
            if wanted(outgoing, name) and value:
                body[field] = value
        billing = self._desk.config.billing_types
        if wanted(outgoing, "billing_model") and project.billing_model in billing:
            body["jobBillingType"] = wire.ref(billing[project.billing_model])
        return body

    async def _opening(self, project: Project) -> dict[str, Any]:
        """Customer, company and currency are set once: booked amounts depend on them."""
        if project.legal_entity is None:
            raise missing(
                self._desk,
                RECORD,
                "subsidiary",
                "a project belongs to a subsidiary and legal_entity is empty",
                "Set the contracting company on the deal.",
            )
        lists = self._desk.lists
        subsidiary = await lists.subsidiaries.id(project.legal_entity, RECORD, "subsidiary")
        await self._links.ensure(project.customer, subsidiary)
        return {
            "parent": wire.ref(project.customer),
            "subsidiary": wire.ref(subsidiary),
            "currency": wire.ref(await lists.currencies.id(project.currency, RECORD, "currency")),
        }

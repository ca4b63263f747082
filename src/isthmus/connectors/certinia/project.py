"""Project <-> pse__Proj__c, with its phases and tasks copied from the delivery template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.canonical import Project
from isthmus.canonical.project import ProjectStatus
from isthmus.connect import (
    Capability,
    Change,
    ConnectError,
    Outgoing,
    Receipt,
    Throttled,
    Unauthorized,
)
from isthmus.connect import Unavailable as Down
from isthmus.connect.mapping import Translated
from isthmus.connect.watermark import BEGINNING
from isthmus.connectors.certinia.template import Template, find_template, mark_copied
from isthmus.connectors.certinia.wire import PACKAGE
from isthmus.platforms.salesforce import KEY, SObject
from isthmus.platforms.salesforce.soql import all_of, quoted

RUNNING = frozenset({ProjectStatus.PLANNED, ProjectStatus.ACTIVE})


class Projects(SObject):
    model = Project
    package = PACKAGE
    mapping_name = "project"
    capability = Capability(
        reads=True,
        writes=True,
        pushes=True,
        finds_by=("opportunity", "customer", "name", "is_template"),
        batch=20,
    )
    extra = ("pse__Is_Active__c",)
    where = "pse__Is_Template__c = false"
    read_back = True

    async def find(self, criteria: Mapping[str, str]) -> Sequence[Change]:
        """`is_template`: the names of all templates, which are projects that nobody works on."""
        if "is_template" not in criteria:
            return await super().find(criteria)
        soql = "SELECT Id, Name FROM pse__Proj__c WHERE pse__Is_Template__c = true ORDER BY Id"
        return [
            Change(Project, row["Id"], BEGINNING, {"name": row["Name"]})
            async for row in self.transport.query(soql)
        ]

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        stopped = record["pse__Is_Active__c"] is False
        if not stopped or base.attributes.get("status") != ProjectStatus.ACTIVE:
            return base
        return Translated({**base.attributes, "status": ProjectStatus.ON_HOLD}, base.problems)

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        record, project, only = super().record(outgoing), outgoing.obj, outgoing.only
        assert isinstance(project, Project)
        if only is None or "status" in only:
            record["pse__Is_Active__c"] = project.status in RUNNING
        if only is None or "accepts_time" in only:
            record["pse__Closed_for_Time_Entry__c"] = not project.accepts_time
        return record

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        """Each project alone: its template's rows follow it, and the package's triggers are heavy
        enough that large batches of projects time out.
        """
        return [await self._put(outgoing) for outgoing in batch]

    async def _put(self, outgoing: Outgoing) -> Receipt | ConnectError:
        try:
            template = await self._template(outgoing)
            [result] = await super().put_many([outgoing])
            if isinstance(result, Receipt) and template is not None:
                await template.copy_to(self.transport, outgoing, result.external_id)
                await mark_copied(self.transport, result.external_id, template.name)
                said = {**result.attributes, "template": template.name}
                return Receipt(result.external_id, result.created, said)
        except (Down, Throttled, Unauthorized):
            raise
        except ConnectError as error:
            return error
        return result

    async def _template(self, outgoing: Outgoing) -> Template | None:
        """The template still to be copied; found before anything is written, so that a wrong name
        leaves nothing behind. Delivery_Template__c is written last: a project that carries it has
        all its rows, and one cut off half-way gets the rest at the next try.
        """
        project = outgoing.obj
        assert isinstance(project, Project)
        if project.template is None or (outgoing.only and "template" not in outgoing.only):
            return None
        ours = f"{KEY} = {quoted(project.id)}"
        if outgoing.external_id:
            ours = f"Id = {quoted(outgoing.external_id)}"
        soql = f"SELECT Delivery_Template__c FROM pse__Proj__c{all_of(ours)}"
        rows = await self.transport.rows(soql)
        if rows and rows[0]["Delivery_Template__c"]:
            return None
        return await find_template(self.transport, project.template)

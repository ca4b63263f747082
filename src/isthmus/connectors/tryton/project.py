"""`project.work` and our Project, written only: the PSA plans, the ledger needs the name.

Tryton keeps no external id on a project and no field of it is unique, so our key stands on a line
of its comment. One writer per object keeps it single; see the README on what that leaves.
"""

from __future__ import annotations

import asyncio

from isthmus.canonical.project import Project
from isthmus.connect.errors import Conflict, Duplicate, Unavailable
from isthmus.connect.system import Outgoing, Receipt
from isthmus.connectors.tryton.catalogue import Catalogue
from isthmus.connectors.tryton.client import ALL, TrytonClient
from isthmus.connectors.tryton.party import KEY
from isthmus.connectors.tryton.table import Overlays, Table, as_uuid
from isthmus.connectors.tryton.wire import Domain, Record

WORK = "project.work"


class Projects(Table):
    model = Project
    mapping_name = "project"
    also = ("comment", "number")
    reads = False
    writes = True

    def __init__(self, client: TrytonClient, overlays: Overlays, catalogue: Catalogue) -> None:
        super().__init__(client, overlays)
        self._catalogue = catalogue
        self._numbering = asyncio.Lock()

    async def domain(self) -> Domain:
        return [["type", "=", "project"]]

    def key_in(self, record: Record) -> str | None:
        for line in (record["comment"] or "").splitlines():
            if line.startswith(KEY):
                return as_uuid(line.removeprefix(KEY))
        return None

    async def put(self, outgoing: Outgoing) -> Receipt:
        project = outgoing.obj
        if not isinstance(project, Project):
            raise TypeError(f"{project.kind} is no project")
        known = outgoing.external_id or await self._holder(project.id)
        if known is not None:
            return await self._update(known, project, outgoing.only)
        number = await self._create(project)
        return await self._receipt(number, project, created=True)

    async def _create(self, project: Project) -> str:
        """One at a time: Tryton numbers works by a sequence that SQLite does not lock. Another
        process may still take the same number at the same moment; the next try gets another one.
        """
        values = await self._new(project)
        try:
            async with self._numbering:
                return str(await self.client.create(WORK, values))
        except Duplicate as error:
            raise Conflict(self.client.system, str(error), code=error.code) from error
        except Unavailable as error:
            holder = await self._holder(project.id) if error.outcome_unknown else None
            if holder is None:
                raise
            return holder

    async def _holder(self, canonical_id: str) -> str | None:
        """The oldest project with our key."""
        found = await self.client.search_read(
            WORK, [["comment", "ilike", f"%{KEY}{canonical_id}%"]], ["id"], limit=1, context=ALL
        )
        return str(found[0]["id"]) if found else None

    async def _new(self, project: Project) -> Record:
        values: Record = {
            "name": project.name,
            "type": "project",
            "party": self.client.record_id(project.customer, "customer"),
            "timesheet_available": project.accepts_time,
            "comment": KEY + project.id,
        }
        if project.legal_entity:
            company = await self._catalogue.company_by_code(project.legal_entity)
            values["company"] = company.number
        return values

    async def _update(
        self, external_id: str, project: Project, only: frozenset[str] | None
    ) -> Receipt:
        number = self.client.record_id(external_id, "project")
        if only is None or "name" in only:
            await self.client.write(WORK, number, {"name": project.name})
        return await self._receipt(external_id, project, created=False)

    async def _receipt(self, external_id: str, project: Project, *, created: bool) -> Receipt:
        change = await self.get(external_id)
        if change is None:
            raise Unavailable(self.client.system, f"project {external_id} cannot be read back")
        return Receipt(external_id, created, change.attributes)

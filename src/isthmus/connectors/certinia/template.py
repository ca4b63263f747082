"""A delivery template: a project marked as one, whose phases and tasks a new project starts with.

The package has no REST service for it (its own is Apex only), so the rows are copied here. Each
copy carries a key derived from the project and the template's row: a repeat finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from isthmus.canonical import Project
from isthmus.connect import ConnectError, FieldProblem, Invalid, Outgoing
from isthmus.kit.ids import derived_id
from isthmus.platforms.salesforce import KEY, SalesforceTransport
from isthmus.platforms.salesforce.saving import save
from isthmus.platforms.salesforce.soql import all_of, any_of, parse_instant, quoted

PHASE = "pse__Project_Phase__c"
TASK = "pse__Project_Task__c"
PHASE_FIELDS = ("Name", "pse__Description__c", "pse__Start_Date__c", "pse__End_Date__c")
TASK_FIELDS = (
    "Name", "pse__Description__c", "pse__Parent_Task__c", "pse__Estimated_Hours__c",
    "pse__Order__c", "pse__Start_Date_Time__c", "pse__End_Date_Time__c",
)  # fmt: skip
DAYS = frozenset({"pse__Start_Date__c", "pse__End_Date__c"})
INSTANTS = frozenset({"pse__Start_Date_Time__c", "pse__End_Date_Time__c"})

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    id: str
    name: str
    starts_on: date | None
    phases: Sequence[Row]
    tasks: Sequence[Row]

    async def copy_to(
        self, transport: SalesforceTransport, outgoing: Outgoing, project_id: str
    ) -> None:
        project = outgoing.obj
        assert isinstance(project, Project)
        copy = _Copy(transport, project, project_id, self._shift(project))
        await copy.rows(PHASE, self.phases)
        for level in _levels(self.tasks):
            await copy.rows(TASK, level)

    def _shift(self, project: Project) -> timedelta:
        if project.starts_on is None or self.starts_on is None:
            return timedelta(0)
        return project.starts_on - self.starts_on


@dataclass
class _Copy:
    transport: SalesforceTransport
    project: Project
    project_id: str
    shift: timedelta

    def key(self, row_id: str) -> str:
        return derived_id(self.project.id, row_id)

    async def rows(self, sobject: str, rows: Sequence[Row]) -> None:
        """Only those that are not there: people may have moved the ones that are."""
        keys = [self.key(row["Id"]) for row in rows]
        there = await _ids_by_key(self.transport, sobject, keys)
        missing = [row for row, key in zip(rows, keys, strict=True) if key not in there]
        records = [await self._record(sobject, row) for row in missing]
        for result in await save(self.transport, sobject, KEY, records):
            if isinstance(result, ConnectError):
                raise result

    async def _record(self, sobject: str, row: Row) -> dict[str, Any]:
        record = {f: self._moved(f, v) for f, v in row.items() if f != "Id" and v is not None}
        parent = record.pop("pse__Parent_Task__c", None)
        if parent is not None:
            record["pse__Parent_Task__r"] = {KEY: self.key(parent)}
        if sobject == TASK:
            record["pse__Status__c"] = "Planned"
        return {
            KEY: self.key(row["Id"]),
            **record,
            "pse__Project__c": self.project_id,
            "CurrencyIsoCode": self.project.currency,
        }

    def _moved(self, field: str, value: Any) -> Any:
        if field in DAYS:
            return date.fromisoformat(value) + self.shift
        return parse_instant(value) + self.shift if field in INSTANTS else value


async def _ids_by_key(
    transport: SalesforceTransport, sobject: str, keys: Sequence[str]
) -> dict[str, str]:
    if not keys:
        return {}
    present: dict[str, str] = {}
    for start in range(0, len(keys), 200):
        where = all_of(any_of(KEY, keys[start : start + 200]))
        async for row in transport.query(f"SELECT Id, {KEY} FROM {sobject}{where}"):
            present[row[KEY]] = row["Id"]
    return present


def _levels(tasks: Sequence[Row]) -> list[list[Row]]:
    """Parents before their children; a parent outside the template counts as none."""
    ids = {task["Id"] for task in tasks}
    levels: list[list[Row]] = []
    placed: set[str | None] = {None}
    rest: list[Row] = [
        {**t, "pse__Parent_Task__c": t["pse__Parent_Task__c"]}
        if t["pse__Parent_Task__c"] in ids
        else {**t, "pse__Parent_Task__c": None}
        for t in tasks
    ]
    while rest:
        level = [t for t in rest if t["pse__Parent_Task__c"] in placed]
        if not level:
            break
        levels.append(level)
        placed |= {t["Id"] for t in level}
        rest = [t for t in rest if t["Id"] not in placed]
    return levels


async def find_template(transport: SalesforceTransport, name: str) -> Template:
    """By its name among templates. Raises Invalid when there is none, or more than one."""
    where = all_of(f"Name = {quoted(name)}", "pse__Is_Template__c = true")
    rows = await transport.rows(
        f"SELECT Id, Name, pse__Start_Date__c FROM pse__Proj__c{where} LIMIT 2"
    )
    if len(rows) != 1:
        raise _unusable(transport.name, name, len(rows))
    [found] = rows
    starts = found["pse__Start_Date__c"]
    return Template(
        found["Id"],
        found["Name"],
        date.fromisoformat(starts) if starts else None,
        await _of_template(transport, PHASE, PHASE_FIELDS, found["Id"]),
        await _of_template(transport, TASK, TASK_FIELDS, found["Id"]),
    )


async def _of_template(
    transport: SalesforceTransport, sobject: str, fields: Sequence[str], project: str
) -> list[dict[str, Any]]:
    where = all_of(f"pse__Project__c = {quoted(project)}")
    return await transport.rows(f"SELECT Id, {', '.join(fields)} FROM {sobject}{where} ORDER BY Id")


def _unusable(system: str, name: str, found: int) -> Invalid:
    reason = "several templates have this name" if found else "no project template has this name"
    remedy = (
        "Rename all but one of them."
        if found
        else "Correct the deal's delivery template, or mark the project as a template in the PSA."
    )
    problem = FieldProblem("pse__Proj__c", "Delivery_Template__c", name, reason, remedy)
    return Invalid(system, "the project cannot be made from its template", fields=(problem,))


async def mark_copied(transport: SalesforceTransport, project_id: str, name: str) -> None:
    record = {"Id": project_id, "Delivery_Template__c": name}
    [result] = await save(transport, "pse__Proj__c", "Id", [record])
    if isinstance(result, ConnectError):
        raise result

"""Who submits for some companies only submits no entry of another's project, and changes none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from isthmus.canonical import Project
from isthmus.connect import FieldProblem
from isthmus.kit.ids import derived_id
from isthmus.store.database import Transaction

if TYPE_CHECKING:
    from isthmus.events.links import Connected


async def foreign(
    tx: Transaction,
    source: Connected,
    kind: str,
    projects: Mapping[str, str | None],
    entities: Collection[str] | None,
) -> set[str]:
    """Of `projects` (the source's id of an entry -> canonical id of its project) those entries
    that are, or would be, of other companies than `entities`; None: all are the caller's.
    """
    if entities is None:
        return set()
    ids = {external: derived_id(kind, source.name, external) for external in projects}
    kept = await tx.entries_of(kind).many(list(ids.values()))
    of = {
        external: {projects[external], kept[id].entry.project if id in kept else None} - {None}
        for external, id in ids.items()
    }
    known = await tx.records.many(Project, {p for some in of.values() for p in some if p})
    theirs = {id for id, project in known.items() if project.legal_entity not in entities}
    return {external for external, some in of.items() if some & theirs}


def refused(kind: str) -> FieldProblem:
    return FieldProblem(
        kind,
        "project",
        None,
        "its project is of a company that you may not submit for",
        "Send it with a key whose role holds in that company.",
    )

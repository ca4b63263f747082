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

    What is rated is of the company that it is rated for, whatever became of its project.
    """
    if entities is None:
        return set()
    ids = {external: derived_id(kind, source.name, external) for external in projects}
    kept = {id: row.entry.project for id, row in
            (await tx.entries_of(kind).many(list(ids.values()))).items()}  # fmt: skip
    rated = {f.source_id: f.legal_entity for f in await tx.ledger.live(kind, kept)} if kept else {}
    of = {
        external: {projects[external], kept.get(id)} - {None, kept[id] if id in rated else None}
        for external, id in ids.items()
    }
    known = await tx.records.many(Project, {p for some in of.values() for p in some if p})
    theirs = {id for id, project in known.items() if project.legal_entity not in entities}
    elsewhere = {id for id, company in rated.items() if company not in entities}
    return {ext for ext, some in of.items() if some & theirs or ids[ext] in elsewhere}


def refused(kind: str) -> FieldProblem:
    return FieldProblem(
        kind,
        "project",
        None,
        "it, or its project, is of a company that you may not submit for",
        "Send it with a key whose role holds in that company.",
    )

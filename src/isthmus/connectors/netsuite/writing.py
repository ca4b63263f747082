"""What every write shares: our key in front, references by id, nothing sent twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from isthmus.connect import Outgoing, Receipt
from isthmus.connect.errors import FieldProblem, Invalid
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk


class Writes(Protocol):
    async def put(self, outgoing: Outgoing) -> Receipt: ...


def wanted(outgoing: Outgoing, *attributes: str) -> bool:
    """Whether this write is about any of the attributes."""
    return outgoing.only is None or any(a in outgoing.only for a in attributes)


async def known_record(desk: Desk, kind: str, outgoing: Outgoing) -> Mapping[str, Any] | None:
    """The record that this object is: the one under our key, else the one it was linked to."""
    found = await desk.client.record(kind, wire.eid(outgoing.obj.id))
    if found is None and outgoing.external_id is not None:
        found = await desk.client.record(kind, wire.number(outgoing.external_id))
    return found


async def store(
    desk: Desk,
    kind: str,
    outgoing: Outgoing,
    body: dict[str, Any],
    known: Mapping[str, Any] | None,
    *,
    replace: tuple[str, ...] = (),
) -> str:
    """Upsert by external id; a record that a person made keeps its own key and is patched."""
    full = wire.without_nulls({**desk.config.defaults.get(kind, {}), **body})
    own_key = None if known is None else known.get("externalId") or ""
    if own_key in (None, "", outgoing.obj.id):
        full["externalId"] = outgoing.obj.id
    if known is not None and own_key != outgoing.obj.id:
        await desk.client.patch(kind, str(known["id"]), full, replace=replace)
        return str(known["id"])
    return await desk.client.write_known(
        kind, wire.eid(outgoing.obj.id), full, known, replace=replace
    )


def missing(desk: Desk, record: str, field: str, reason: str, remedy: str) -> Invalid:
    return Invalid(
        desk.client.system,
        f"{record} cannot be written",
        fields=(FieldProblem(record, field, None, reason, remedy),),
    )

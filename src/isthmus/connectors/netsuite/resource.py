"""NetSuite `employee`, read so that time can be booked on the right person."""

from __future__ import annotations

from typing import Any

from isthmus.canonical import Resource
from isthmus.connectors.netsuite.reading import Reading


class Resources(Reading):
    model = Resource
    table = "employee"
    mapping_name = "resource"
    also = ("entityid", "firstname", "lastname")

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        """The number is the external id where one is set, else the employee id of the form."""
        for row in rows:
            row["number"] = row.get("externalid") or row.get("entityid")
            parts = [row.get("firstname"), row.get("lastname")]
            row["name"] = " ".join(str(p) for p in parts if p) or row.get("entityid")

    completed = frozenset({"number", "name"})

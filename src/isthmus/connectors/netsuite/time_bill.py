"""NetSuite `timebill` as it is now, to be compared with what was sent. Changes of it are not taken
in: approved hours come from the PSA.

A time record has no currency of its own; its rate is in that of its project. Columns: README.
"""

from __future__ import annotations

from typing import Any

from isthmus.canonical import TimeEntry
from isthmus.connect import Capability
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.client import PAGE
from isthmus.connectors.netsuite.reading import Reading


class TimeBills(Reading):
    model = TimeEntry
    table = "timebill"
    mapping_name = "time_bill"
    capability = Capability()
    dates = frozenset({"trandate"})
    day = "trandate"
    completed = frozenset({"currency"})

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        jobs = sorted({wire.number(str(r["customer"])) for r in rows if r.get("customer")})
        billed_in: dict[str, Any] = {}
        for start in range(0, len(jobs), PAGE):
            listed = ", ".join(jobs[start : start + PAGE])
            found = await self.client.suiteql(
                f"SELECT id, currency FROM job WHERE id IN ({listed}) ORDER BY id"
            )
            billed_in |= {str(r["id"]): r.get("currency") for r in found}
        for row in rows:
            currency = billed_in.get(str(row.get("customer")))
            row["currency"] = {"symbol": await self.lists.currencies.name(currency)}

"""NetSuite revenue recognition schedules: what the ledger recognised for a project, per period.

Read by SuiteQL. Oracle's pages name the record; the columns are unverified (see the README).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from isthmus.canonical import RevenueSchedule
from isthmus.canonical.revenue import RevenueLine
from isthmus.connect import Capability
from isthmus.connectors.netsuite.reading import Reading
from isthmus.connectors.netsuite.transactions import ids
from isthmus.kit.chunks import chunked
from isthmus.kit.money import Money

SCHEDULES_AT_ONCE = 8
"""So that their lines stay under the 1000 rows of one answer, 125 periods each."""


class RevenueSchedules(Reading):
    """Lines have the amount recognised, not the amount planned."""

    model = RevenueSchedule
    table = "revrecschedule"
    mapping_name = "revenue_schedule"
    capability = Capability(reads=True, finds_by=("project",))
    keyed = False

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["currency"] = await self.lists.currencies.name(row.get("currency"))
            row["recognised"] = {}
        for some in chunked(rows, SCHEDULES_AT_ONCE):
            await self._add_recognised(some)

    async def _add_recognised(self, rows: Sequence[dict[str, Any]]) -> None:
        by_id = {str(row["id"]): row["recognised"] for row in rows}
        sums = await self.client.suiteql(
            "SELECT schedule, postingperiod, SUM(recognizedamount) AS amount "
            f"FROM revrecscheduleline WHERE schedule IN ({ids(rows)}) "
            "GROUP BY schedule, postingperiod ORDER BY schedule, postingperiod"
        )
        for part in sums:
            amount = Decimal(str(part.get("amount") or 0))
            by_id[str(part["schedule"])][str(part["postingperiod"])] = amount

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        lines = (
            RevenueLine(period=period, amount=Money.of(amount, row["currency"]).rounded())
            for period, amount in row["recognised"].items()
        )
        return {"lines": tuple(lines)}

"""Records out of NetSuite by SuiteQL, moved along by a key and never by offset.

Pages are no snapshot: an offset skips rows when others change meanwhile, and ends at 100,000.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from isthmus.canonical import CanonicalObject
from isthmus.connect import Capability, Change, ConnectionContext, Page, Watermark
from isthmus.connect.errors import FieldProblem, Refused
from isthmus.connect.listing import Window
from isthmus.connect.mapping import Mapping as FieldMapping
from isthmus.connect.mapping import read_record
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.client import PAGE, NetSuiteClient
from isthmus.connectors.netsuite.config import NetSuiteConfig
from isthmus.connectors.netsuite.lists import Lists
from isthmus.kit.clock import utc_now

PACKAGE = "isthmus.connectors.netsuite"
FOUND = 50
"""Most records that a find returns."""


@dataclass(frozen=True)
class Desk:
    """What every object needs to work: the account, its lists, the landscape's wishes."""

    client: NetSuiteClient
    lists: Lists
    config: NetSuiteConfig
    context: ConnectionContext

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.time_zone)


class Reading:
    """One SuiteQL table as one canonical object."""

    model: ClassVar[type[CanonicalObject]]
    table: ClassVar[str]
    mapping_name: ClassVar[str]
    capability: ClassVar[Capability] = Capability(reads=True)
    condition: ClassVar[str] = ""
    dates: ClassVar[frozenset[str]] = frozenset()
    """Columns that come in the user's format unless they are asked for as text."""
    also: ClassVar[tuple[str, ...]] = ()
    """Columns that code needs besides those of the mapping."""
    stamped: ClassVar[bool] = True
    """Has lastmodifieddate. Short lists have none that can be relied on and are read whole."""
    keyed: ClassVar[bool] = True
    """Has an external id."""
    day: ClassVar[str | None] = None
    """Column of the day that a record is about."""
    page: ClassVar[int] = PAGE
    ours_alone: ClassVar[bool] = False
    """Only records under a key of ours are delivered: what others book is not our object."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.client, self.lists = desk.client, desk.lists
        self.mapping = FieldMapping.load(PACKAGE, self.mapping_name, desk.context.overlays)

    async def changes(self, since: Watermark) -> AsyncIterator[Page]:
        if not self.stamped:
            yield await self._whole(since)
            return
        watermark = since.copy()
        after = f"lastmodifieddate >= {wire.stamp_sql(since.read_from, self.desk.zone)}"
        while True:
            rows = await self._select(after, order="lastmodifieddate, id")
            await self.complete(rows)
            fresh = [r for r in rows if watermark.admits(str(r["id"]), self._stamp(r), _content(r))]
            found = [self._change(r, self._stamp(r)) for r in fresh if self._delivered(r)]
            yield Page(found, watermark.copy())
            if len(rows) < self.page:
                return
            after = self._after(rows[-1])

    async def listing(self, window: Window | None) -> AsyncIterator[Sequence[Change]]:
        between = ""
        if window is not None and self.day is not None:
            first, last = (f"TO_DATE('{d}', 'YYYY-MM-DD')" for d in (window.first, window.last))
            between = f" AND {self.day} >= {first} AND {self.day} <= {last}"
        last_id, now = "0", utc_now()
        while True:
            rows = await self._select(f"id > {last_id}{between}", order="id")
            await self.complete(rows)
            yield [
                self._change(r, self._stamp(r) if self.stamped else now)
                for r in rows
                if self._delivered(r)
            ]
            if len(rows) < self.page:
                return
            last_id = wire.number(str(rows[-1]["id"]))

    def _after(self, row: Mapping[str, Any]) -> str:
        at = f"TO_DATE({wire.literal(row['modified'])}, '{wire.ORACLE_STAMP}')"
        return (
            f"(lastmodifieddate > {at} OR "
            f"(lastmodifieddate = {at} AND id > {wire.number(str(row['id']))}))"
        )

    async def _whole(self, since: Watermark) -> Page:
        """Every row bears the time of this reading, so that the watermark forgets none of them."""
        watermark, now = since.copy(), utc_now()
        rows: list[dict[str, Any]] = []
        last = "0"
        while True:
            page = await self._select(f"id > {last}", order="id")
            rows += page
            if len(page) < self.page:
                break
            last = wire.number(str(page[-1]["id"]))
        await self.complete(rows)
        fresh = [r for r in rows if watermark.admits(str(r["id"]), now, _content(r))]
        return Page([self._change(r, now) for r in fresh], watermark.copy())

    async def get(self, external_id: str) -> Change | None:
        found = await self.where(f"id = {wire.number(external_id)}")
        return found[0] if found else None

    async def find(self, criteria: Mapping[str, str]) -> Sequence[Change]:
        if not criteria:
            raise Refused(self.client.system, f"find {self.model.kind} needs a criterion")
        self.check_criteria(criteria)
        tests = [self.criterion(k, v) for k, v in criteria.items()]
        return await self.where(" AND ".join(tests), limit=FOUND)

    def check_criteria(self, criteria: Mapping[str, str]) -> None:
        unknown = set(criteria) - set(self.capability.finds_by)
        if unknown:
            raise Refused(
                self.client.system,
                f"{self.model.kind} cannot be found by {', '.join(sorted(unknown))}; "
                f"use {', '.join(self.capability.finds_by) or 'changes()'}",
            )

    def criterion(self, attribute: str, value: str) -> str:
        field = self.mapping.attributes[attribute].field
        return f"{self.expression(field)} = {wire.literal(value)}"

    async def where(self, test: str, *, limit: int = PAGE) -> list[Change]:
        rows = await self._select(test, order="id", limit=limit)
        await self.complete(rows)
        now = utc_now()
        return [self._change(r, self._stamp(r) if self.stamped else now) for r in rows]

    async def _select(
        self, test: str, *, order: str, limit: int | None = None
    ) -> list[dict[str, Any]]:
        tests = f"{self.condition} AND {test}" if self.condition else test
        return await self.client.suiteql(
            f"SELECT {', '.join(self._columns())} FROM {self.table} WHERE {tests} ORDER BY {order}",
            limit=limit or self.page,
        )

    def _columns(self) -> list[str]:
        mapped = [f.split(".", 1)[0] for f in self.mapping.fields()]
        key = ["externalid"] if self.keyed else []
        names = dict.fromkeys(["id", *key, *mapped, *self.also])
        columns = [self._aliased(n) for n in names if n not in self.completed]
        if self.stamped:
            columns.append(f"TO_CHAR(lastmodifieddate, '{wire.ORACLE_STAMP}') AS modified")
        return columns

    completed: ClassVar[frozenset[str]] = frozenset()
    """Fields of the mapping that `complete` adds; the table has no such column."""

    def _aliased(self, name: str) -> str:
        expression = self.expression(name)
        return name if expression == name else f"{expression} AS {name}"

    def expression(self, name: str) -> str:
        wire.column(name)
        return f"TO_CHAR({name}, 'YYYY-MM-DD')" if name in self.dates else name

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        """Add to the rows what stands in other tables."""

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes that come from more than one column."""
        return {}

    def unusable(self, row: Mapping[str, Any]) -> tuple[FieldProblem, ...]:
        return ()

    def _delivered(self, row: Mapping[str, Any]) -> bool:
        return not self.ours_alone or wire.is_uuid(row.get("externalid"))

    def _stamp(self, row: Mapping[str, Any]) -> datetime:
        return wire.parse_stamp(str(row["modified"]), self.desk.zone)

    def _change(self, row: Mapping[str, Any], at: datetime) -> Change:
        translated = read_record(self.model, self.mapping, row)
        key = row.get("externalid")
        return Change(
            self.model,
            str(row["id"]),
            at,
            {**translated.attributes, **self.derive(row)},
            canonical_id=str(key) if wire.is_uuid(key) else None,
            problems=(*translated.problems, *self.unusable(row)),
        )


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k != "modified"}

"""Figures read: as they stand, as they stood a window before, and what is behind them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from isthmus.canonical.base import Role
from isthmus.kit.clock import utc_now
from isthmus.landscape import Landscape
from isthmus.observe.kpis.definition import MONTH, Kpi, Unit, Way
from isthmus.store.database import Database, Transaction
from isthmus.store.leadership import leading
from isthmus.store.measures import CountedRow

EVERY = timedelta(hours=1)
"""Between two looks of the schedule."""
MONTH_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Figure:
    """`currency` is empty but for money. None: nothing to measure; `note` says why."""

    name: str
    title: str
    unit: Unit
    value: Decimal | None
    before: Decimal | None
    """A window ago, or a month ago for what has no window; None: not known."""
    currency: str
    owner: str
    note: str | None = None

    @property
    def trend(self) -> str | None:
        """better, worse or steady; lower is better."""
        if self.value is None or self.before is None:
            return None
        if self.value == self.before:
            return "steady"
        return "better" if self.value < self.before else "worse"


class Figures:
    """Figures of a firm. `entities` narrows to its companies by code; None: all of them.

    Figures of the installation as a whole do not belong to a company and are not narrowed.
    """

    def __init__(self, landscape: Landscape, now: datetime | None = None) -> None:
        self.landscape, self._now = landscape, now or utc_now()
        self._zone = landscape.firm.calendar.timezone

    def given(self, kpi: Kpi, until: datetime | None = None) -> dict[str, Any]:
        """Parameters of its statement; without a moment, as of now."""
        until = until or self._now
        bindings = self.landscape.roles.of(Role.ERP)
        names = {binding.connection for binding in bindings}
        connections = self.landscape.connections
        return {
            "since": until - (kpi.window or MONTH), "until": until, "zone": self._zone,
            "erp": sorted(connections[n].platform or n for n in names),
        }  # fmt: skip

    async def read(
        self, tx: Transaction, kpi: Kpi, entities: Collection[str] | None = None
    ) -> list[Figure]:
        """One, or for money one per currency."""
        if kpi.needs is not None and not await tx.measures.has_rows(kpi.needs):
            return [_figure(kpi, "", None, None, "not yet reconciled")]
        narrow = entities if kpi.by_entity else None
        values = await self._values(tx, kpi, self._now, narrow)
        before = await self._before(tx, kpi, narrow)
        return [
            _figure(kpi, currency, values.get(currency, _nothing(kpi)), before.get(currency))
            for currency in sorted(values.keys() | before.keys()) or [""]
        ]

    async def _values(
        self, tx: Transaction, kpi: Kpi, until: datetime, entities: Collection[str] | None
    ) -> dict[str, Decimal | None]:
        found = await tx.measures.figure(kpi.way.value, kpi.rows, self.given(kpi, until), entities)
        return found or ({} if kpi.unit is Unit.MONEY else {"": _nothing(kpi)})

    async def _before(
        self, tx: Transaction, kpi: Kpi, entities: Collection[str] | None
    ) -> dict[str, Decimal | None]:
        if kpi.window is not None:
            return await self._values(tx, kpi, self._now - kpi.window, entities)
        if entities is not None and len(entities) != 1:
            return {}
        day = self.today - MONTH_BEFORE
        rows = await tx.measures.days(kpi.name, next(iter(entities), "") if entities else "", day)
        first = min((row.on for row in rows), default=None)
        return {row.currency: row.value for row in rows if row.on == first == day}

    @property
    def today(self) -> date:
        return self._now.astimezone(ZoneInfo(self._zone)).date()

    async def behind(
        self,
        tx: Transaction,
        kpi: Kpi,
        entities: Collection[str] | None = None,
        *,
        limit: int = 100,
    ) -> list[CountedRow]:
        """What the figure counts, with ids, the highest first."""
        if kpi.needs is not None and not await tx.measures.has_rows(kpi.needs):
            return []
        narrow = entities if kpi.by_entity else None
        return await tx.measures.rows(kpi.rows, self.given(kpi), narrow, limit=limit)

    async def keep(self, tx: Transaction, kpis: Sequence[Kpi]) -> None:
        """Note today's values of the firm and of each company for the series by day."""
        companies = sorted(self.landscape.firm.legal_entities)
        for kpi in kpis:
            if kpi.needs is not None and not await tx.measures.has_rows(kpi.needs):
                continue
            for company in ["", *(companies if kpi.by_entity else [])]:
                values = await self._values(tx, kpi, self._now, [company] if company else None)
                await tx.measures.keep(kpi.name, company, self.today, values)


def _nothing(kpi: Kpi) -> Decimal | None:
    return Decimal(0) if kpi.way in (Way.COUNT, Way.SUM) else None


def _figure(
    kpi: Kpi, currency: str, value: Decimal | None, before: Decimal | None, note: str | None = None
) -> Figure:
    return Figure(
        kpi.name, kpi.title, kpi.unit, value, before, currency, kpi.owner,
        note or (None if value is not None else "nothing to measure"),
    )  # fmt: skip


async def keep_when_due(
    database: Database, landscape: Landscape, kpis: Sequence[Kpi], now: datetime
) -> int:
    """Keep today's values where the last look is an hour old, in one process; how many were."""
    async with leading(database.engine, "kpis") as lead:
        if not lead:
            return 0
        async with database.begin() as tx:
            last = await tx.measures.measured_at()
            if last is not None and now - last < EVERY:
                return 0
            await Figures(landscape, now).keep(tx, kpis)
    return len(kpis)
